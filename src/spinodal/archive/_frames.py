"""What was read, as our tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from spinodal.archive._curves import Curve
from spinodal.archive._fits import FIT_COLUMNS, Fit
from spinodal.archive._loops import Loop
from spinodal.archive._paths import Path
from spinodal.archive._tippings import Tipping
from spinodal.pairs import OptionPair
from spinodal.tables import LOOP_COLUMNS, OBSERVATION_COLUMNS, PATH_COLUMNS, TIPPING_COLUMNS

if TYPE_CHECKING:
    import pandas as pd

SWEEPS: Final = 10
"""Sweeps that the study's trajectories last unless they stop at a consensus."""

Named = Callable[[str, str], OptionPair]
"""The pair of two options, as they were read."""


def observations(
    curves: Sequence[Curve],
    pair_of: Named,
    temperature_of: Callable[[Curve], float],
    set_of: Callable[[Curve], str],
) -> pd.DataFrame:
    """A row a point; `OBSERVATION_COLUMNS`, and the column `set`."""
    import pandas as pd

    points = np.array([len(curve.m) for curve in curves], dtype=np.int64)
    m, n_a, a, b, invalid = (
        _flat([getattr(curve, name) for curve in curves])
        for name in ("m", "n_a", "count_a", "count_b", "count_invalid")
    )
    asked = a + b + invalid
    fixed: dict[str, Any] = {
        "shuffle_seed": 0, "readout": "sample", "log_odds": np.nan, "listed": "", "censored": False,
        "refused": False, "reply": "", "input_tokens": 0, "output_tokens": 0, "seconds": 0.0, "cost": np.nan,
    }  # fmt: skip
    columns = {
        **_who(curves, pair_of, points),
        "n_peers": np.repeat([curve.n_peers for curve in curves], points),
        "n_a": n_a,
        "m": m,
        "temperature": np.repeat([temperature_of(curve) for curve in curves], points),
        "decided_mass": (a + b) / np.maximum(asked, 1),
        "n_samples": asked,
        "count_a": a,
        "count_b": b,
        "count_invalid": invalid,
        "template": np.repeat(np.array([curve.template for curve in curves], dtype=object), points),
        "draw": _flat([range(len(curve.m)) for curve in curves]),
        "calls": asked,
        "set": np.repeat(np.array([set_of(curve) for curve in curves], dtype=object), points),
    }
    alike = {name: np.full(len(m), value) for name, value in fixed.items()}
    return pd.DataFrame({**columns, **alike}, columns=[*OBSERVATION_COLUMNS, "set"])


def loops(read: Sequence[Loop], pair_of: Named, temperature_of: Callable[[Loop], float]) -> pd.DataFrame:
    """`LOOP_COLUMNS`; loops of one model and pair are numbered in the order read."""
    import pandas as pd

    steps = np.array([len(loop.zealots) for loop in read], dtype=np.int64)
    temperatures = [temperature_of(loop) for loop in read]
    keys = [
        (loop.model, pair_of(loop.option_a, loop.option_b).id, loop.agents, str(temperature))
        for loop, temperature in zip(read, temperatures, strict=True)
    ]
    columns = {
        **_who(read, pair_of, steps),
        "agents": np.repeat([loop.agents for loop in read], steps),
        "temperature": np.repeat(temperatures, steps),
        "trajectory": np.repeat(_numbered(keys), steps),
        "zealots": _flat([loop.zealots for loop in read]),
        "m_up": _flat([loop.m_up for loop in read]),
        "m_down": _flat([loop.m_down for loop in read]),
    }
    return pd.DataFrame(columns, columns=list(LOOP_COLUMNS))


def tippings(
    read: Sequence[Tipping], pair_of: Named, temperature_of: Callable[[Tipping], float]
) -> pd.DataFrame:
    """`TIPPING_COLUMNS`; `m` is the mean over the sweep that begins at `sweep`."""
    import pandas as pd

    rows = np.array([len(tipping.runs) * len(tipping.sweep) for tipping in read], dtype=np.int64)
    columns = {
        **_who(read, pair_of, rows),
        "temperature": np.repeat([temperature_of(tipping) for tipping in read], rows),
        "trajectory": _flat([np.repeat(range(len(tipping.runs)), len(tipping.sweep)) for tipping in read]),
        "sweep": _flat([np.tile(tipping.sweep, len(tipping.runs)) for tipping in read]),
        "m": _flat([np.ravel(tipping.runs) for tipping in read]),
    }
    for name in ("agents", "zealots", "toward", "zealots_from", "zealots_until"):
        columns[name] = np.repeat([getattr(tipping, name) for tipping in read], rows)
    return pd.DataFrame(columns, columns=list(TIPPING_COLUMNS))


def paths(read: Sequence[Path], pair_of: Named, temperature_of: Callable[[Path], float]) -> pd.DataFrame:
    """`PATH_COLUMNS`. A trajectory that ends early stopped at a consensus: its last record is marked.

    Where only some updates are recorded the last one is the last before the consensus.
    """
    import pandas as pd

    records = np.array([len(path.m) for path in read], dtype=np.int64)
    last = np.zeros(int(records.sum()), dtype=bool)
    last[np.cumsum(records) - 1] = [_stopped(path) for path in read]
    columns = {
        **_who(read, pair_of, records),
        "agents": np.repeat([path.agents for path in read], records),
        "temperature": np.repeat([temperature_of(path) for path in read], records),
        "m0": np.repeat([path.m0 for path in read], records),
        "trajectory": np.repeat([path.trajectory for path in read], records),
        "sweep": _flat([np.array(path.updates) / path.agents for path in read]),
        "m": _flat([path.m for path in read]),
        "stopped": last,
    }
    return pd.DataFrame(columns, columns=list(PATH_COLUMNS))


def fits(read: Sequence[Fit], pair_of: Named, set_of: Callable[[Fit], str]) -> pd.DataFrame:
    """`FIT_COLUMNS`."""
    import pandas as pd

    columns = {
        **_who(read, pair_of, np.ones(len(read), dtype=np.int64)),
        "set": [set_of(fit) for fit in read],
        **{name: [getattr(fit, name) for fit in read] for name in ("n_peers", "beta", "h", "r_squared")},
    }
    return pd.DataFrame(columns, columns=list(FIT_COLUMNS))


def _stopped(path: Path) -> bool:
    if len(path.updates) < 2:
        return abs(path.m[-1]) == 1.0
    step = path.updates[1] - path.updates[0]
    return abs(path.m[-1]) == 1.0 or path.updates[-1] + step < SWEEPS * path.agents


def _who(read: Sequence[Any], pair_of: Named, rows: np.ndarray[Any, Any]) -> dict[str, Any]:
    pairs = [pair_of(one.option_a, getattr(one, "option_b", "")) for one in read]
    told = {
        "agent": [one.model for one in read],
        "model": [one.model for one in read],
        "pair": [pair.id for pair in pairs],
        "option_a": [pair.option_a for pair in pairs],
        "option_b": [pair.option_b for pair in pairs],
    }
    return {name: np.repeat(np.array(values, dtype=object), rows) for name, values in told.items()}


def _numbered(keys: list[tuple[Any, ...]]) -> list[int]:
    """How many equal ones came before each."""
    before: dict[tuple[Any, ...], int] = {}
    numbers = []
    for key in keys:
        numbers.append(before.get(key, 0))
        before[key] = numbers[-1] + 1
    return numbers


def _flat(values: Sequence[Any]) -> Any:
    return np.concatenate([np.asarray(list(value)) for value in values]) if values else np.array([])
