"""The mind as one object: predict, optimise, log, answer."""
