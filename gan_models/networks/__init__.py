"""Architectures: each is one file with a builder for G and one for D."""
