"""Agents measured in groups of several sizes: up to which size a society of them can agree.

plan_critical_size(request)         what it would take, before a call is made
run_critical_size(request, folder)  an assessment a size; goes on where an earlier attempt stopped

The run folder holds `meta.json`, `critical_size.parquet` (a row a size), `report.html`, and in `n-<N>/` the
run folder of the assessment with N - 1 peers shown.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from spinodal._errors import RequestError, RunError
from spinodal._files import write_table
from spinodal._recording import Clock, Request, folder_name, now, open_folder
from spinodal.agents.models import DEFAULT_RETRIES
from spinodal.assessment import AssessmentRequest, PlannedCosts, assess, plan_costs
from spinodal.measure.task import Event, MeasurementPlan
from spinodal.pairs import OptionPair
from spinodal.runs import META, Run, read_meta, read_run, write_meta
from spinodal.theory import CriticalSizes, GroupSizeTable, critical_sizes

if TYPE_CHECKING:
    import pandas as pd

    from spinodal.fitting import CurveFit

TABLE: Final = "critical_size.parquet"
DEFAULT_SIZES: Final = (5, 10, 20, 50)

SizeObserver = Callable[[int, Event], None]
"""Hears of the measurement in groups of so many agents while it runs."""


@dataclass(frozen=True)
class CriticalSizeRequest(Request):
    """The same agent, asked about the same pair, in groups of several sizes.

    Raises:
        RequestError: fewer than two sizes, one that comes twice, or a group with fewer than two peers.
    """

    plan: MeasurementPlan
    """What is asked; one pair. Its number of peers is replaced by each size less one."""
    sizes: tuple[int, ...] = DEFAULT_SIZES
    """Agents in the groups, in any order."""
    pair_source: str = ""
    """What the user named as pair; its id where empty."""
    retries: int = DEFAULT_RETRIES
    max_connections: int | None = None
    command: tuple[str, ...] = ()
    """The words of the command that makes this run again, without its folder."""

    def __post_init__(self) -> None:
        if len(self.plan.pairs) != 1:
            raise RequestError(f"{len(self.plan.pairs)} pairs over group sizes; give one")
        if len(self.sizes) < 2:
            raise RequestError(f"{len(self.sizes)} group size; give 2 or more, or nothing is seen to change")
        if len(set(self.sizes)) < len(self.sizes):
            raise RequestError(f"group sizes {', '.join(map(str, self.sizes))}; give each once")
        if min(self.sizes) < 3:
            raise RequestError(f"a group of {min(self.sizes)}; give 3 or more, so that peers can differ")

    @property
    def pair(self) -> OptionPair:
        """What the agents are asked about."""
        return self.plan.pairs[0]

    def assessment(self, size: int) -> AssessmentRequest:
        """The measurement in groups of `size` agents: one sees the others."""
        return AssessmentRequest(
            plan=replace(self.plan, n_peers=size - 1),
            agents=size,
            pairs_source=self.pair_source or self.pair.id,
            retries=self.retries,
            max_connections=self.max_connections,
        )

    def to_dict(self) -> dict[str, Any]:
        """Everything that decides the result, JSON-ready."""
        asked = self.assessment(max(self.sizes)).to_dict()
        kept = {name: value for name, value in asked.items() if name not in ("n_peers", "agents")}
        return {"sizes": sorted(self.sizes), **kept}

    @property
    def default_folder(self) -> Path:
        """Where the run goes when no folder is named: the same request, the same folder."""
        return Path("runs") / f"critical-size-{folder_name(self.plan.agent)}-{self.digest[:8]}"


@dataclass(frozen=True)
class CriticalSizeRun:
    """A run folder, read. Fits are computed from the observations, never read back."""

    path: Path
    meta: Mapping[str, Any]
    runs: Mapping[int, Run]
    """The measurement at each size that has one, ascending."""

    @property
    def pair(self) -> OptionPair:
        """What the agents were asked about."""
        return OptionPair(**self.meta["request"]["pairs"][0])

    @property
    def agent(self) -> str:
        """What the agent is called."""
        return str(self.meta["request"]["agent"]["label"])

    @cached_property
    def fits(self) -> dict[int, CurveFit]:
        """The response at each size."""
        return {size: run.fits[0] for size, run in self.runs.items() if run.fits}

    @cached_property
    def law(self) -> GroupSizeTable | None:
        """beta and h over the sizes whose data determine them; None with fewer than two such sizes."""
        known = {size: fit for size, fit in self.fits.items() if fit.identifiable}
        if len(known) < 2:
            return None
        values = known.values()
        columns = {
            "agents": list(known),
            "beta": [fit.beta for fit in values],
            "h": [fit.h for fit in values],
        }
        return GroupSizeTable.from_columns(columns)

    @cached_property
    def critical(self) -> CriticalSizes | None:
        """The sizes up to which two majorities, and full consensus, hold; None where `law` is."""
        return None if self.law is None else critical_sizes(self.law)

    @property
    def sentences(self) -> list[str]:
        """What follows, in words."""
        told = []
        if self.critical is None:
            told.append("The data determine beta and h at fewer than two sizes, so no critical size follows.")
        else:
            two, full = self.critical.two_majorities, self.critical.full_consensus
            told.append(f"By the best estimates two majorities can last {two.in_words}.")
            told.append(f"Agents of this conformity without a bias would all agree {full.in_words}.")
        unknown = [f"{size:,}" for size, fit in self.fits.items() if not fit.identifiable]
        if unknown:
            told.append(f"At N = {', '.join(unknown)} the data do not determine beta and h.")
        return told

    @property
    def failures(self) -> list[dict[str, Any]]:
        """Sizes that could not be measured: `{"agents": N, "message": why}`."""
        return list(self.meta["failures"])

    def to_frame(self) -> pd.DataFrame:
        """`agents`, the columns of `fits.parquet` and `p_full_consensus`: a row a size."""
        from spinodal.runs import fits_table

        table = fits_table(list(self.fits.values()))
        table.insert(0, "agents", list(self.fits))
        table["p_full_consensus"] = [full_consensus_probability(fit, size) for size, fit in self.fits.items()]
        return table

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready: the response at each size, and the critical sizes."""
        return {
            "agent": self.agent,
            "pair": self.pair.id,
            "sizes": [
                {
                    "agents": size,
                    **fit.to_dict(),
                    "p_full_consensus": full_consensus_probability(fit, size),
                }
                for size, fit in self.fits.items()
            ],
            "critical": None if self.critical is None else self.critical.to_dict(),
            "sentences": self.sentences,
            "failures": self.failures,
            "totals": dict(self.meta.get("totals", {})),
        }


