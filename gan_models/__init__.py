"""Data, networks, objectives, alternating training and metrics of GANs.

Knows torch; knows no cluster, tuner or command line. Importing the package itself imports nothing
heavy: name the module you need.
"""
