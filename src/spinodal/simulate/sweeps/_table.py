"""The table of a sweep: a row a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from spinodal._errors import RequestError
from spinodal.simulate.sweeps._cell import PARAMETERS
from spinodal.simulate.sweeps._outcome import RESULTS, Outcome
from spinodal.simulate.sweeps._plan import SweepPlan

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


Value = Literal["final_m", "mean_m", "crossed"]
"""What a picture of a sweep shows: m at the end, m over the second half, the share that crossed."""


@dataclass(frozen=True, eq=False)
class SweepTable:
    """The runs of a sweep: columns of parameters and labels, then `RESULTS`."""

    table: pd.DataFrame

    @property
    def swept(self) -> tuple[str, ...]:
        """Parameters of more than one value, in the order of the columns."""
        return tuple(name for name in PARAMETERS if self.table[name].nunique(dropna=False) > 1)

    @property
    def labels(self) -> tuple[str, ...]:
        """Columns that name the points and are no parameters."""
        return tuple(
            str(name) for name in self.table.columns if name not in PARAMETERS and name not in RESULTS
        )

    @property
    def summary(self) -> pd.DataFrame:
        """A row a cell: parameters, labels, `runs`, `final_m` and `mean_m` averaged over the runs,
        `crossed`, the share of runs in which the majority changed, and of each its standard error, as in
        `final_m_error` (missing for a single run)."""
        import pandas as pd

        names = [*PARAMETERS, *self.labels]
        groups = self.table.groupby(names, sort=False, dropna=False)
        found = pd.DataFrame({"runs": groups.size()})
        for value in get_args(Value):
            per_run = groups[value]
            found[value] = per_run.mean().astype("Float64")
            found[f"{value}_error"] = (per_run.std() / per_run.count() ** 0.5).astype("Float64")
        return found.reset_index()

    def to_dict(self) -> dict[str, Any]:
        """`swept` and `cells`, the rows of the summary; what is missing is None."""
        rows = self.summary.astype(object)
        return {
            "swept": list(self.swept),
            "cells": rows.where(rows.notna(), None).to_dict("records"),
        }

    def plot(
        self,
        ax: Axes | None = None,
        *,
        value: Value = "final_m",
        over: Sequence[str] | None = None,
        where: Mapping[str, Any] | None = None,
    ) -> Axes:
        """The mean of `value` over the swept parameters: a heat map of two of them, or curves.

        `over` names one or two of them (default: beta and h where both are swept, else those of most
        values); `where` fixes the others, by default at their first value. Raises `RequestError` where
        `over` or `where` name what the table does not have.
        """
        from spinodal.plots._sweep import sweep

        return sweep(self, ax, value=value, over=over, where=where)


def read_sweep(path: str | Path) -> SweepTable:
    """Read the table that a sweep wrote.

    Raises:
        RequestError: there is no such file, or a column is missing.
    """
    import pandas as pd

    try:
        table = pd.read_parquet(path)
    except (OSError, ValueError) as error:
        raise RequestError(
            f"cannot read {path} ({str(error).splitlines()[0]}); name a sweep's table"
        ) from None
    missing = [name for name in (*PARAMETERS, *RESULTS) if name not in table]
    if missing:
        raise RequestError(f"{path} is no sweep's table: it has no column {missing[0]}; name another")
    return SweepTable(table)


def table_of(plan: SweepPlan, outcomes: Mapping[str, Outcome]) -> pd.DataFrame:
    """The table of a plan whose cells are all done: points in the plan's order, runs in theirs."""
    import pandas as pd

    runs, found = plan.runs, [outcomes[point.cell.key] for point in plan.points]

    def of_points(values: Sequence[Any], dtype: str | None = None) -> pd.Series[Any]:
        return pd.Series(values, dtype=dtype).repeat(runs).reset_index(drop=True)

    def of_runs(name: str) -> Any:
        return np.concatenate([getattr(outcome, name)[:runs] for outcome in found])

    columns: dict[str, Any] = {
        name: of_points([getattr(point.cell, name) for point in plan.points], parameter.dtype)
        for name, parameter in PARAMETERS.items()
    }
    labels = plan.points[0].labels
    columns |= {name: of_points([point.labels[name] for point in plan.points]) for name in labels}
    columns |= {
        "replica": np.tile(np.arange(runs), len(found)),
        "seed": of_points([point.cell.seed(plan.seed) for point in plan.points]),
        "engine": of_points([outcome.engine for outcome in found]),
        "step_error": of_points([outcome.step_error for outcome in found]),
        "final_m": of_runs("final_m"),
        "mean_m": of_runs("mean_m"),
        "crossed": pd.array(of_runs("crossed"), dtype="Float64").astype("boolean"),
        "attempts": of_runs("attempts"),
        "flips": of_runs("flips"),
    }
    return pd.DataFrame(columns)
