"""Predictors of energy and service time."""
