"""Where trials run: in this process, or as Ray Tune trials anywhere in a cluster."""
