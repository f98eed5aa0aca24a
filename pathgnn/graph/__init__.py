"""Layer 2, what is known: genes, signed directed edges and pathways."""