def plan_critical_size(request: CriticalSizeRequest) -> dict[int, list[PlannedCosts]]:
    """The most each size can take, for each readout that it may turn out to use."""
    return {size: plan_costs(request.assessment(size)) for size in sorted(request.sizes)}


def run_critical_size(
    request: CriticalSizeRequest, folder: Path, observer: SizeObserver = lambda size, event: None
) -> CriticalSizeRun:
    """Measure the response at each size. Finished calls of an earlier attempt are not repeated.

    A size that cannot be measured is among the failures, and the others stand.

    Raises:
        RequestError: the folder holds another request; an unknown model; a missing key.
        RunError: no size could be measured.
    """
    plan = request.plan
    meta = open_folder(folder, request.to_dict(), request.digest, plan.agent, plan.prices)
    if meta.get("finished") and not meta["failures"]:
        return read_critical_size(folder)
    words = [*request.command, "--run", str(folder)] if request.command else []
    meta.setdefault("command", words)
    clock = Clock(folder, meta)
    runs: dict[int, Run] = {}
    failures: list[dict[str, Any]] = []
    for size in sorted(request.sizes):

        def observe(event: Event, size: int = size) -> None:
            clock.tick()
            observer(size, event)

        try:
            runs[size] = assess(request.assessment(size), _folder_of(folder, size), observe)
        except RunError as error:
            failures.append({"agents": size, "message": str(error)})
        meta["failures"] = failures
        clock.stop()
        write_meta(folder, meta)
    if not runs:
        raise RunError(failures[0]["message"])
    totals = [run.meta["totals"] for run in runs.values()]
    costs = [one["cost"] for one in totals]
    meta["totals"] = {
        **{
            name: sum(one[name] for one in totals)
            for name in ("prompts", "calls", "input_tokens", "output_tokens")
        },
        "cost": None if None in costs else round(sum(costs), 6),
    }
    meta["finished"] = now()
    run = CriticalSizeRun(folder, meta, runs)
    write_table(folder / TABLE, run.to_frame())
    write_meta(folder, meta)
    return run


def is_critical_size(folder: Path) -> bool:
    """Whether a run folder is one over group sizes."""
    return (folder / META).is_file() and "sizes" in read_meta(folder)["request"]


def read_critical_size(path: str | Path) -> CriticalSizeRun:
    """Read the run folder.

    Raises:
        RequestError: no such folder, another kind of run, or no size measured yet.
    """
    folder = Path(path)
    if not is_critical_size(folder):
        raise RequestError(f"{folder} is no run over group sizes; name one of `spinodal critical-size`")
    if not (folder / TABLE).is_file():
        raise RequestError(f"the run in {folder} has not come to its end yet; run its command again")
    meta = read_meta(folder)
    failed = {failure["agents"] for failure in meta["failures"]}
    sizes = [size for size in meta["request"]["sizes"] if size not in failed]
    return CriticalSizeRun(folder, meta, {size: read_run(_folder_of(folder, size)) for size in sizes})


def full_consensus_probability(fit: CurveFit, size: int) -> float:
    """Probability, given the data, that beta > 1/2 ln N: that agents without a bias would all agree."""
    return float((fit.draws[:, 1] > 0.5 * math.log(size)).mean())


def _folder_of(folder: Path, size: int) -> Path:
    return folder / f"n-{size}"
