"""Grid and weather signals: real, synthetic and forecast."""
