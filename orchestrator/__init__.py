"""Composes search spaces, models and clusters into sweeps that decide for themselves."""
