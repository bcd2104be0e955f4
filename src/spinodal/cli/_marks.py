"""Rows of a table of fits as marks on the phase plane."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from spinodal.plots import Mark


def marks_of(table: pd.DataFrame, file: Path, by: str | None = None) -> list[Mark]:
    """A mark a row, grouped by the column `by` (default: agent, else model, else the file's name)."""
    from spinodal._errors import RequestError
    from spinodal.cli._table import numbers
    from spinodal.plots import Mark

    if by is not None and by not in table.columns:
        raise RequestError(
            f"{file} has no column {by} to group by; it has {', '.join(map(str, table.columns))}"
        )
    group = by or next((name for name in ("agent", "model") if name in table.columns), None)
    beta, h = numbers(table, file, "beta"), numbers(table, file, "h")
    rows: list[dict[str, Any]] = [
        {str(key): value for key, value in row.items()} for row in table.to_dict("records")
    ]
    return [
        Mark(
            beta=float(beta[row]),
            h=float(h[row]),
            beta_ci=_interval(values.get("beta_ci")),
            h_ci=_interval(values.get("h_ci")),
            group=str(values[group]) if group else file.stem,
            label=str(values.get("pair", "")),
            identifiable=bool(values.get("identifiable", True)),
        )
        for row, values in enumerate(rows)
        if beta[row] == beta[row]
    ]


def _interval(value: Any) -> tuple[float, float] | None:
    """The interval in a cell of Parquet; a CSV file has none."""
    if value is None or isinstance(value, str | float):
        return None
    low, high = (float(end) for end in value)
    return (low, high) if low <= high else None
