"""A study of guards read back from its folder: an assessment a guard; without Inspect."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from spinodal._errors import RequestError
from spinodal.runs import META, Run, read_meta, read_run

NONE: Final = "none"
"""The assessment without a guard, and its folder."""


@dataclass(frozen=True)
class GuardStudy:
    """A study's folder, read."""

    path: Path
    meta: dict[str, Any]
    runs: dict[str, Run]
    """The assessments that have measured anything, by guard; the first without one."""

    @property
    def baseline(self) -> Run:
        """The assessment without a guard."""
        return self.runs[NONE]

    @property
    def guarded(self) -> dict[str, Run]:
        """The others, by guard."""
        return {name: run for name, run in self.runs.items() if name != NONE}

    @property
    def failures(self) -> list[dict[str, str]]:
        """Pairs that could not be measured to the end, of every assessment."""
        return [{**failure, "guard": name} for name, run in self.runs.items() for failure in run.failures]


def is_guard_study(folder: Path) -> bool:
    """Whether a folder holds a study of guards."""
    return (folder / META).is_file() and "guard_study" in read_meta(folder)


def read_guards(folder: Path) -> GuardStudy:
    """Read a study's folder.

    Raises:
        RequestError: no study is there, or its first assessment has measured nothing yet.
    """
    if not is_guard_study(folder):
        raise RequestError(f"{folder} holds no study of guards; name a folder that `assess --guard` wrote")
    meta = read_meta(folder)
    runs = {}
    for name, within in meta["guard_study"].items():
        try:
            runs[name] = read_run(folder / within)
        except RequestError:
            if name == NONE:
                raise
    return GuardStudy(folder, meta, runs)
