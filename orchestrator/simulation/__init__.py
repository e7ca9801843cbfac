"""A recorded cohort played again under another policy: what it would have cost and delivered."""
