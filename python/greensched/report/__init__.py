"""One self-contained HTML page per run: no network, no library, light and dark, readable on a phone and on paper."""
