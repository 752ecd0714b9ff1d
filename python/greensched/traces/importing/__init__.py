"""The machinery of trace import: parts, rows, what was dropped, and the way into one Parquet file."""
