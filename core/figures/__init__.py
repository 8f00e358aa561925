"""Charts from results, and what their colours mean."""
