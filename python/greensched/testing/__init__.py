"""Tools for testing plug-ins; a plug-in's author may use them too."""
