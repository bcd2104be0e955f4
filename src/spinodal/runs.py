"""The run folder: what an assessment leaves behind, and how it is read back.

meta.json              every input, version, seed and digest
observations.parquet   a row a prompt (`tables`)
fits.parquet           a row a curve
logs/*.eval            Inspect logs: every prompt and reply
report.html            the page
cache/                 finished model calls, while the run is not done
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spinodal._errors import RequestError
from spinodal._files import write_whole

if TYPE_CHECKING:
    import pandas as pd

    from spinodal.fitting import CurveFit
    from spinodal.verdict import Verdict

META = "meta.json"
OBSERVATIONS = "observations.parquet"
FITS = "fits.parquet"
LOGS = "logs"
CACHE = "cache"
REPORT = "report.html"


@dataclass(frozen=True)
class Run:
    """A run folder, read. Fits and verdicts are computed from the observations, never read back:
    what a page shows is what the tables say."""

    path: Path
    meta: Mapping[str, Any]
    observations: pd.DataFrame

    @cached_property
    def fits(self) -> list[CurveFit]:
        """One fit a curve, in the order of the pairs asked; none where no reply took either option."""
        from spinodal.fitting import fit_curves

        table = self.observations
        took_one = table["log_odds"].notna() | (table["count_a"] + table["count_b"] > 0)
        table = table[table["pair"].isin(table.loc[took_one, "pair"])]
        return fit_curves(table) if len(table) else []

    @cached_property
    def verdicts(self) -> list[Verdict]:
        """One verdict a fit, for the run's number of agents."""
        from spinodal.verdict import judge

        pairs = {pair["id"]: pair for pair in self.meta["pairs"]}
        return [
            judge(
                fit,
                agents=self.meta["request"]["agents"],
                aligned=pairs[fit.keys["pair"]]["aligned"],
                option_a=pairs[fit.keys["pair"]]["option_a"],
                option_b=pairs[fit.keys["pair"]]["option_b"],
            )
            for fit in self.fits
        ]

    @property
    def failures(self) -> list[dict[str, str]]:
        """Pairs that could not be measured to the end: `{"pair": id, "message": why}`."""
        return list(self.meta.get("failures", []))

    @property
    def finished(self) -> bool:
        """Every pair was measured to the end."""
        return bool(self.meta.get("finished")) and not self.failures


def read_run(path: str | Path) -> Run:
    """Read a run folder.

    Raises:
        RequestError: no such folder, no run in it, or nothing measured yet.
    """
    import pandas as pd

    folder = Path(path)
    if not folder.is_dir():
        raise RequestError(f"no run folder at {folder}; `spinodal assess --run {folder}` would make it")
    if not (folder / META).is_file():
        raise RequestError(f"{folder} is not a run folder: it has no {META}; name a folder that assess wrote")
    meta = read_meta(folder)
    if not (folder / OBSERVATIONS).is_file():
        raise RequestError(f"the run in {folder} has not finished a pair yet; run its command again")
    try:
        table = pd.read_parquet(folder / OBSERVATIONS)
    except (OSError, ValueError) as error:
        raise RequestError(f"cannot read {folder / OBSERVATIONS}: {error}; run the command again") from error
    return Run(path=folder, meta=meta, observations=table)


def read_meta(folder: Path) -> dict[str, Any]:
    """The folder's meta.json.

    Raises:
        RequestError: it is not what assess writes.
    """
    try:
        meta = json.loads((folder / META).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise RequestError(f"cannot read {folder / META}: {error}; use another run folder") from error
    if not isinstance(meta, dict) or "request" not in meta:
        raise RequestError(f"{folder / META} names no request; use another run folder")
    return meta


def write_meta(folder: Path, meta: Mapping[str, Any]) -> None:
    """Write meta.json whole or not at all."""
    write_whole(folder / META, json.dumps(meta, indent=2, ensure_ascii=False, allow_nan=False).encode())


def clear_unfinished(folder: Path) -> None:
    """Remove what a kill in the midst of `write_whole` left behind."""
    for name in (META, OBSERVATIONS, FITS, REPORT):
        for left in folder.glob(f".{name}.*"):
            left.unlink(missing_ok=True)


def fits_table(fits: list[CurveFit]) -> pd.DataFrame:
    """`fits.parquet`: a row a curve, the keys of `spinodal fit --json`."""
    import pandas as pd

    rows = [fit.to_dict() for fit in fits]
    # Parquet has no empty mapping.
    return pd.DataFrame([row | {"scores": row["scores"] or None} for row in rows])
