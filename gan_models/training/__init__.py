"""Alternating training: D while G is frozen, G while D is frozen, and exact resume."""
