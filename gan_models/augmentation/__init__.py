"""Images changed at random before D sees them, so that few reals go a long way."""
