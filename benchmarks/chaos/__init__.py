"""What happens to sweeps when things break, at length: kept apart from the tests for its time."""
