"""What is asked for: a grid of values, a list of points, or each point with the whole grid."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import TYPE_CHECKING, Any

from spinodal._errors import RequestError
from spinodal.simulate._machine import require_memory
from spinodal.simulate.sweeps._cell import PARAMETERS, Cell
from spinodal.simulate.sweeps._graphs import nodes_of, require_graphs
from spinodal.simulate.sweeps._outcome import RESULTS

if TYPE_CHECKING:
    import pandas as pd

    Points = Sequence[Mapping[str, Any]] | pd.DataFrame


@dataclass(frozen=True)
class Point:
    """A cell as asked for, with the columns that name it: a fit's model and pair, say."""

    cell: Cell
    labels: Mapping[str, Any]


@dataclass(frozen=True)
class SweepPlan:
    """The points of a sweep, in order, the replicas of each, and the seed of them all."""

    points: Sequence[Point]
    runs: int
    seed: int

    @classmethod
    def of(
        cls,
        grid: Mapping[str, Any] | None = None,
        points: Points | None = None,
        *,
        runs: int = 1,
        seed: int = 0,
    ) -> SweepPlan:
        """The plan of a grid, of points, or of each point with every cell of the grid.

        Args:
            grid: Parameters' values: one, several, or text such as "1.5:3:0.25" or "0,0.1".
            points: A row a point. Columns that are no parameters label the point and are kept.
            runs: Replicas of each cell, 1 or more.
            seed: Of everything random, 0 or more.

        Raises:
            RequestError: An unknown parameter, a value that makes no sense, or more than fits in memory.
        """
        if runs != int(runs) or runs < 1:
            raise RequestError(f"{runs} runs; give a whole number, 1 or more")
        if seed != int(seed) or seed < 0:
            raise RequestError(f"a seed of {seed}; give a whole number, 0 or more")
        axes = _axes(grid or {})
        rows = [{}] if points is None else _rows(points, axes)
        cells = len(rows) * math.prod(len(values) for values in axes.values())
        require_memory(
            cells * (_BYTES_A_CELL + int(runs) * _BYTES_A_RUN), f"{cells:,} cells of {runs:,} runs"
        )
        crossed = tuple(_crossed(rows, axes))
        longest = max(point.cell.sweeps for point in crossed)
        require_memory(int(runs) * longest * _BYTES_A_SWEEP, f"{runs:,} runs of {longest:,} sweeps")
        require_graphs(point.cell for point in crossed)
        return cls(crossed, int(runs), int(seed))

    @cached_property
    def cells(self) -> Mapping[str, Cell]:
        """By key; points with the same parameters share one."""
        return {point.cell.key: point.cell for point in self.points}

    @property
    def updates(self) -> int:
        """Single-agent updates that the runs of all cells hold."""
        return self.runs * sum(cell.agents * cell.sweeps for cell in self.cells.values())


def _axes(grid: Mapping[str, Any]) -> dict[str, list[Any]]:
    """The values of each parameter of the grid, checked, in the order of the table's columns."""
    unknown = [name for name in grid if name not in PARAMETERS]
    if unknown:
        raise RequestError(
            f"no parameter {unknown[0]!r}{_meant(unknown[0])}; there are {', '.join(PARAMETERS)}"
        )
    axes = {}
    for name, parameter in PARAMETERS.items():
        if name in grid:
            axes[name] = parameter.values(name, grid[name])
            twice = [value for value, count in Counter(axes[name]).items() if count > 1]
            if twice:
                raise RequestError(f"{name} has {twice[0]} twice; give each value once")
    return axes


def _rows(points: Points, elsewhere: Collection[str]) -> list[dict[str, Any]]:
    """The points as plain mappings, of parameters and labels, where some are given elsewhere."""
    import pandas as pd

    table = points if isinstance(points, pd.DataFrame) else pd.DataFrame(list(points))
    if len(table) == 0:
        raise RequestError("the list of points is empty; give one row a point")
    kept = [str(name) for name in table.columns if name in PARAMETERS or _is_label(table[name])]
    taken = [name for name in kept if name in RESULTS]
    if taken:
        raise RequestError(f"the points have a column {taken[0]!r}, which the sweep writes; rename it")
    for name in kept:
        # such as `agents`, where nothing gives them; a label `agent` beside them is well
        if name not in PARAMETERS and not _close(name) <= {*kept, *elsewhere}:
            raise RequestError(f"the points have a column {name!r}{_meant(name)}; rename it")
    return [{str(name): value for name, value in row.items()} for row in table[kept].to_dict("records")]


def _is_label(column: pd.Series[Any]) -> bool:
    """Whether a column holds plain texts or numbers, not intervals or mappings."""
    return bool(column.map(lambda value: isinstance(value, str | int | float | bool) or value is None).all())


def _close(name: str) -> set[str]:
    """The parameter that a name is but for a slip, if any."""
    from difflib import get_close_matches

    return set(get_close_matches(name, PARAMETERS, n=1, cutoff=0.8))


def _meant(name: str) -> str:
    return "".join(f", did you mean {close}?" for close in _close(name))


def _crossed(rows: Sequence[Mapping[str, Any]], axes: Mapping[str, Sequence[Any]]) -> Iterator[Point]:
    for number, row in enumerate(rows, 1):
        twice = [name for name in row if name in axes]
        if twice:
            raise RequestError(f"{twice[0]} is given in the points and in the grid; give it once")
        labels = {name: value for name, value in row.items() if name not in PARAMETERS}
        for values in product(*axes.values()):
            given = {name: value for name, value in row.items() if name in PARAMETERS}
            given |= dict(zip(axes, values, strict=True))
            try:
                yield Point(_cell(given), labels)
            except RequestError as error:
                where = f"point {number}: " if row else ""
                raise RequestError(f"{where}{error}") from None


def _cell(given: dict[str, Any]) -> Cell:
    """The cell of these values; on the graph of a file, agents sit where zealots do not."""
    nodes = nodes_of(str(given["graph"])) if "graph" in given else None
    if nodes is not None:
        given = {"agents": nodes - int(given.get("zealots", 0))} | given
    return Cell.of(given)


_BYTES_A_CELL = 3_000
_BYTES_A_RUN = 500
"""What the table and its making take, roughly, as measured."""
_BYTES_A_SWEEP = 24
"""What a run's trajectory takes while its cell is under way."""
