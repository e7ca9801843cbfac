"""One trial: train, evaluate, judge, save. Knows no Ray and no Optuna."""
