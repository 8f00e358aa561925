"""The mathematics, its runs and its lessons."""
