"""The heart: is a trial broken or futile, is it outclassed, and which one to ship.

Pure functions over records. Nothing here knows Ray, Optuna, torch, files or the clock, so a
replayed record gives the same decision, bit for bit.
"""
