"""Jobs in words: names, labels and descriptions that say what a job does and never what it costs."""
