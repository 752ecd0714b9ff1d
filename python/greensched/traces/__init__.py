"""Workloads: loaders of public traces, the project's own generator, deadlines and the hidden truth of tasks."""
