"""A spec: read from YAML, overridden from the command line, refused early, saved as resolved."""
