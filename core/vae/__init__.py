"""Variational autoencoders: what they are trained on, how, and how well they did."""
