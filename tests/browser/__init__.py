"""The real site and its components in a real browser."""
