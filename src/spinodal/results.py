"""Everything that was measured, simulated with real agents or imported, gathered from one folder.

What pictures and a study's page are drawn from: whichever verb made the folder, the tables are the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from spinodal._errors import RequestError
from spinodal.pairs import OptionPair
from spinodal.runs import META, OBSERVATIONS, Run, read_meta, read_run

if TYPE_CHECKING:
    import pandas as pd

    from spinodal.contagion_runs import ContagionRun
    from spinodal.critical_size import CriticalSizeRun
    from spinodal.society_runs import SocietyRun

LOOPS: Final = "loops.parquet"
TIPPINGS: Final = "tippings.parquet"
PATHS: Final = "paths.parquet"
PUBLISHED_FITS: Final = "published_fits.parquet"
"""Tables of an imported folder, beside `runs.OBSERVATIONS`; each is there where it has rows."""

STUDY: Final = "study"
IMPORTED: Final = "imported"
"""Keys of `meta.json` that only a study, and only an imported folder, has."""


def _no_rows() -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame()


@dataclass(frozen=True)
class Results:
    """A folder's contents, whatever made it; a table without rows where there is nothing of its kind."""

    path: Path
    name: str
    """What pages and pictures call it."""
    observations: pd.DataFrame
    """Response curves of every agent, pair and condition: `tables.OBSERVATION_COLUMNS`, a row a prompt, or
    a row a point where only counts are known. Imported rows have a column `set` too (`archive.SETS`)."""
    loops: pd.DataFrame
    """`tables.LOOP_COLUMNS`."""
    tippings: pd.DataFrame
    """`tables.TIPPING_COLUMNS`."""
    paths: pd.DataFrame
    """`tables.PATH_COLUMNS`."""
    pairs: Mapping[str, OptionPair] = field(default_factory=dict)
    """Every pair in the tables, by id."""
    families: Mapping[str, str] = field(default_factory=dict)
    """The family of an agent, by its label, where one is known; sizes of one family are compared."""
    contagion: Mapping[str, ContagionRun] = field(default_factory=dict)
    """Contagion studies, by name."""
    critical_sizes: Mapping[str, CriticalSizeRun] = field(default_factory=dict)
    """Measurements over the group size, by name."""
    published_fits: pd.DataFrame = field(default_factory=_no_rows)
    """What others made of the same curves, where it was imported: `archive.FIT_COLUMNS`."""
    meta: Mapping[str, Any] = field(default_factory=dict)
    """The folder's own meta.json."""


def read_results(path: str | Path) -> Results:
    """Read a folder: of `assess`, a study of guards, a society, `tip`, `hysteresis`, `critical-size`,
    `contagion`, `study` or `import`.

    A part of a study, or a measurement within a run, that has no results yet is left out.

    Raises:
        RequestError: there is no such folder, or nothing in it that is known.
    """
    from spinodal.tables import LOOP_COLUMNS, OBSERVATION_COLUMNS, PATH_COLUMNS, TIPPING_COLUMNS

    folder = Path(path)
    if not folder.is_dir():
        raise RequestError(f"there is no folder {folder}; name one that a verb of spinodal wrote")
    if not (folder / META).is_file():
        raise RequestError(f"{folder} holds no results: it has no {META}; name a folder that spinodal wrote")
    found = _Gathered()
    found.name = _gather(folder, found)
    return Results(
        path=folder,
        name=found.name,
        observations=_together(found.observations, OBSERVATION_COLUMNS),
        loops=_together(found.loops, LOOP_COLUMNS),
        tippings=_together(found.tippings, TIPPING_COLUMNS),
        paths=_together(found.paths, PATH_COLUMNS),
        pairs=found.pairs,
        families=found.families,
        contagion=found.contagion,
        critical_sizes=found.critical_sizes,
        published_fits=_together(found.published_fits, ()),
        meta=read_meta(folder),
    )


class _Gathered:
    """What was found so far. A folder that several parts name is read once."""

    def __init__(self) -> None:
        self.name = ""
        self.observations: list[pd.DataFrame] = []
        self.loops: list[pd.DataFrame] = []
        self.tippings: list[pd.DataFrame] = []
        self.paths: list[pd.DataFrame] = []
        self.published_fits: list[pd.DataFrame] = []
        self.pairs: dict[str, OptionPair] = {}
        self.families: dict[str, str] = {}
        self.contagion: dict[str, ContagionRun] = {}
        self.critical_sizes: dict[str, CriticalSizeRun] = {}
        self._seen: set[Path] = set()

    def is_new(self, folder: Path) -> bool:
        """Whether the folder was not met before; from now on it was."""
        real = folder.resolve()
        fresh = real not in self._seen
        self._seen.add(real)
        return fresh

    def add_run(self, run: Run) -> None:
        """An assessment: its prompts, and its pairs."""
        if self.is_new(run.path):
            self.observations.append(run.observations)
            self.add_pairs(run.meta.get("pairs", ()))

    def add_pairs(self, pairs: Any) -> None:
        """Pairs as they stand in a meta.json."""
        for pair in pairs:
            self.pairs.setdefault(pair["id"], OptionPair(**pair))


