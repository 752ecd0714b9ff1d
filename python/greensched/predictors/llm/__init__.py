"""``llm``: a language model reads the job once, a small structured head predicts for every datacenter."""
