"""Where samples come from, and how real ones are split into train, select and certify."""
