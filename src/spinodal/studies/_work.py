"""One part carried out, by whichever worker: in its run folder, at its provider's pace, its state told."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from spinodal import __version__
from spinodal._errors import RequestError, SpinodalError
from spinodal.agents import AgentSpec
from spinodal.agents.pacing import Limits, Pace, Paced, Spent, pacing
from spinodal.assessment import AssessmentRequest, assess
from spinodal.contagion_studies import ContagionRequest, run_contagion
from spinodal.critical_size import CriticalSizeRequest, run_critical_size
from spinodal.measure.reading import Prices
from spinodal.runs import read_meta, write_meta
from spinodal.societies import SocietyRequest, run_society
from spinodal.studies._lock import part_lock
from spinodal.studies._mirror import working_in
from spinodal.studies._state import Telling, state_file
from spinodal.studies._storage import Storage, open_storage
from spinodal.studies._study import Part, PartRequest


@dataclass(frozen=True)
class Job:
    """A part as it is handed to a worker: everything it takes to carry it out anywhere."""

    part: Part
    address: str
    """Where the study lies."""
    lanes: Mapping[str, Limits]
    """The limits to keep to, by lane: the worker's share."""
    prices: Prices | None
    command: tuple[str, ...]
    """The words of the command that carries this part out again."""
    version: str = __version__

    @property
    def id(self) -> str:
        """The part's."""
        return self.part.id


@dataclass(frozen=True)
class Outcome:
    """How a part ended."""

    id: str
    message: str = ""
    """Why it failed, or what of it could not be measured; "" where all was."""
    lost: bool = False
    """Its worker died: the part is to be handed out again."""

    @property
    def done(self) -> bool:
        """Whether nothing of it is left."""
        return not self.message and not self.lost


def carry_out(job: Job) -> Outcome:
    """Do a part. What is finished of it is not repeated; a fault of ours or the provider's is its outcome."""
    if job.version != __version__:
        raise RequestError(
            f"this worker has spinodal {__version__}, and the command {job.version}; install the same on both"
        )
    storage = open_storage(job.address)
    part, spent = job.part, Spent()
    with part_lock(storage, state_file(part.id)):
        telling = Telling(storage, part.id, spent)
        try:
            with telling.while_running(), pacing(_pace_of(job, spent)):
                message = _run(job, storage)
        except SpinodalError as error:
            message = str(error)
        except Exception as error:  # one part's fault must not stop the others
            from spinodal.agents.faults import scrub

            message = " ".join(scrub(f"{type(error).__name__}: {error}").split())[:300]
        telling.tell("failed" if message else "done", message)
    return Outcome(part.id, message)


def _pace_of(job: Job, spent: Spent) -> Callable[[AgentSpec], Paced]:
    """Each lane's pace, shared by all models that ask in it."""
    paces = {name: Pace(limits) for name, limits in job.lanes.items()}
    first = next(iter(paces.values()))
    prices = job.prices

    def price(read: int, written: int) -> float:
        return prices.cost(read, written) if prices else 0.0

    def pace_of(agent: AgentSpec) -> Paced:
        from spinodal.studies._agents import service_of

        return Paced(paces.get(service_of(agent), first), spent, price)

    return pace_of


def _run(job: Job, storage: Storage) -> str:
    """Carry the part out in its folder; what could not be measured, in words."""
    part = job.part
    beside = [f"parts/{part.measured_in}"] if part.measured_in else []
    with working_in(storage, part.folder, beside) as folder:
        run = _KINDS[type(part.request)]
        failures = run(_with_connections(part.request, job.lanes), folder, job.command, part.measured_in)
        meta = read_meta(folder)
        if meta.get("command") != list(job.command):
            write_meta(folder, {**meta, "command": list(job.command)})
    if not failures:
        return ""
    first = failures[0]
    named = next((str(first[key]) for key in ("pair", "trajectory", "agents", "game") if key in first), "")
    return f"{len(failures)} could not be measured ({named}: {first.get('message', '')})"


def _with_connections(request: PartRequest, lanes: Mapping[str, Limits]) -> PartRequest:
    """The request with as many connections as its lanes allow; they decide nothing of the result."""
    limits = [limit.max_connections for limit in lanes.values() if limit.max_connections is not None]
    return replace(request, max_connections=min(limits)) if limits else request


Failures = Sequence[Mapping[str, Any]]


def _assess(request: Any, folder: Path, command: Sequence[str], beside: str) -> Failures:
    from spinodal.report import write_report

    run = assess(request, folder, command=command)
    write_report(run)
    return run.failures


def _society(request: Any, folder: Path, command: Sequence[str], beside: str) -> Failures:
    from spinodal.report import write_society
    from spinodal.society_runs import read_society

    run = run_society(request, folder)
    if beside:
        # Relative, so that the study's folder may be moved, or be a copy.
        named = {group: [os.path.join("..", beside)] for group in run.groups}
        write_meta(folder, {**run.meta, "responses": named})
        run = read_society(folder)
    write_society(run)
    failures: Failures = run.meta["failures"]
    return failures


def _critical_size(request: Any, folder: Path, command: Sequence[str], beside: str) -> Failures:
    from spinodal.report._critical_size import write_critical_size

    run = run_critical_size(request, folder)
    write_critical_size(run)
    return run.failures


def _contagion(request: Any, folder: Path, command: Sequence[str], beside: str) -> Failures:
    from spinodal.contagion_verdict import judge_contagion
    from spinodal.report import write_contagion

    run = run_contagion(request, folder)
    write_contagion(run, judge_contagion(run))
    return run.failures


_KINDS: Final[Mapping[type, Callable[[Any, Path, Sequence[str], str], Failures]]] = {
    AssessmentRequest: _assess,
    SocietyRequest: _society,
    CriticalSizeRequest: _critical_size,
    ContagionRequest: _contagion,
}
