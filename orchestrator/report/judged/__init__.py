"""The page that shows recorded curves with what would have been decided on them."""