def _gather(folder: Path, into: _Gathered) -> str:
    """Take in what the folder holds; what to call it."""
    meta = read_meta(folder)
    for is_there, gather in _KINDS:
        if is_there(meta):
            return gather(folder, meta, into)
    raise RequestError(f"{folder} holds nothing that is known; name a folder that a verb of spinodal wrote")


def _assessment(folder: Path, meta: Mapping[str, Any], into: _Gathered) -> str:
    into.add_run(read_run(folder))
    return _label_of(meta, folder)


def _guard_study(folder: Path, meta: Mapping[str, Any], into: _Gathered) -> str:
    from spinodal.guard_runs import read_guards

    for run in read_guards(folder).runs.values():
        into.add_run(run)
    return _label_of(meta, folder)


def _society(folder: Path, meta: Mapping[str, Any], into: _Gathered) -> str:
    from spinodal.society_runs import read_society

    run = read_society(folder)
    for measured in run.responses.values():
        for response in measured:
            into.add_run(response)
    into.add_pairs([run.meta["request"]["pair"]])
    if into.is_new(folder) and len(run.counts):
        if run.experiment == "hysteresis":
            into.loops.append(_loops(run))
        elif not any(stage.zealots_a or stage.zealots_b for stage in run.stages):
            into.paths.append(_paths(run))
        elif (stay := _zealots_stay(run)) is not None:
            into.tippings.append(_tippings(run, *stay))
    return run.name


def _critical_size(folder: Path, meta: Mapping[str, Any], into: _Gathered) -> str:
    from spinodal.critical_size import read_critical_size

    run = read_critical_size(folder)
    for measured in run.runs.values():
        into.add_run(measured)
    into.add_pairs(run.meta["request"]["pairs"])
    name = _free(f"{run.agent}, {run.pair.id}", into.critical_sizes, folder)
    into.critical_sizes[name] = run
    return run.agent


def _contagion(folder: Path, meta: Mapping[str, Any], into: _Gathered) -> str:
    from spinodal.contagion_runs import read_contagion

    run = read_contagion(folder)
    into.contagion[_free(run.name, into.contagion, folder)] = run
    return run.name


def _imported(folder: Path, meta: Mapping[str, Any], into: _Gathered) -> str:
    from spinodal._files import read_table

    tables = {
        OBSERVATIONS: into.observations,
        LOOPS: into.loops,
        TIPPINGS: into.tippings,
        PATHS: into.paths,
        PUBLISHED_FITS: into.published_fits,
    }
    if not meta.get("finished"):
        raise RequestError(f"the import in {folder} has not come to its end; run its command again")
    if into.is_new(folder):
        for name, held in tables.items():
            if (folder / name).is_file():
                held.append(read_table(folder / name))
        into.add_pairs(meta["pairs"])
        into.families.update(meta[IMPORTED].get("families", {}))
    return str(meta[IMPORTED]["name"])


def _study(folder: Path, meta: Mapping[str, Any], into: _Gathered) -> str:
    if into.is_new(folder):
        for part in meta[STUDY]["parts"]:
            within = folder / part["folder"]
            if (within / META).is_file():
                try:
                    _gather(within, into)
                except RequestError:  # nothing measured yet
                    continue
        into.families.update(meta[STUDY].get("families") or {})
    return str(meta[STUDY].get("name") or folder.name)


def _asks(name: str) -> Callable[[Mapping[str, Any]], bool]:
    return lambda meta: name in meta["request"]


def _keeps(name: str) -> Callable[[Mapping[str, Any]], bool]:
    return lambda meta: name in meta


# Told by the meta alone: the modules that read some of these folders import Inspect.
_KINDS: Final[
    tuple[
        tuple[Callable[[Mapping[str, Any]], bool], Callable[[Path, Mapping[str, Any], _Gathered], str]], ...
    ]
] = (
    (_keeps(STUDY), _study),
    (_keeps(IMPORTED), _imported),
    (_asks("experiment"), _society),
    (_asks("treatment"), _contagion),
    (_keeps("guard_study"), _guard_study),
    (_asks("sizes"), _critical_size),
    (_asks("n_peers"), _assessment),
)


def _label_of(meta: Mapping[str, Any], folder: Path) -> str:
    return str(meta["request"].get("agent", {}).get("label") or folder.name)


def _free(name: str, taken: Mapping[str, Any], folder: Path) -> str:
    """The name, told from its namesakes by the folder."""
    return f"{name} ({folder.name})" if name in taken else name


