"""Trajectories: populations left to themselves from several starts, m after every update."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from spinodal.archive._faults import Fault
from spinodal.archive._json import field, magnetizations, read_json
from spinodal.archive._source import SourceFile

_NAME: Final = re.compile(r"simulation_data_N(\d+).*\.json")


@dataclass(frozen=True)
class Path:
    """One population; its temperature is that of its model's response curves."""

    model: str
    option_a: str
    agents: int
    m0: float
    trajectory: int
    updates: list[int]
    m: list[float]


def read_paths(file: SourceFile) -> list[Path]:
    """Read a file of trajectories, in a folder MODEL/OPTION A.

    Raises:
        Fault: not what the archive holds there; an update is missing.
    """
    name = _NAME.fullmatch(file.path.name)
    if name is None or len(file.where) < 2:
        raise Fault(1, "lies in no folder MODEL/OPTION, which would tell what it is of")
    found: list[Path] = []
    for start, entry in read_json(file).items():
        if not isinstance(entry, dict):
            raise Fault(1, f"{start!r} holds no trajectories")
        (m0,) = magnetizations([entry.get("m0_actual")], f"m0_actual of {start!r}")
        for history in field(entry, "histories", list):
            updates, m = _history(history, f"a history from {start}")
            found.append(Path(file.where[-2], file.where[-1], int(name.group(1)), m0, len(found), updates, m))
    if not found:
        raise Fault(1, "holds no trajectory")
    return found


def _history(history: Any, where: str) -> tuple[list[int], list[float]]:
    if not isinstance(history, list) or not all(isinstance(one, list) and len(one) == 2 for one in history):
        raise Fault(1, f"{where} is not a list of [update, m]")
    updates = [one[0] for one in history]
    if updates != list(range(len(updates))):
        raise Fault(1, f"{where} does not number its updates 0, 1, 2, ...; one is missing")
    return updates, magnetizations([one[1] for one in history], where)
