"""Populations sampled: well-mixed, on networks, over grids of parameters.

`simulate` lets replicas of a `Population` live through stages of time; `engines` holds the ways to
move one replica forward, `graphs` who sees whom.
"""

from spinodal.simulate._population import AtRandom, ByDegree, Kind, OnNodes, Placement, Population, seats
from spinodal.simulate._result import Trajectories
from spinodal.simulate._run import simulate
from spinodal.simulate.engines import METHODS, Method
from spinodal.theory import Stage

__all__ = [
    "METHODS",
    "AtRandom",
    "ByDegree",
    "Kind",
    "Method",
    "OnNodes",
    "Placement",
    "Population",
    "Stage",
    "Trajectories",
    "seats",
    "simulate",
]
