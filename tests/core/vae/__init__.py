"""Configs, data, model, training and evaluation."""
