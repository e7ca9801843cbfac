"""The generator that a sweep hands over, with its numbers, its picture and its card."""
