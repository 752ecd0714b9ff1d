"""Learning from outcomes: what turns them into models. Predictors serve what is made here, and know nothing of it."""
