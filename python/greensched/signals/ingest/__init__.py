"""Files of others: read strictly, put on an even grid in UTC, written as a folder that scenarios read."""
