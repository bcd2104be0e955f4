"""Guards judged by what they do to a population: the same assessment without a guard and with each.

plan_guards(request)          what it would take, before a call is made
run_guards(request, folder)   an assessment each, in folders of their own; goes on where it was stopped
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from spinodal._errors import RequestError
from spinodal._recording import Request, folder_name, now, open_folder
from spinodal.agents import AgentSpec, Guarding
from spinodal.assessment import AssessmentRequest, PlannedCosts, assess, plan_costs
from spinodal.guard_runs import NONE, GuardStudy, read_guards
from spinodal.guards import AgentProfile, GuardSpec
from spinodal.measure.task import Observer
from spinodal.runs import Run, read_run, write_meta


@dataclass(frozen=True)
class GuardStudyRequest(Request):
    """A study of guards. Two requests with the same digest give the same run.

    Args:
        base: the assessment of the agent without a guard.
        guards: each to be put on the same agent.

    Raises:
        RequestError: no guard, one twice, or one that has nothing to say to this agent.
    """

    base: AssessmentRequest
    guards: tuple[Guarding, ...]

    def __post_init__(self) -> None:
        names = [guard.name for guard in self.guards]
        if not names:
            raise RequestError("no guard to judge; name one or more with --guard")
        for name in names:
            if names.count(name) > 1:
                raise RequestError(f"the guard {name} is given twice; give it once")
        _ = self.requests  # refuses a guard that cannot be put on this agent

    @cached_property
    def requests(self) -> dict[str, AssessmentRequest]:
        """The assessments, by guard; the first without."""
        plan = self.base.plan
        made = {NONE: self.base}
        for guard in self.guards:
            agent = _with_guard(plan.agent, guard)
            made[guard.name] = replace(self.base, plan=replace(plan, agent=agent))
        return made

    @property
    def folders(self) -> dict[str, str]:
        """Name of each assessment's folder within the study's, by guard."""
        found: dict[str, str] = {}
        for name in self.requests:
            slug = re.sub(r"[^a-z0-9.+=-]+", "-", name.lower()).strip("-")[:60]
            while slug in found.values():
                slug += "-2"
            found[name] = slug
        return found

    def to_dict(self) -> dict[str, Any]:
        """Everything that decides the result, JSON-ready."""
        return {
            **self.base.to_dict(),
            "guards": [guard.to_dict() for guard in self.guards],
        }

    def command(self, folder: Path) -> list[str]:
        """The command that makes this study again."""
        words = self.base.command(folder)
        for guard in self.guards:
            words += ["--guard", guard.name]
        source = next((guard.source for guard in self.guards if guard.source), None)
        return [*words, "--profile", source] if source else words

    @property
    def default_folder(self) -> Path:
        """Where the study goes when no folder is named: the same request, the same folder."""
        return Path("runs") / f"guards-{folder_name(self.base.plan.agent)}-{self.digest[:8]}"


def plan_guards(request: GuardStudyRequest) -> dict[str, list[PlannedCosts]]:
    """The most that each assessment can take, by guard and readout."""
    return {name: plan_costs(one) for name, one in request.requests.items()}


def run_guards(
    request: GuardStudyRequest,
    folder: Path,
    begun: Callable[[str, AssessmentRequest], Observer] = lambda guard, request: lambda event: None,
) -> GuardStudy:
    """Assess the agent without a guard, then with each. What is finished is not repeated.

    Args:
        request: the study.
        folder: its folder; each assessment has one within it.
        begun: called before each assessment; what it returns hears of that one.

    Raises:
        RequestError: the folder holds another request; an unknown model; a missing key.
        RunError: an assessment could not measure a single pair.
    """
    plan = request.base.plan
    meta = open_folder(folder, request.to_dict(), request.digest, plan.agent, plan.prices)
    meta["guard_study"] = request.folders
    command = meta.setdefault("command", request.command(folder))
    write_meta(folder, meta)
    for name, one in request.requests.items():
        if name != NONE:
            one = _read_alike(one, read_run(folder / request.folders[NONE]))
        assess(one, folder / request.folders[name], begun(name, one), command)
    if not meta.get("finished"):
        meta["finished"] = now()
        write_meta(folder, meta)
    return read_guards(folder)


def guards_of(texts: list[str], profile: Path | None) -> tuple[Guarding, ...]:
    """The guards that a user names, from one profile; "none" is left out, being there anyhow.

    Raises:
        RequestError: an unknown guard or setting, or a profile that cannot be read.
    """
    known = None if profile is None else AgentProfile.read(profile)
    specs = [GuardSpec.parse(text) for text in texts]
    source = "" if profile is None else str(profile)
    return tuple(Guarding(spec, known, source) for spec in specs if spec.kind != NONE)


def _read_alike(request: AssessmentRequest, baseline: Run) -> AssessmentRequest:
    """The request with replies read as they were without a guard: two readouts do not compare."""
    choice = baseline.meta["readout_choice"]
    plan = replace(request.plan, readout=choice["readout"], prefill="on" if choice["prefill"] else "off")
    return replace(request, plan=plan)


def _with_guard(agent: AgentSpec, guard: Guarding) -> AgentSpec:
    label = "" if agent.label == agent.usual_label else f"{agent.label}, guard {guard.name}"
    return replace(agent, guard=guard, label=label)
