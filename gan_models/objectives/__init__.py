"""What D and G minimise: losses on logits, and gradient penalties on D."""
