"""Tipping traces: populations that zealots join and leave, a mean of m over each block of updates."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Final

from spinodal.archive._faults import Fault
from spinodal.archive._json import field, magnetizations, read_json
from spinodal.archive._source import SourceFile

_RESULTS: Final = re.compile(r"results_tipping.*")
_TEMPERATURE: Final = re.compile(r".*_T(\d+(?:\.\d+)?)\.json")


@dataclass(frozen=True)
class Tipping:
    """The populations of one file."""

    model: str
    option_a: str
    option_b: str
    agents: int
    temperature: float
    zealots: int
    toward: str
    zealots_from: float
    """Sweep."""
    zealots_until: float
    sweep: list[float]
    """At which each block begins."""
    runs: list[list[float]]
    """m of each population over the blocks."""


def read_tipping(file: SourceFile) -> Tipping:
    """Read a file of tipping traces.

    Raises:
        Fault: not what the archive holds there; populations or blocks are missing.
    """
    found = read_json(file)
    agents = int(field(found, "N_regular", int))
    toward = "A" if "N_stubborn_A" in found else "B"
    zealots = int(field(found, f"N_stubborn_{toward}", int))
    if agents < 2 or zealots < 0:
        raise Fault(
            1, f"N_regular is {agents} and N_stubborn_{toward} {zealots}; counts of agents are needed"
        )
    sweeps_a_block = float(field(found, "steps_per_block", int)) / agents
    runs = field(found, "trajectories", list)
    traces = [magnetizations(run, f"trajectory {number}") for number, run in enumerate(runs)]
    if len(traces) != field(found, "n_runs", int):
        raise Fault(1, f"n_runs is {found['n_runs']}, but there are {len(traces)} trajectories")
    blocks = sum(field(found, f"n_blocks_{part}", int) for part in ("before", "during", "after"))
    for number, trace in enumerate(traces):
        if len(trace) != blocks:
            raise Fault(1, f"trajectory {number} has {len(trace)} blocks of {blocks}")
    temperature = _TEMPERATURE.fullmatch(file.path.name)
    return Tipping(
        model=file.folder_after(_RESULTS, 1) or str(field(found, "model_id", str)).rsplit("/", 1)[-1],
        option_a=field(found, "opinion_A", str),
        option_b=field(found, "opinion_B", str),
        agents=agents,
        temperature=float(temperature.group(1)) if temperature else math.nan,
        zealots=zealots,
        toward=toward,
        zealots_from=float(field(found, "t1", (int, float))) * sweeps_a_block,
        zealots_until=float(field(found, "t2", (int, float))) * sweeps_a_block,
        sweep=[block * sweeps_a_block for block in range(blocks)],
        runs=traces,
    )
