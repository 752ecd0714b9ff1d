"""What operators announce, put into words as real notices are: exact, rough or vague, in two disjoint sets of forms."""
