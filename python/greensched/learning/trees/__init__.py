"""Training of the predictor ``xgboost``: gradient-boosted trees on words, numbers and physics."""
