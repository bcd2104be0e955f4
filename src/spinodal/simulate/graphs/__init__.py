"""Graphs: who sees whom."""

from spinodal.simulate.graphs._graph import Graph

__all__ = ["Graph"]
