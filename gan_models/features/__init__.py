"""Samples in, feature vectors out: what distances between distributions are taken in."""
