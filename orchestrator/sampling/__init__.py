"""Who proposes parameters: samplers over a search space. The only package that imports Optuna."""
