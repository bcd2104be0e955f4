"""Sweeps: a grid or a list of parameters, times replicas, to one table.

A cell is one point of parameter space; `crews` are the ways to get cells lived through.
"""

from spinodal.simulate.sweeps._cell import PARAMETERS, Cell
from spinodal.simulate.sweeps._files import SweepRequest, read_request
from spinodal.simulate.sweeps._outcome import RESULTS
from spinodal.simulate.sweeps._plan import SweepPlan
from spinodal.simulate.sweeps._sweep import SweepProgress, sweep
from spinodal.simulate.sweeps._table import SweepTable, read_sweep

__all__ = [
    "PARAMETERS",
    "RESULTS",
    "Cell",
    "SweepPlan",
    "SweepProgress",
    "SweepRequest",
    "SweepTable",
    "read_request",
    "read_sweep",
    "sweep",
]
