"""The same data in tidy tables: a row a point, whichever model and pair it is of.

response_curves.csv   model, option_a, option_b, n_agents, temperature, m, count_a, count_b, main_set
fits.csv              model, option_a, option_b, beta, h, r_squared
hysteresis.csv        model, option_a, option_b, n_regular, cycles, stubborn_signed, m_forward, m_backward
tipping_MODEL.csv     option_a, option_b, n_regular, n_stubborn_b, stubborn_from, stubborn_until, run, sweep,
                      m_mean
trajectories_MODEL_OPTION-A.csv   m0, run, update, m
"""

from __future__ import annotations

import math
import re
from typing import Final

from spinodal.archive._curves import MAIN, REPLIES, Curve
from spinodal.archive._faults import Fault
from spinodal.archive._fits import Fit
from spinodal.archive._loops import Loop
from spinodal.archive._paths import Path
from spinodal.archive._source import SourceFile
from spinodal.archive._tables import Columns
from spinodal.archive._text import require_opposites
from spinodal.archive._tippings import Tipping

FURTHER: Final = "further"

AGENTS: Final = 50
"""Agents of the trajectories, of which the table says nothing."""

_NAMES: Final = ("model", "option_a", "option_b")


def tidy_curves(file: SourceFile) -> list[Curve]:
    """Response curves. Raises `Fault`."""
    table = Columns(file, (*_NAMES, "n_agents", "temperature", "m", "count_a", "count_b", "main_set"))
    model, option_a, option_b, main = (table.texts(name) for name in (*_NAMES, "main_set"))
    entries, temperature = table.wholes("n_agents", 1), table.numbers("temperature", 0.0, gaps=True)
    m = table.numbers("m", -1.0, 1.0)
    count_a, count_b = table.wholes("count_a", 0), table.wholes("count_b", 0)
    curves = []
    for rows in table.groups(model, option_a, option_b, entries, temperature):
        first, last = rows[0], table.lines[rows[-1]]
        levels = [m[row] for row in rows]
        for place, level in enumerate(levels):
            if level in levels[:place]:
                raise Fault(table.lines[rows[place]], f"m = {level:g} comes a second time in its curve")
        require_opposites(levels, last, f"(the curve of {model[first]}, {option_a[first]}) a row for m =")
        asked = max(REPLIES, *(count_a[row] + count_b[row] for row in rows))
        curves.append(
            Curve(
                model=model[first],
                option_a=option_a[first],
                option_b=option_b[first],
                n_peers=entries[first],
                temperature=temperature[first],
                template="published-original",
                set=MAIN if main[first] == "True" else FURTHER,
                m=levels,
                n_a=[round((level + 1.0) / 2.0 * entries[first]) for level in levels],
                count_a=[count_a[row] for row in rows],
                count_b=[count_b[row] for row in rows],
                count_invalid=[asked - count_a[row] - count_b[row] for row in rows],
            )
        )
    return curves


def tidy_fits(file: SourceFile) -> list[Fit]:
    """Fits. Raises `Fault`."""
    table = Columns(file, (*_NAMES, "beta", "h", "r_squared"))
    columns = (
        *(table.texts(name) for name in _NAMES),
        [AGENTS] * len(table),
        *(table.numbers(name, gaps=True) for name in ("beta", "h", "r_squared")),
    )
    return [Fit(*row) for row in zip(*columns, strict=True)]


def tidy_loops(file: SourceFile) -> list[Loop]:
    """Hysteresis loops; where the zealots of one pair begin anew, another loop begins. Raises `Fault`."""
    table = Columns(file, (*_NAMES, "n_regular", "cycles", "stubborn_signed", "m_forward", "m_backward"))
    model, option_a, option_b = (table.texts(name) for name in _NAMES)
    agents, cycles, zealots = (table.wholes(name) for name in ("n_regular", "cycles", "stubborn_signed"))
    up, down = (table.numbers(name, -1.0, 1.0) for name in ("m_forward", "m_backward"))
    loops = []
    for rows in table.groups(model, option_a, option_b, agents, cycles):
        begins = [
            place for place, row in enumerate(rows) if not place or zealots[row] <= zealots[rows[place - 1]]
        ]
        for begin, end in zip(begins, [*begins[1:], len(rows)], strict=True):
            own = rows[begin:end]
            first = own[0]
            require_opposites(
                [float(zealots[row]) for row in own],
                table.lines[own[-1]],
                f"(the loop of {model[first]}, {option_a[first]}) a row for stubborn_signed",
            )
            loops.append(
                Loop(
                    model=model[first],
                    option_a=option_a[first],
                    option_b=option_b[first],
                    agents=agents[first],
                    temperature=math.nan,
                    zealots=[zealots[row] for row in own],
                    m_up=[up[row] for row in own],
                    m_down=[down[row] for row in own],
                )
            )
    return loops


def tidy_tippings(file: SourceFile) -> list[Tipping]:
    """Tipping traces. Raises `Fault`."""
    counts = ("n_regular", "n_stubborn_b", "stubborn_from", "stubborn_until", "run", "sweep")
    table = Columns(file, ("option_a", "option_b", *counts, "m_mean"))
    option_a, option_b = table.texts("option_a"), table.texts("option_b")
    agents, zealots, since, until, run, sweep = (table.wholes(name, 0) for name in counts)
    m = table.numbers("m_mean", -1.0, 1.0)
    model = file.path.stem.removeprefix("tipping_")
    found: list[Tipping] = []
    for rows in table.groups(option_a, option_b, agents, zealots, since, until):
        first = rows[0]
        runs: dict[int, list[int]] = {}
        for row in rows:
            runs.setdefault(run[row], []).append(row)
        sweeps = list(range(max(sweep[row] for row in rows) + 1))
        for number, own in runs.items():
            if [sweep[row] for row in own] != sweeps:
                raise Fault(
                    table.lines[own[-1]], f"run {number} ends without one of the sweeps 0 to {sweeps[-1]}"
                )
        found.append(
            Tipping(
                model=model,
                option_a=option_a[first],
                option_b=option_b[first],
                agents=agents[first],
                temperature=math.nan,
                zealots=zealots[first],
                toward="B",
                zealots_from=float(since[first]),
                zealots_until=float(until[first]),
                sweep=[float(one) for one in sweeps],
                runs=[[m[row] for row in own] for own in runs.values()],
            )
        )
    return found


def tidy_paths(file: SourceFile, models: list[str]) -> list[Path]:
    """Trajectories; the file's name is parted after a model that is known. Raises `Fault`."""
    name = file.path.stem.removeprefix("trajectories_")
    model = next((model for model in models if name.startswith(f"{model}_")), name.partition("_")[0])
    option = re.sub(r"[-_]", " ", name.removeprefix(f"{model}_"))
    table = Columns(file, ("m0", "run", "update", "m"))
    m0, m = table.numbers("m0", -1.0, 1.0), table.numbers("m", -1.0, 1.0)
    run, update = table.wholes("run", 0), table.wholes("update", 0)
    found: list[Path] = []
    for rows in table.groups(m0, run):
        updates = [update[row] for row in rows]
        step = updates[1] - updates[0] if len(updates) > 1 else 1
        if step < 1 or updates != list(range(0, updates[-1] + 1, step)):
            raise Fault(
                table.lines[rows[-1]], f"the run from {m0[rows[0]]:g} does not begin at 0, or misses a record"
            )
        found.append(Path(model, option, AGENTS, m0[rows[0]], len(found), updates, [m[row] for row in rows]))
    return found
