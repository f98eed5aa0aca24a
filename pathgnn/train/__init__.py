"""Layer 5, learn it: training, cross-fitting, baselines, bundles."""
