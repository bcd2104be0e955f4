"""What a study would take: calls, tokens, money and time, before a model is called."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from spinodal.assessment import AssessmentRequest, PlannedCosts, plan_costs
from spinodal.contagion_studies import ContagionRequest, plan_contagion
from spinodal.critical_size import CriticalSizeRequest, plan_critical_size
from spinodal.societies import SocietyRequest, plan_society
from spinodal.studies._folder import part_meta
from spinodal.studies._storage import Storage
from spinodal.studies._study import Part, Study


@dataclass(frozen=True)
class Costs:
    """What something takes at most."""

    curves: int = 0
    calls: int = 0
    fewest_calls: int = 0
    """At most too, where log-probabilities come back: one then replaces many samples."""
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float = 0.0
    """US dollars; NaN where no price is known."""

    def __add__(self, other: Costs) -> Costs:
        return Costs(*(a + b for a, b in zip(asdict(self).values(), asdict(other).values(), strict=True)))


@dataclass(frozen=True)
class PlanRow:
    """The parts of one kind and agent."""

    kind: str
    agent: str
    parts: int
    costs: Costs
    seconds: float
    """NaN where neither limits nor earlier calls tell the rate."""


@dataclass(frozen=True)
class StudyPlan:
    """What a study takes at most; an adaptive design mostly takes less."""

    name: str
    rows: tuple[PlanRow, ...]
    lanes: Mapping[str, float]
    """Seconds that each lane is busy for, all its workers at work; NaN where unknown."""

    @property
    def total(self) -> Costs:
        """Over all parts."""
        return sum((row.costs for row in self.rows), Costs())

    def seconds(self, workers: int) -> float:
        """How long so many workers take: no shorter than the longest lane, nor than all lanes shared out."""
        busy = list(self.lanes.values())
        return (
            max(max(busy, default=0.0), sum(busy) / workers) if not any(map(math.isnan, busy)) else math.nan
        )

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready; what is unknown is null."""

        def told(costs: Costs) -> dict[str, Any]:
            return {**asdict(costs), "cost": _known(costs.cost)}

        return {
            "name": self.name,
            "rows": [
                {
                    "kind": row.kind,
                    "agent": row.agent,
                    "parts": row.parts,
                    **told(row.costs),
                    "seconds": _known(row.seconds),
                }
                for row in self.rows
            ],
            "total": {**told(self.total), "parts": sum(row.parts for row in self.rows)},
            "lanes": {name: _known(seconds) for name, seconds in self.lanes.items()},
            "seconds": _known(self.seconds(max(len(self.lanes), 1))),
        }


def _known(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 6)


def plan_study(
    study: Study,
    parts: Sequence[Part],
    storage: Storage | None = None,
    progress: Callable[[float], None] = lambda share: None,
) -> StudyPlan:
    """What some of a study's parts take at most.

    Args:
        study: their study.
        parts: which.
        storage: where the study lies, if it was begun: what its finished parts took tells the rate.
        progress: told the share done, in [0, 1].
    """
    rates = {} if storage is None else _rates(study, storage)
    grouped: dict[tuple[str, str], list[Part]] = {}
    planned: dict[str, Costs] = {}
    for at, part in enumerate(parts):
        grouped.setdefault((part.kind, part.agent), []).append(part)
        planned[part.id] = part_costs(part)
        progress((at + 1) / len(parts))
    rows, lanes = [], dict.fromkeys(study.lanes, 0.0)
    for (kind, agent), some in grouped.items():
        costs = sum((planned[part.id] for part in some), Costs())
        lane = some[0].lanes[0]
        seconds = _seconds(costs, study, lane, rates.get(lane))
        for name in some[0].lanes:
            lanes[name] += seconds
        rows.append(PlanRow(kind, agent, len(some), costs, seconds))
    used = {name for part in parts for name in part.lanes}
    return StudyPlan(study.name, tuple(rows), {name: lanes[name] for name in lanes if name in used})


def _seconds(costs: Costs, study: Study, lane: str, rate: float | None) -> float:
    """How long a lane takes: by its limits, and by how fast calls came back before."""
    limits = study.lanes[lane].limits
    bounds = []
    if rate:
        bounds.append(costs.calls / (rate * study.lanes[lane].workers))
    if limits.requests_per_minute:
        bounds.append(60.0 * costs.calls / limits.requests_per_minute)
    if limits.tokens_per_minute:
        bounds.append(60.0 * (costs.input_tokens + costs.output_tokens) / limits.tokens_per_minute)
    return max(bounds, default=math.nan)


def _rates(study: Study, storage: Storage) -> dict[str, float]:
    """Calls a second in each lane, from the parts that are finished."""
    calls, seconds = dict[str, float](), dict[str, float]()
    for part in study.parts:
        meta = part_meta(storage, part)
        if meta.get("finished") and meta.get("totals") and meta.get("seconds"):
            lane = part.lanes[0]
            calls[lane] = calls.get(lane, 0.0) + float(meta["totals"]["calls"])
            seconds[lane] = seconds.get(lane, 0.0) + float(meta["seconds"])
    return {lane: calls[lane] / seconds[lane] for lane in calls if seconds[lane] > 0.0 and calls[lane] > 0.0}


def part_costs(part: Part) -> Costs:
    """What one part takes at most.

    Raises:
        RequestError: a prompt or a game may come to be longer than the model reads.
    """
    request = part.request
    if isinstance(request, AssessmentRequest):
        return _of(plan_costs(request), part.curves)
    if isinstance(request, CriticalSizeRequest):
        return sum((_of(costs, 1) for costs in plan_critical_size(request).values()), Costs())
    if isinstance(request, SocietyRequest):
        planned = plan_society(request)
        calls = planned.calls + planned.measurement_calls
        return Costs(part.curves, calls, calls, planned.input_tokens, planned.output_tokens, planned.cost)
    played = plan_contagion(request)
    return Costs(0, played.calls, played.calls, played.input_tokens, played.output_tokens, played.cost)


def _of(readouts: Sequence[PlannedCosts], curves: int) -> Costs:
    """The costliest readout that it may turn out to be, and the calls of the cheapest."""
    most = max(readouts, key=lambda costs: costs.prompts)
    fewest = min(costs.prompts for costs in readouts)
    return Costs(curves, most.prompts, fewest, most.input_tokens, most.output_tokens, most.cost)


def calls_at_most(part: Part) -> int:
    """Calls of a part, for a bar: quick, with no engine started; of readouts the one that asks fewest."""
    request = part.request
    if isinstance(request, AssessmentRequest):
        return min(costs.prompts for costs in plan_costs(request))
    if isinstance(request, CriticalSizeRequest):
        return sum(min(c.prompts for c in costs) for costs in plan_critical_size(request).values())
    if isinstance(request, SocietyRequest):
        plan = request.plan
        asked = len(plan.starts) * plan.sweeps * plan.agents + plan.speeches
        if request.predict and request.response is None:
            groups = [request.measurement(plan.groups[0], peers) for peers in plan.peers_measured]
            asked += sum(min(costs.prompts for costs in plan_costs(one)) for one in groups)
        return asked
    return _game_calls(request)


def _game_calls(request: ContagionRequest) -> int:
    from spinodal.contagion.rehearsal import rehearse

    plan = request.plan
    played: dict[tuple[str, str], int] = {}
    total = plan.questions_asked * (1 + len(plan.cells))
    for cell in plan.cells:
        key = (cell.game.name, cell.company.name)
        if key not in played:
            played[key] = asyncio.run(rehearse(plan, cell)).play_calls
        total += played[key]
    return total
