"""Training of the predictor ``llm``; the only rooms that know torch are here (extra ``greensched[llm]``)."""
