"""Layer 6, why: attribution of the benefit, its evidence, and cascades."""
