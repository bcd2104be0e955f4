"""The run folder of a society: what it leaves behind, and how it is read back.

meta.json              every input, version, seed and digest
trajectories.parquet   a row a trajectory (`tables.TRAJECTORY_COLUMNS`)
updates.parquet        a row an update (`UPDATE_COLUMNS` and `OBSERVATION_COLUMNS`)
arguments.parquet      a row a sentence that was said, where anybody argues
graph.edges            who sees whom, where that is a graph
response/*/            the measurements of each group's response, at as many peers as it saw: run folders
logs/*.eval            Inspect logs: every prompt and reply
report.html            the page
cache/                 finished model calls, while the run is not done
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from spinodal._errors import RequestError
from spinodal.pairs import OptionPair
from spinodal.response import FloatArray
from spinodal.runs import META, Run, read_meta, read_run
from spinodal.theory import Side, Stage

if TYPE_CHECKING:
    import pandas as pd

    from spinodal.fitting import CurveFit
    from spinodal.simulate import Placement
    from spinodal.simulate.graphs import Graph

TRAJECTORIES = "trajectories.parquet"
UPDATES = "updates.parquet"
ARGUMENTS = "arguments.parquet"
GRAPH = "graph.edges"
RESPONSE = "response"

Experiment = Literal["society", "tip", "hysteresis"]
"""The verb that made it: drift from given starts, zealots who join and leave, or are swept up and back."""


@dataclass(frozen=True)
class SocietyRun:
    """A society's run folder, read. Whatever is computed from it is computed anew, never read back."""

    path: Path
    meta: Mapping[str, Any]
    trajectories: pd.DataFrame
    updates: pd.DataFrame
    arguments: pd.DataFrame

    @property
    def experiment(self) -> Experiment:
        """What was done to the society."""
        experiment: Experiment = self.meta["request"]["experiment"]
        return experiment

    @property
    def name(self) -> str:
        """What pages call the run: its label, or its folder's name."""
        return str(self.meta["request"].get("label") or self.path.name)

    @cached_property
    def pair(self) -> OptionPair:
        """What the society is about."""
        return OptionPair(**self.meta["request"]["pair"])

    @property
    def toward(self) -> Side:
        """The option that zealots hold or, in their absence, whose majority would be the misaligned state.

        B where A is declared aligned; without a declared option A or B against the agents' own bias, and B
        where that is unknown.
        """
        toward = self.meta["request"].get("toward")
        if toward in ("A", "B"):
            side: Side = toward
            return side
        bias = sum(fit.b0 for fit in self.fits.values())
        return "A" if not self.pair.aligned and bias < 0.0 else "B"

    @cached_property
    def stages(self) -> tuple[Stage, ...]:
        """What it lived through."""
        return tuple(Stage(**stage) for stage in self.meta["request"]["stages"])

    @property
    def sweeps(self) -> int:
        """T, over all stages."""
        return int(sum(stage.sweeps for stage in self.stages))

    @property
    def groups(self) -> Mapping[str, int]:
        """Regular agents of each group, by its name, in order."""
        return {group["name"]: group["agents"] for group in self.meta["request"]["groups"]}

    @property
    def agents(self) -> int:
        """N, the regular agents."""
        return sum(self.groups.values())

    @property
    def shown(self) -> int | None:
        """Peers shown at random, where not all are."""
        shown: int | None = self.meta["request"]["shown"]
        return shown

    @cached_property
    def graph(self) -> Graph | None:
        """Who sees whom, where that is a graph."""
        if not self.meta["request"]["graph"]:
            return None
        from spinodal.simulate.graphs import read_edges

        return read_edges(self.path / GRAPH)

    @cached_property
    def placement(self) -> Placement | None:
        """Where zealots sit on the graph."""
        from spinodal.simulate import AtRandom, ByDegree, OnNodes

        kinds: dict[str, type[Placement]] = {"AtRandom": AtRandom, "ByDegree": ByDegree, "OnNodes": OnNodes}
        named = self.meta["request"]["placement"]
        return kinds[named["kind"]](**{key: named[key] for key in named if key != "kind"}) if named else None

    @property
    def stop_at_consensus(self) -> bool:
        """Whether a population in which all agree stays as it is."""
        return bool(self.meta["request"]["stop_at_consensus"])

    @property
    def memoryless(self) -> bool:
        """Whether only the opinions shown can matter: nobody remembers, argues or persuades."""
        request = self.meta["request"]
        return (
            request["memory"] == "nothing" and not request["arguments"] and request["adversaries"] == "silent"
        )

    @cached_property
    def complete(self) -> NDArray[np.bool_]:
        """Which trajectories were lived to their end, shape (R,)."""
        return np.asarray(self.trajectories["end"].isin(["sweeps", "consensus"]), dtype=bool)

    @cached_property
    def m0(self) -> FloatArray:
        """Where each complete trajectory was to start, shape (R,)."""
        return self.trajectories.loc[self.complete, "m0"].to_numpy(dtype=np.float64)

    @cached_property
    def counts(self) -> NDArray[np.int64]:
        """Regular agents for A at the sweeps 0..T, of each complete trajectory, shape (R, T + 1)."""
        rows = self.trajectories.loc[self.complete, "agents_a"]
        return np.array([list(row) for row in rows], dtype=np.int64).reshape(-1, self.sweeps + 1)

    @cached_property
    def counts_by_group(self) -> NDArray[np.int64]:
        """The same of each group, shape (R, T + 1, groups)."""
        rows = self.trajectories.loc[self.complete, "agents_a_by_group"]
        counts = [[list(group) for group in row] for row in rows]
        shaped = np.array(counts, dtype=np.int64).reshape(-1, len(self.groups), self.sweeps + 1)
        return np.swapaxes(shaped, 1, 2)

    @property
    def decided_share(self) -> float:
        """Share of updates whose reply took one of the options, in [0, 1]; 1 without updates."""
        return 1.0 - float((self.updates["chosen"] == "").mean()) if len(self.updates) else 1.0

    @cached_property
    def responses(self) -> Mapping[str, Sequence[Run]]:
        """The measurements behind the prediction, by group; empty where the run was made without."""
        named = self.meta.get("responses") or {}
        return {
            group: [read_run(_from(self.path, Path(where))) for where in folders]
            for group, folders in named.items()
        }

    @cached_property
    def fits_by_peers(self) -> Mapping[str, Mapping[int, CurveFit]]:
        """The measured response of each group, by the number of peers it was measured at, ascending.

        None of a group whose replies took neither option.
        """
        found = {}
        for group, runs in self.responses.items():
            fits = [fit for run in runs for fit in run.fits if fit.keys["pair"] == self.pair.id]
            if fits:
                found[group] = {
                    int(fit.keys["n_peers"]): fit
                    for fit in sorted(fits, key=lambda fit: int(fit.keys["n_peers"]))
                }
        return found

    @property
    def fits(self) -> Mapping[str, CurveFit]:
        """Of each group the response measured at the fewest peers: those it has while zealots are away."""
        return {group: next(iter(fits.values())) for group, fits in self.fits_by_peers.items()}

    def beside(self, measured: Sequence[Path]) -> SocietyRun:
        """The same society beside other measurements of its agents' response, run folders of `assess`.

        Several are of several numbers of peers.

        Raises:
            RequestError: it is of other agents, another pair or other words, or there are several groups.
        """
        if len(self.groups) > 1:
            raise RequestError(f"one measured response for {len(self.groups)} groups; leave --response out")
        for folder in measured:
            require_same_agents(self.meta["request"], folder)
        named = {group: [str(folder.absolute()) for folder in measured] for group in self.groups}
        return SocietyRun(
            self.path, {**self.meta, "responses": named}, self.trajectories, self.updates, self.arguments
        )


