"""Societies of a study file: drift from several starts, zealots who join and leave, or are swept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from spinodal._errors import RequestError
from spinodal.measure.task import find_pair
from spinodal.pairs import OptionPair
from spinodal.societies import SocietyRequest
from spinodal.society.adversaries import adversaries_of
from spinodal.society.group import Group
from spinodal.society.memory import memory_of
from spinodal.society.plan import DEFAULT_M0, DEFAULT_SWEEPS, SocietyPlan
from spinodal.society_runs import Experiment
from spinodal.studies._agents import PREFILLS, READOUTS
from spinodal.studies._conditions import (
    Common,
    Condition,
    pairs_name,
    prefill_of,
    read_only,
    read_template,
    readout_of,
    slug,
)
from spinodal.studies._study import Part, StudyAgent
from spinodal.studies._values import Keys, Value, at_line
from spinodal.theory import Side, Stage, zealots_swept

_COMMON: Final = (
    "name", "only", "pair", "agents", "template", "listed", "readout", "prefill", "temperature", "m0",
    "trajectories", "shown", "memory", "arguments", "adversaries", "stop_at_consensus", "on_abstention",
    "response", "budget", "at_once", "seed",
)  # fmt: skip
SOCIETY_KEYS: Final[Mapping[Experiment, tuple[str, ...]]] = {
    "society": (*_COMMON, "sweeps", "zealots", "toward"),
    "tip": (*_COMMON, "zealots", "toward", "before", "hold", "after"),
    "hysteresis": (*_COMMON, "zealots", "by", "sweeps_per_step", "equilibrate"),
}
"""What a section may hold: the options of the verb of its name, and for which agents it is."""

DEFAULT_AGENTS: Final = 20
_START: Final = 0.6
_ASSESSED: Final = "assessed"
_RESPONSES: Final = ("measured", _ASSESSED, "none")


def read_societies(
    experiment: Experiment,
    value: Value | None,
    agents: Sequence[StudyAgent],
    common: Common,
    assessed: Sequence[tuple[Part, Condition]],
) -> Iterator[Part]:
    """The parts of one experiment: one an agent and a section.

    Args:
        experiment: the verb.
        value: what the file says of it, once or as a list.
        agents: of the study.
        common: what all parts share.
        assessed: the parts that measure response curves, for `response: assessed`.
    """
    by_label = {agent.label: agent for agent in agents}
    for item in [] if value is None else value.several():
        keys = item.keys(SOCIETY_KEYS[experiment], f"a {experiment} section")
        for label in read_only(keys.get("only"), list(by_label)):
            agent = by_label[label]
            with at_line(keys.line_of("pair")):
                request = _request(experiment, keys, agent, common)
            yield _part(experiment, keys, agent, request, assessed)


def _request(experiment: Experiment, keys: Keys, agent: StudyAgent, common: Common) -> SocietyRequest:
    stages, side = _course(experiment, keys)
    temperature = keys.maybe_number("temperature")
    readout, prefill = keys.get("readout"), keys.get("prefill")
    adversaries = keys.text("adversaries", "silent")
    with at_line(keys.line_of("memory", "adversaries")):
        memory, foes = memory_of(keys.text("memory", "nothing")), adversaries_of(adversaries)
    plan = SocietyPlan(
        groups=(
            Group(
                agent.spec if temperature is None else replace(agent.spec, temperature=temperature),
                keys.whole("agents", DEFAULT_AGENTS, least=2),
            ),
        ),
        pair=read_pair(keys, common),
        template=read_template(keys.get("template"), common)[0],
        stages=stages,
        m0=_starts(experiment, keys, side),
        trajectories=keys.whole("trajectories", 4, least=1),
        shown=keys.maybe_whole("shown"),
        memory=memory,
        arguments=keys.switch("arguments", False),
        adversaries=foes,
        stop_at_consensus=keys.switch("stop_at_consensus", experiment == "society"),
        on_abstention="go-on" if word(keys, "on_abstention", ("stop", "go-on")) == "go-on" else "stop",
        listed=keys.switch("listed", True),
        readout=readout_of("" if readout is None else readout.one_of(READOUTS), agent),
        prefill=prefill_of("" if prefill is None else prefill.one_of(PREFILLS), agent),
        seed=keys.whole("seed", common.seed),
        prices=agent.prices,
    )
    if foes.argue and not any(stage.zealots_a or stage.zealots_b for stage in stages):
        raise RequestError(f"adversaries are {adversaries}, but there are no zealots; give their number")
    return SocietyRequest(
        plan=plan,
        experiment=experiment,
        toward=side,
        label=keys.text("name"),
        predict=word(keys, "response", _RESPONSES) in ("", "measured"),
        budget=keys.maybe_whole("budget"),
        at_once=keys.maybe_whole("at_once"),
        retries=common.retries,
    )


def word(keys: Keys, name: str, known: Sequence[str]) -> str:
    """The known word under a key; "" where it is left out."""
    value = keys.get(name)
    return "" if value is None else value.one_of(known)


def read_pair(keys: Keys, common: Common) -> OptionPair:
    """The one pair of a section."""
    value = keys.get("pair")
    if value is None:
        raise RequestError("which option pair? give `pair: ID` (`spinodal pairs list` shows the bank)")
    with at_line(value.line):
        file, hash_, id = value.text().partition("#")
        return find_pair(f"{pairs_name(file, common)}{hash_}{id}")


def _course(experiment: Experiment, keys: Keys) -> tuple[tuple[Stage, ...], Side | None]:
    """What is done to the population, and the side that zealots are on."""
    zealots = keys.whole("zealots", 0)
    toward = word(keys, "toward", ("A", "B"))
    side: Side | None = "A" if toward == "A" else "B" if toward == "B" else None
    if experiment == "hysteresis":
        sweeps = keys.whole("sweeps_per_step", 4, least=2)
        steps = zealots_swept(zealots, keys.whole("by", 1, least=1))
        stages = [Stage(sweeps, max(count, 0), max(-count, 0)) for count in steps]
        first = stages[0]
        settled = sweeps + keys.whole("equilibrate", 0)
        return (Stage(settled, first.zealots_a, first.zealots_b), *stages[1:]), None
    if side is None and (zealots or experiment == "tip"):
        raise RequestError("which option do the zealots hold? give `toward: A` or `toward: B`")

    def there(sweeps: float) -> Stage:
        return Stage(sweeps, zealots, 0) if side == "A" else Stage(sweeps, 0, zealots)

    if experiment == "society":
        return (there(keys.whole("sweeps", DEFAULT_SWEEPS, least=1)),), side
    if not zealots:
        raise RequestError("how many zealots join? give `zealots: NUMBER`")
    joining = (
        Stage(keys.whole("before", 0)), there(keys.whole("hold", 10)), Stage(keys.whole("after", 10)),
    )  # fmt: skip
    return tuple(stage for stage in joining if stage.sweeps), side


def _starts(experiment: Experiment, keys: Keys, side: Side | None) -> tuple[float, ...]:
    value = keys.get("m0")
    if value is not None:
        return tuple(item.number() for item in value.several())
    if experiment == "society":
        return DEFAULT_M0
    return (-1.0,) if experiment == "hysteresis" else ((_START,) if side == "B" else (-_START,))


def _part(
    experiment: Experiment,
    keys: Keys,
    agent: StudyAgent,
    request: SocietyRequest,
    assessed: Sequence[tuple[Part, Condition]],
) -> Part:
    plan = request.plan
    id = "-".join((experiment, agent.slug, slug(keys.text("name")) or plan.pair.id))
    part = Part(id, experiment, agent.label, "", request, (agent.lane,))
    if word(keys, "response", _RESPONSES) != _ASSESSED:
        return part
    spec, found = plan.groups[0].agent, list[tuple[int, str]]()
    for other, condition in assessed:
        asked = other.request.plan
        alike = (
            other.agent == agent.label
            and condition.template.digest == plan.template.digest
            and condition.listed == plan.listed
            and condition.spec(agent).temperature == spec.temperature
        )
        if alike and plan.pair in getattr(asked, "pairs", ()):
            found.append((abs(condition.n_peers - plan.usual_peers), other.id))
    if found:
        return replace(part, measured_in=min(found)[1])
    raise keys.values["response"].fault(
        f"response is assessed, but no condition measures the pair {plan.pair.id!r} of {agent.label} with "
        f"template {plan.template.name} at temperature {spec.temperature:g}; add the pair to `pairs`, or "
        "leave response out"
    )
