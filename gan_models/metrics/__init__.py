"""Numbers that say how good and how diverse fakes are; opinions on them live elsewhere."""