def require_same_agents(request: Mapping[str, Any], measured: Path) -> None:
    """Refuse a measurement of other agents than a society's, of another pair, or in other words.

    Raises:
        RequestError: one line says what differs.
    """
    run = read_run(measured)
    there, agent = run.meta["request"], request["groups"][0]["agent"]
    wanted = {name: agent[name] for name in ("model", "system_prompt", "temperature")}
    wanted |= {name: request[name] for name in ("template_digest", "listed")}
    for name, value in wanted.items():
        if there.get(name) != value:
            raise RequestError(
                f"the response in {measured} is of agents with {name} {there.get(name)!r}, not {value!r}; "
                "name another run, or leave --response out"
            )
    _require_same_guard(there["agent"], agent, measured)
    if request["pair"] not in list(run.meta["pairs"]):
        raise RequestError(
            f"the response in {measured} is not of the pair {request['pair']['id']!r}; "
            "name a run that measured it"
        )


def _require_same_guard(there: Mapping[str, Any], agent: Mapping[str, Any], measured: Path) -> None:
    for name, what in (("guard", "guard"), ("guard_digest", "words"), ("profile_digest", "profile")):
        if there.get(name) != agent.get(name):
            told = f"{there.get(name) or 'none'}, not {agent.get(name) or 'none'}"
            differs = f"under the guard {told}" if what == "guard" else f"under a guard of other {what}"
            raise RequestError(
                f"the response in {measured} is of agents {differs}; "
                "name another run, or leave --response out"
            )


def is_society(folder: Path) -> bool:
    """Whether a run folder is that of a society."""
    return (folder / META).is_file() and "experiment" in read_meta(folder)["request"]


def read_society(path: str | Path) -> SocietyRun:
    """Read the run folder of a society.

    Raises:
        RequestError: no such folder, another kind of run, or no trajectory finished yet.
    """
    import pandas as pd

    from spinodal.tables import ARGUMENT_COLUMNS

    folder = Path(path)
    if not folder.is_dir():
        raise RequestError(f"no run folder at {folder}; `spinodal society --run {folder}` would make it")
    if not is_society(folder):
        raise RequestError(f"{folder} holds no society; name a folder that `spinodal society` wrote")
    if not (folder / TRAJECTORIES).is_file():
        raise RequestError(f"the society in {folder} has not come to its end yet; run its command again")
    try:
        tables = [pd.read_parquet(folder / name) for name in (TRAJECTORIES, UPDATES)]
        said = folder / ARGUMENTS
        arguments = pd.read_parquet(said) if said.is_file() else pd.DataFrame(columns=list(ARGUMENT_COLUMNS))
    except (OSError, ValueError) as error:
        raise RequestError(f"cannot read the tables in {folder}: {error}; run the command again") from error
    return SocietyRun(folder, read_meta(folder), tables[0], tables[1], arguments)


def _from(folder: Path, named: Path) -> Path:
    """A folder named from within another, or by itself."""
    return named if named.is_absolute() else folder / named