def _who(run: SocietyRun) -> dict[str, Any]:
    """The columns that every table of populations begins with."""
    groups = run.meta["request"]["groups"]
    agents = [group["agent"] for group in groups]
    temperatures = {float(agent["temperature"]) for agent in agents}
    labels = [
        f"{group['agents']} {agent['label']}" if len(groups) > 1 else str(agent["label"])
        for group, agent in zip(groups, agents, strict=True)
    ]
    return {
        "agent": " + ".join(labels),
        "model": " + ".join(dict.fromkeys(str(agent["model"]) for agent in agents)),
        "pair": run.pair.id,
        "option_a": run.pair.option_a,
        "option_b": run.pair.option_b,
        "agents": run.agents,
        "temperature": temperatures.pop() if len(temperatures) == 1 else float("nan"),
    }


def _paths(run: SocietyRun) -> pd.DataFrame:
    ended = (run.trajectories.loc[run.complete, "end"] == "consensus").to_numpy()
    # From which sweep on nothing changes any more, in those that came to rest.
    unlike = run.counts != run.counts[:, -1:]
    rest = np.where(unlike.any(axis=1), unlike.shape[1] - np.argmax(unlike[:, ::-1], axis=1), 0)
    sweeps = np.arange(run.sweeps + 1)
    return _a_row_a_sweep(
        run, {"m0": run.m0, "stopped": ended[:, None] & (sweeps >= rest[:, None])}, ("m0",), ("stopped",)
    )


def _tippings(run: SocietyRun, zealots: int, toward: str, since: int, until: int) -> pd.DataFrame:
    stay = {"zealots": zealots, "toward": toward, "zealots_from": since, "zealots_until": until}
    return _a_row_a_sweep(run, stay, tuple(stay))


def _zealots_stay(run: SocietyRun) -> tuple[int, str, int, int] | None:
    """So many, what they hold, the sweeps at which they join and leave; None where that changes meanwhile."""
    signed = [int(stage.zealots_a) - int(stage.zealots_b) for stage in run.stages]
    both = any(stage.zealots_a and stage.zealots_b for stage in run.stages)
    there = [place for place, zealots in enumerate(signed) if zealots]
    ends = np.cumsum([int(stage.sweeps) for stage in run.stages])
    if both or not there or {signed[place] for place in range(there[0], there[-1] + 1)} != {signed[there[0]]}:
        return None
    first = there[0]
    since = int(ends[first] - run.stages[first].sweeps)
    return abs(signed[first]), "A" if signed[first] > 0 else "B", since, int(ends[there[-1]])


def _a_row_a_sweep(
    run: SocietyRun, values: Mapping[str, Any], before: tuple[str, ...], after: tuple[str, ...] = ()
) -> pd.DataFrame:
    """Complete trajectories, flattened; `values` of each of them, of each sweep, or of all alike."""
    import pandas as pd

    shape = run.counts.shape
    numbers = run.trajectories.loc[run.complete, "trajectory"].to_numpy()
    wide: dict[str, Any] = {
        **{name: np.asarray(values[name]) for name in before},
        "trajectory": numbers,
        "sweep": np.arange(shape[1])[None, :],
        "m": 2.0 * run.counts / run.agents - 1.0,
        **{name: np.asarray(values[name]) for name in after},
    }
    columns = {
        name: np.broadcast_to(value[:, None] if value.ndim == 1 else value, shape).ravel()
        for name, value in wide.items()
    }
    return pd.DataFrame({**_who(run), **columns})


def _loops(run: SocietyRun) -> pd.DataFrame:
    import pandas as pd

    from spinodal.society_paths import Paths, society_loop

    m = 2.0 * run.counts / run.agents - 1.0
    loop = society_loop(run, [Paths(float("nan"), m, m[:, :, None], None, None)])
    numbers = run.trajectories.loc[run.complete, "trajectory"].to_numpy()
    there, back = loop.ways
    rises = loop.zealots[there][-1] >= loop.zealots[there][0]
    ways = {"m_up": there if rises else back, "m_down": back if rises else there}
    steps = [
        pd.DataFrame(
            {
                "trajectory": np.repeat(numbers, len(loop.zealots[way])),
                "zealots": np.tile(loop.zealots[way], len(numbers)),
                name: loop.m[:, way].ravel(),
            }
        )
        for name, way in ways.items()
    ]
    # A step at the turn may belong to one way only: the other has no mean there.
    found = steps[0].merge(steps[1], on=["trajectory", "zealots"], how="outer")
    columns = {str(name): found[name] for name in found.columns}
    # The first step of all may be longer, to settle; the last is as long as the others.
    return pd.DataFrame({**_who(run), **columns, "sweeps": float(run.stages[-1].sweeps)})


def _together(frames: list[pd.DataFrame], columns: tuple[str, ...]) -> pd.DataFrame:
    """One table; with these columns where there is no row."""
    import pandas as pd

    filled = [frame for frame in frames if len(frame)]
    if not filled:
        return pd.DataFrame(columns=list(columns))
    return pd.concat(filled, ignore_index=True)
