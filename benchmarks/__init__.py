"""One script a question; each measures its floor in the same run and prints the ratio."""
