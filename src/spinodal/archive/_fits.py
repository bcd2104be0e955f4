"""The authors' own fits of their curves, by least squares: what ours can be compared with.

Convention beta (m + h), as here. A saturated curve has wild values.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from spinodal.archive._source import SourceFile
from spinodal.archive._tables import Columns

FIT_COLUMNS: Final = (
    "agent",
    "model",
    "pair",
    "option_a",
    "option_b",
    "n_peers",  # entries shown
    "set",  # "main", or "further" (`SETS`)
    "beta",
    "h",
    "r_squared",
)
"""Columns of `published_fits.parquet`, a row a curve."""


@dataclass(frozen=True)
class Fit:
    """One curve's."""

    model: str
    option_a: str
    option_b: str
    n_peers: int
    beta: float
    h: float
    r_squared: float


def read_fits(file: SourceFile) -> list[Fit]:
    """Read the archive's table of fits.

    Raises:
        Fault: a line that is not what it should be.
    """
    table = Columns(file, ("Model", "Size", "Opinion_A", "Opinion_B", "beta", "h", "R_squared"))
    columns = (
        table.texts("Model"),
        table.texts("Opinion_A"),
        table.texts("Opinion_B"),
        table.wholes("Size", 1),
        table.numbers("beta", gaps=True),
        table.numbers("h", gaps=True),
        table.numbers("R_squared", gaps=True),
    )
    return [Fit(*row) for row in zip(*columns, strict=True)]


_SIZED: Final = re.compile(r"(?P<family>.+?)[-_](?P<size>\d+(?:\.\d+)?)[bB](?:$|[-_].*)")


def family_of(model: str) -> str | None:
    """What the models of one family, which differ in their size, have in common: "Qwen3" of "Qwen3-32B".

    None where the name tells no size.
    """
    found = _SIZED.fullmatch(model)
    return found["family"] if found else None
