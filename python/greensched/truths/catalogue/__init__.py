"""Data only: published facts on GPUs, models, data sets and applications (see README.md)."""
