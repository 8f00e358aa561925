"""Worlds that can be sampled, models of their density, and how a model descends to them."""
