"""A table of observations to curves, with every malformed input refused in one line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from spinodal._errors import RequestError
from spinodal.fitting._observations import Counts, LogOdds, Observations
from spinodal.response import FloatArray
from spinodal.tables import COUNT_COLUMNS, LISTING_ORDER, MEASURED_COLUMNS

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Curve:
    """The observations of one curve and the values of the grouping columns that name it."""

    keys: Mapping[str, Any]
    observations: Observations
    n_rows: int
    n_invalid: int


def read_curves(
    table: pd.DataFrame, at_temperature: float | None = None, keys: Mapping[str, Any] | None = None
) -> list[Curve]:
    """Split a table into curves, in the order of their first rows. Raises `RequestError`.

    With `keys` the whole table is one curve of that name.
    """
    if at_temperature is not None and not (np.isfinite(at_temperature) and at_temperature > 0.0):
        raise RequestError(f"the temperature to derive is {at_temperature}; give a number above 0")
    _require_columns(table)
    if keys is not None:
        return [_curve(dict(keys), table, at_temperature)]
    grouping = [name for name in map(str, table.columns) if name not in MEASURED_COLUMNS]
    if at_temperature is not None:
        grouping = [name for name in grouping if name != "temperature"]
    if not grouping:
        return [_curve({}, table, at_temperature)]
    groups = table.groupby(grouping, sort=False, dropna=False)
    return [
        _curve(dict(zip(grouping, map(_plain, values), strict=True)), rows, at_temperature)
        for values, rows in groups
    ]


def _curve(keys: dict[str, Any], rows: pd.DataFrame, at_temperature: float | None) -> Curve:
    where = _name(keys)
    m = _numbers(rows, "m", where)
    if np.any(np.abs(m) > 1.0):
        _refuse(rows, np.abs(m) > 1.0, "m", "a magnetization lies in [-1, 1]", where)
    invalid = _counts(rows, "count_invalid", where) if "count_invalid" in rows else np.zeros(m.size)
    log_odds = rows["log_odds"].to_numpy(dtype=np.float64) if "log_odds" in rows else np.full(m.size, np.nan)
    if _readout(rows, where) == "logprob":
        usable = ~np.isnan(log_odds)
        if not usable.any():
            raise RequestError(f"no usable log_odds{where}; every row is empty")
        if at_temperature is not None:
            keys = {**keys, "temperature": at_temperature}
        observations: Observations = LogOdds(
            m[usable],
            log_odds[usable],
            at_temperature if at_temperature is not None else _temperature(rows, where),
            _flags(rows, "censored")[usable],
            _orders(rows)[usable] if "listed" in rows else None,
        )
        n_invalid = int(max(invalid.sum(), (~usable).sum()))
    else:
        if at_temperature is not None:
            raise RequestError(
                f"a response at temperature {at_temperature:g} can be derived from log-odds only, "
                f"and the rows{where} are counts; leave the temperature out"
            )
        a, b = _counts(rows, "count_a", where), _counts(rows, "count_b", where)
        if not np.any(a + b > 0):
            raise RequestError(f"no valid sample{where}: count_a and count_b are 0 in every row")
        observations = Counts(m, a, b)
        n_invalid = int(invalid.sum())
    return Curve(keys, observations, int(m.size), n_invalid)


def _require_columns(table: pd.DataFrame) -> None:
    present = [str(name) for name in table.columns]
    counted = all(name in present for name in COUNT_COLUMNS)
    if not counted and not ("m" in present and "log_odds" in present):
        missing = [name for name in COUNT_COLUMNS if name not in present]
        raise RequestError(
            f"missing column{'s' if len(missing) > 1 else ''} {', '.join(missing)}; a table of counts needs "
            f"m, count_a, count_b and one of log-odds m, log_odds; there is: "
            f"{', '.join(present) or 'nothing'}"
        )
    if len(table) == 0:
        raise RequestError("the table has no rows; give one row an observation")


def _readout(rows: pd.DataFrame, where: str) -> str:
    """'sample' or 'logprob', by the `readout` column or else by what is filled in; never a mixture."""
    if "readout" in rows:
        named = {str(value) for value in rows["readout"].unique()}
    else:
        has_log_odds = "log_odds" in rows and bool(rows["log_odds"].notna().any())
        counted = all(name in rows for name in ("count_a", "count_b")) and bool(
            np.any(_counts(rows, "count_a", where) + _counts(rows, "count_b", where) > 0)
        )
        named = {"logprob"} if has_log_odds else set()
        if counted or not has_log_odds:
            named.add("sample")
    if len(named) > 1:
        raise RequestError(
            f"the rows{where} mix the readouts {' and '.join(sorted(named))}; "
            "add a column `readout` to fit each apart"
        )
    (readout,) = named
    if readout not in ("sample", "logprob"):
        raise RequestError(f"readout is {readout!r}{where}; it has to be 'sample' or 'logprob'")
    needed = ("log_odds",) if readout == "logprob" else ("count_a", "count_b")
    missing = [name for name in needed if name not in rows]
    if missing:
        raise RequestError(
            f"readout is {readout!r}{where} but there is no column {', '.join(missing)}; add it"
        )
    return readout


def _temperature(rows: pd.DataFrame, where: str) -> float:
    """The one temperature of a curve; 1 where it is not given, the provider's own being unknown."""
    if "temperature" not in rows:
        return 1.0
    values = rows["temperature"].dropna().unique()
    if len(values) > 1:
        raise RequestError(
            f"several temperatures{where}: {', '.join(map(str, values))}; give one with at_temperature"
        )
    temperature = float(values[0]) if len(values) else 1.0
    if not (np.isfinite(temperature) and temperature >= 0.0):
        raise RequestError(f"temperature is {temperature}{where}; it has to be a number, 0 or more")
    return temperature


def _numbers(rows: pd.DataFrame, column: str, where: str) -> FloatArray:
    import pandas as pd

    values = pd.to_numeric(rows[column], errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    if np.any(~np.isfinite(values)):
        _refuse(rows, ~np.isfinite(values), column, "it has to be a number", where)
    return np.asarray(values, dtype=np.float64)


def _counts(rows: pd.DataFrame, column: str, where: str) -> FloatArray:
    values = _numbers(rows, column, where)
    wrong = (values < 0.0) | (values != np.round(values))
    if np.any(wrong):
        _refuse(rows, wrong, column, "a count is a whole number, 0 or more", where)
    return values


def _flags(rows: pd.DataFrame, column: str) -> FloatArray:
    if column not in rows:
        return np.zeros(len(rows))
    return np.asarray(rows[column].fillna(False).astype(bool), dtype=np.float64)


def _orders(rows: pd.DataFrame) -> FloatArray:
    return np.asarray(rows["listed"].map(LISTING_ORDER).fillna(0.0), dtype=np.float64)


def _refuse(rows: pd.DataFrame, wrong: Any, column: str, rule: str, where: str) -> None:
    first = int(np.argmax(wrong))
    index = rows.index[first]
    row = index + 1 if isinstance(index, int | np.integer) else index
    raise RequestError(f"{column} is {rows[column].iloc[first]} in row {row}{where}; {rule}")


def _name(keys: Mapping[str, Any]) -> str:
    if not keys:
        return ""
    return " of " + ", ".join(f"{name}={value}" for name, value in list(keys.items())[:3])


def _plain(value: Any) -> Any:
    """A grouping value as a plain Python object, None where it was missing."""
    if value is None or value != value:
        return None
    return value.item() if hasattr(value, "item") else value
