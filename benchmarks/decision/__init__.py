"""Is the decision right? A bank of labelled runs, and every rule and baseline measured on it."""
