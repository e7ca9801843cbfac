"""The one door to Ray Tune: it places, runs, retries and kills; it does not propose or decide."""
