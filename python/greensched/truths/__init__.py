"""What jobs truly cost, and the words that say so. Only what makes scenarios and data sets may look in here."""
