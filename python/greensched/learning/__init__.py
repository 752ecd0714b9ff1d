"""Learning from what really happened: versions of models, updates, who serves, and how well it predicts."""
