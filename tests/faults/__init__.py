"""What becomes of runs when processes die and the database fails."""
