"""Layer 4, what it means: estimands, scores, metrics, safeguards."""
