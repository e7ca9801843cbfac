"""The page that tells a sweep's story: what was tried, what was stopped and why, what to ship."""
