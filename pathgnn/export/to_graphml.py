"""GraphML of the graph with its scores, as Cytoscape and networkx read it."""

from __future__ import annotations

from pathlib import Path

import networkx as nx

from pathgnn.export.plain import plain_graph
from pathgnn.export.results import Results
from pathgnn.export.to_tables import edges
from pathgnn.files import whole_file
from pathgnn.graph.as_networkx import to_networkx
from pathgnn.paths import takes_paths


def scored_graph(results: Results) -> nx.DiGraph[str]:
    """The pathway graph with scores, directions and evidence on genes and edges.

    `signed_score` is the score with the direction: above 0, more of the gene goes with more
    benefit. Every attribute is a text or a finite number; what is missing has none.
    """
    e, graph = results.explanation, results.fitted.recipe.graph
    out = to_networkx(graph)
    whole = e.attribution.by_gene.abs().mean(0).numpy()
    in_cascade = {gene: i for i, c in reversed(list(enumerate(e.cascades, 1))) for gene in c.genes}
    for i, gene in enumerate(graph.genes):
        direction = int(e.attribution.slope[i].sign())
        out.nodes[gene].update(
            score=float(whole[i]),
            direction=direction,
            signed_score=float(whole[i]) * direction,
            q=float(e.gene.q[i]),
            cascade=in_cascade.get(gene, 0),
        )
    columns = ["source", "target", "score", "edge_ig", "cascade_frequency"]
    for source, target, score, edge_ig, frequency in edges(results)[columns].itertuples(
        index=False
    ):
        out.edges[source, target].update(
            score=float(score), edge_ig=float(edge_ig), cascade_frequency=float(frequency)
        )
    return plain_graph(out)


@takes_paths
def to_graphml(results: Results, path: Path) -> Path:
    """Write the scored graph; every attribute is text or a number, so that any reader takes it."""
    with whole_file(path) as part:
        nx.write_graphml(scored_graph(results), part)
    return path
