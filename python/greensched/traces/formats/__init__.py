"""One module per published trace format; each turns native files into rows of the typed job table."""
