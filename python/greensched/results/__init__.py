"""From the logs of a run to files that people read: Parquet tables, summary.json, metadata.json."""
