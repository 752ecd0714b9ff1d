"""The command line. It alone knows every part, the bridge included."""
