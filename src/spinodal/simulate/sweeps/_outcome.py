"""A cell lived through: what is kept of each of its runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from spinodal._errors import RequestError, RunError
from spinodal.response import FloatArray, TanhResponse
from spinodal.simulate import Kind, Population, Trajectories, simulate
from spinodal.simulate.sweeps._cell import PLACEMENTS, WELL_MIXED, Cell
from spinodal.simulate.sweeps._graphs import graph_of

RESULTS: Final = (
    "replica",  # number of the run within its cell, from 0
    "seed",  # the cell's own seed: `spinodal simulate` with it and the parameters gives the same runs
    "engine",  # the method that simulated the cell
    "step_error",  # stated error of the mean m from the time step; 0 where the engine is exact
    "final_m",  # magnetization of the regular agents at the end
    "mean_m",  # its mean over the sweeps of the second half
    "crossed",  # whether the majority at the end is not the one at the start; null where there was none
    "attempts",  # single-agent updates that the run's time holds
    "flips",  # updates that changed an opinion
)
"""Columns of the table after the parameters and labels, in order."""


@dataclass(frozen=True, eq=False)
class Outcome:
    """The runs of a cell, R of them; each array has shape (R,)."""

    final_m: FloatArray
    mean_m: FloatArray
    crossed: FloatArray
    """1 or 0, or NaN where m was 0 at the start."""
    attempts: NDArray[np.int64]
    flips: NDArray[np.int64]
    engine: str
    step_error: float
    seconds: float

    @property
    def runs(self) -> int:
        return int(self.final_m.size)

    def to_dict(self) -> dict[str, Any]:
        """Plain lists and numbers, for JSON; NaN, of which JSON knows nothing, is None."""
        return {
            "final_m": self.final_m.tolist(),
            "mean_m": self.mean_m.tolist(),
            "crossed": [None if value != value else int(value) for value in self.crossed],
            "attempts": self.attempts.tolist(),
            "flips": self.flips.tolist(),
            "engine": self.engine,
            "step_error": self.step_error,
            "seconds": self.seconds,
        }

    @classmethod
    def from_dict(cls, kept: Mapping[str, Any]) -> Outcome:
        return cls(
            final_m=np.array(kept["final_m"], dtype=np.float64),
            mean_m=np.array(kept["mean_m"], dtype=np.float64),
            crossed=np.array(kept["crossed"], dtype=np.float64),
            attempts=np.array(kept["attempts"], dtype=np.int64),
            flips=np.array(kept["flips"], dtype=np.int64),
            engine=kept["engine"],
            step_error=kept["step_error"],
            seconds=kept["seconds"],
        )


def live(
    cell: Cell, *, runs: int, seed: int, workers: int = 1, progress: Callable[[float], None] | None = None
) -> Outcome:
    """Live through the first `runs` replicas of a cell, in a sweep of that seed.

    Raises:
        RequestError: the cell cannot be simulated as asked; names it.
        RunError: it does not fit in memory.
    """
    try:
        found = _trajectories(cell, runs, cell.seed(seed), workers, progress)
    except RequestError as error:
        raise RequestError(f"{error} (the cell {cell})") from None
    except MemoryError:
        raise RunError(f"no memory for the cell {cell}; ask for fewer agents, runs or sweeps") from None
    m = found.m
    start, end = m[:, 0], m[:, -1]
    return Outcome(
        final_m=end,
        mean_m=m[:, cell.sweeps // 2 + 1 :].mean(axis=1),
        crossed=np.where(start == 0.0, np.nan, start * end < 0.0),
        attempts=found.attempts,
        flips=found.flips,
        engine=found.method,
        step_error=found.step_error,
        seconds=found.seconds,
    )


def _trajectories(
    cell: Cell, runs: int, seed: int, workers: int, progress: Callable[[float], None] | None
) -> Trajectories:
    graph = graph_of(cell, seed)
    # a generator that keeps the largest component alone leaves fewer nodes than were asked for
    agents = cell.agents if graph is None else graph.nodes - cell.zealots
    return simulate(
        Population([Kind(TanhResponse(cell.beta, cell.h), agents)], shown=cell.shown, graph=graph),
        cell.stages,
        m0=cell.m0,
        runs=runs,
        seed=seed,
        placement=None if graph is None else PLACEMENTS[cell.zealots_on],
        method=cell.method,
        workers=workers,
        progress=progress,
    )


def estimate(cell: Cell, runs: int) -> float:
    """Seconds that a cell takes one core, roughly: good enough to tell long cells from short ones."""
    if cell.graph == WELL_MIXED:
        updates = min(cell.agents, _LEAPING) * cell.sweeps * _WELL_MIXED_UPDATE
    else:
        updates = cell.agents * (cell.sweeps * _NETWORK_UPDATE + _NODE_DRAWN / runs)
    return _A_CELL + runs * (_A_RUN + updates)


_A_CELL, _A_RUN, _WELL_MIXED_UPDATE, _NETWORK_UPDATE, _NODE_DRAWN = 1.2e-3, 5e-5, 4e-9, 6e-9, 3e-7
"""Seconds on one core, as measured at beta = 2, where a few updates in a hundred flip somebody."""
_LEAPING = 50_000
"""Agents past which leaps make the cost of a sweep independent of their number."""
