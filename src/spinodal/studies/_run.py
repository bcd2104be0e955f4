"""A study carried out: parts handed to workers, lane by lane, until none is left.

run_study(study, where)   goes on where an earlier command was stopped; repeats no finished model call
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from spinodal._errors import RequestError, RunError
from spinodal.assessment import AssessmentRequest
from spinodal.studies._folder import gather, is_done, open_study, part_meta, parts_named, write_meta_of
from spinodal.studies._lock import study_lock
from spinodal.studies._storage import Storage, open_storage
from spinodal.studies._study import Part, Study
from spinodal.studies._work import Job, Outcome
from spinodal.studies.crews import Crew, HereCrew

LOSSES = 5
"""Workers that a part may lose before it counts as failed."""


@dataclass(frozen=True)
class Planned:
    """What is left to do, before it is begun."""

    storage: Storage
    parts: tuple[Part, ...]
    done: tuple[Part, ...]
    workers: int


@dataclass(frozen=True)
class Begun:
    """A part was handed to a worker."""

    part: Part


@dataclass(frozen=True)
class Ended:
    """A part came to its end, or lost its worker."""

    part: Part
    outcome: Outcome


StudyEvent = Planned | Begun | Ended
StudyObserver = Callable[[StudyEvent], None]


@dataclass(frozen=True)
class StudyRun:
    """What a command on a study came to."""

    storage: Storage
    study: Study
    failed: Mapping[str, str]
    """Why parts failed, by id."""
    left: tuple[Part, ...]
    """Parts that are not done: those that failed, and those that were not asked for."""


def run_study(
    study: Study,
    where: str | Path,
    *,
    crew: Crew | None = None,
    only: Sequence[str] = (),
    observer: StudyObserver = lambda event: None,
) -> StudyRun:
    """Carry a study out. A part that fails does not stop the others; the next command tries it again.

    Args:
        study: what is asked for.
        where: its folder, or an fsspec address.
        crew: who does the work; this process where none is given.
        only: patterns of parts' ids, as in `assess-*`; all parts where there is none.
        observer: hears of it while it runs.

    Raises:
        RequestError: the folder holds another study; another command is at work on it; a missing key.
    """
    storage = open_storage(where)
    wanted = parts_named(study, only)
    meta = open_study(storage, study)
    with study_lock(storage):
        meta = open_study(storage, study)
        finished = {part.id for part in study.parts if is_done(part_meta(storage, part))}
        todo = [part for part in wanted if part.id not in finished]
        failed: dict[str, str] = {}
        if todo:
            with crew or HereCrew() as hands:  # refused before anything is written, where nobody is there
                write_meta_of(storage, meta)
                done = tuple(part for part in wanted if part.id in finished)
                observer(Planned(storage, tuple(todo), done, hands.workers))
                _Dispatch(study, storage, hands, observer, finished, failed).carry_out(todo)
        if todo or not meta.get("finished"):
            gather(storage, study, meta, failed)
    left = tuple(part for part in study.parts if part.id not in finished)
    return StudyRun(storage, study, failed, left)


class _Dispatch:
    """Hands parts out: in their order, no lane with more workers than it allows."""

    def __init__(
        self,
        study: Study,
        storage: Storage,
        crew: Crew,
        observer: StudyObserver,
        finished: set[str],
        failed: dict[str, str],
    ) -> None:
        self._study, self._storage, self._crew, self._observer = study, storage, crew, observer
        self._finished, self._failed = finished, failed
        self._busy: Counter[str] = Counter()
        self._losses: Counter[str] = Counter()

    def carry_out(self, todo: Sequence[Part]) -> None:
        """All of them, or why not."""
        waiting, under_way = list(todo), dict[str, Part]()
        while waiting or under_way:
            for part in self._ready(waiting, under_way):
                if len(under_way) >= self._crew.workers:
                    break
                if any(self._busy[lane] >= self._study.lanes[lane].workers for lane in part.lanes):
                    continue
                waiting.remove(part)
                try:
                    job = self._job(part)
                except (RequestError, RunError) as error:
                    self._end(part, Outcome(part.id, str(error)))
                    continue
                under_way[part.id] = part
                self._busy.update(part.lanes)
                self._observer(Begun(part))
                self._crew.start(job)
            if not under_way:
                continue
            for outcome in self._crew.wait():
                part = under_way.pop(outcome.id)
                self._busy.subtract(part.lanes)
                if outcome.lost:
                    outcome = self._lost(part, outcome, waiting)
                self._end(part, outcome)

    def _ready(self, waiting: list[Part], under_way: Mapping[str, Part]) -> Iterator[Part]:
        """Parts that could begin; those that never can are failed on the way."""
        pending = {part.id for part in waiting} | set(under_way)
        for part in list(waiting):
            missing = [id for id in part.after if id not in self._finished]
            if not missing:
                yield part
            elif not set(missing) & pending:
                waiting.remove(part)
                why = self._failed.get(missing[0])
                told = f"failed ({why})" if why else "is not done; let this command do it too"
                self._end(part, Outcome(part.id, f"it needs the part {missing[0]}, which {told}"))

    def _job(self, part: Part) -> Job:
        agent = self._study.agent(part.agent)
        lanes = {
            name: self._study.lanes[name].limits.shared(self._study.lanes[name].workers)
            for name in part.lanes
        }
        path = self._storage.local
        address = self._storage.address if path is None else str(path.absolute())
        command = ("spinodal", "study", "run", self._study.source, "--run", self._storage.address)
        return Job(self._alike(part), address, lanes, agent.prices, (*command, "--only", part.id))

    def _alike(self, part: Part) -> Part:
        """The part with replies read as they were in the first of its agent and condition."""
        request = part.request
        if not part.reads_like or not isinstance(request, AssessmentRequest):
            return part
        choice = part_meta(self._storage, self._study.part(part.reads_like)).get("readout_choice")
        if not choice:
            raise RunError(f"the part {part.reads_like} does not say how replies were read; run it again")
        plan = replace(request.plan, readout=choice["readout"], prefill="on" if choice["prefill"] else "off")
        return replace(part, request=replace(request, plan=plan))

    def _lost(self, part: Part, outcome: Outcome, waiting: list[Part]) -> Outcome:
        """The part given back, unless it has lost too many workers."""
        self._losses[part.id] += 1
        if self._losses[part.id] > LOSSES:
            return Outcome(part.id, f"it lost {self._losses[part.id]} workers: {outcome.message}")
        waiting.insert(0, part)
        return outcome

    def _end(self, part: Part, outcome: Outcome) -> None:
        if outcome.done:
            self._finished.add(part.id)
        elif not outcome.lost:
            self._failed[part.id] = outcome.message
        self._observer(Ended(part, outcome))
