"""A sweep from a plan to a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spinodal._errors import RequestError
from spinodal._files import write_table
from spinodal.simulate.sweeps._cell import Cell
from spinodal.simulate.sweeps._journal import Journal, journal
from spinodal.simulate.sweeps._outcome import estimate, live
from spinodal.simulate.sweeps._plan import SweepPlan
from spinodal.simulate.sweeps._table import SweepTable, table_of
from spinodal.simulate.sweeps.crews import Crew, RayCrew, ThreadCrew

if TYPE_CHECKING:
    from spinodal.simulate.sweeps._plan import Points


@dataclass(frozen=True)
class SweepProgress:
    """How far a sweep is."""

    plan: SweepPlan
    kept: int
    """Cells that an earlier call had finished."""
    finished: int
    """Cells finished, those included."""
    workers: int
    """Cells under way at once."""
    estimate: float
    """Seconds on one core that this call's work was thought to take before it began, roughly."""
    share: float
    """Of that work, how much is done, in [0, 1]."""


def sweep(
    grid: Mapping[str, Any] | SweepPlan | None = None,
    *,
    points: Points | None = None,
    runs: int = 1,
    seed: int = 0,
    out: str | Path,
    workers: int | None = None,
    ray: str | None = None,
    progress: Callable[[SweepProgress], None] | None = None,
) -> SweepTable:
    """Simulate every cell of a grid, or of a list of points, into one Parquet table, a row a run.

    The numbers depend on the seed and on each cell's own values alone: not on the workers, the machines,
    the rest of the grid, or interruptions. Finished cells are kept beside the table as they finish, in
    `OUT.cells`: killed at any moment, the same call goes on from there, and another grid with the same
    seed takes over the cells in common.

    Args:
        grid: Parameters' values, or a plan of everything up to the seed. See `SweepPlan.of`.
        points: A row a point; each is crossed with the grid.
        runs: Replicas of each cell.
        seed: Of everything random.
        out: The table, a Parquet file.
        workers: Threads, by default one a core; with `ray`, cells under way at once at most.
        ray: Address of a Ray cluster: `host:port`, `auto`, or `local` to start one here.
        progress: Called before the work and after every cell.

    Raises:
        RequestError: Something asked for makes no sense; one line says what and how to mend it.
        RunError: The disk does not take the results, or workers are lost again and again; what was
            finished is kept.
    """
    plan = grid if isinstance(grid, SweepPlan) else SweepPlan.of(grid, points, runs=runs, seed=seed)
    path = Path(out)
    if path.suffix != ".parquet":
        raise RequestError(f"the table {path} is no Parquet file; name a file that ends in .parquet")
    crew: Crew = ThreadCrew(workers) if ray is None else RayCrew(ray, workers)
    with journal(path, plan.seed) as kept:
        todo = [
            cell
            for key, cell in plan.cells.items()
            if key not in kept.outcomes or kept.outcomes[key].runs < plan.runs
        ]
        _work(plan, todo, crew, kept, progress or (lambda now: None))
        table = SweepTable(table_of(plan, kept.outcomes))
        write_table(path, table.table)
    return table


def _work(
    plan: SweepPlan, todo: list[Cell], crew: Crew, kept: Journal, progress: Callable[[SweepProgress], None]
) -> None:
    """Have the cells lived through, and keep each as it finishes."""
    seconds = {cell.key: estimate(cell, plan.runs) for cell in todo}
    # the longest first, lest one worker ends long after the rest
    todo.sort(key=lambda cell: seconds[cell.key], reverse=True)
    before = len(plan.cells) - len(todo)
    if not todo:
        return progress(SweepProgress(plan, before, before, 0, 0.0, 1.0))
    work = partial(live, runs=plan.runs, seed=plan.seed)
    with crew, closing(crew.run(work, todo)) as finished:
        now = SweepProgress(plan, before, before, crew.workers, sum(seconds.values()), 0.0)
        progress(now)
        for cell, outcome in finished:
            kept.keep(cell, outcome)
            share = now.share + seconds[cell.key] / now.estimate
            now = replace(now, finished=now.finished + 1, share=min(share, 1.0))
            progress(now)
    return None
