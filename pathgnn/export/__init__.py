"""Layer 7, tell it: tables, ranks, graphs, figures and the report."""
