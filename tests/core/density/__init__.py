"""Mirrors `core/density`."""
