"""Graphs: who sees whom."""

from spinodal.simulate.graphs._convert import as_graph
from spinodal.simulate.graphs._edge_file import read_edges, write_edges
from spinodal.simulate.graphs._generate import generate
from spinodal.simulate.graphs._graph import Graph
from spinodal.simulate.graphs.generators import GENERATORS

__all__ = ["GENERATORS", "Graph", "as_graph", "generate", "read_edges", "write_edges"]
