"""What each page decides and shows."""
