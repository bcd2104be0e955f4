"""The society as an Inspect task: one sample a trajectory, one model call an update."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import anyio
import numpy as np
import pandas as pd
from inspect_ai import Task, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import Model, ModelOutput, get_model
from inspect_ai.scorer import Metric, SampleScore, Score, Scorer, Target, metric, scorer
from inspect_ai.solver import Generate, Solver, TaskState, solver

from spinodal.agents import AgentSpec, guarding_of
from spinodal.agents.faults import explain
from spinodal.measure.asking import Asker
from spinodal.measure.prompts import DEFAULT_TEMPLATE, Listed, load_template
from spinodal.measure.reading import PrefillAsked, ReadoutAsked, ReadoutChoice
from spinodal.measure.task import Event, find_pair
from spinodal.society.adversaries import adversaries_of
from spinodal.society.group import Group
from spinodal.society.life import Life, Updated, Voice, live
from spinodal.society.memory import memory_of
from spinodal.society.plan import DEFAULT_SWEEPS, SocietyPlan
from spinodal.tables import ARGUMENT_COLUMNS, OBSERVATION_COLUMNS, TRAJECTORY_COLUMNS, UPDATE_COLUMNS
from spinodal.theory import Stage


@dataclass(frozen=True)
class Measuring:
    """The response of a group is measured, before the society lives."""

    group: str
    peers: int
    """At so many peers."""
    event: Event


@dataclass(frozen=True)
class Ended:
    """A trajectory came to its end."""

    trajectory: int
    end: str
    """ "sweeps", "consensus", "abstention" or "failed"."""


SocietyEvent = Measuring | ReadoutChoice | Updated | Ended
SocietyObserver = Callable[[SocietyEvent], None]
"""Hears of a society while it lives."""


def build_society(
    plan: SocietyPlan,
    models: Sequence[Model] | None = None,
    observer: SocietyObserver = lambda event: None,
) -> Task:
    """The Inspect task of a plan.

    Args:
        plan: the society, and what it lives through.
        models: one for each group; None where all groups are the model under evaluation.
        observer: told of what happens.
    """
    samples = [
        Sample(
            id=f"trajectory-{number}",
            input=f"{plan.agents} agents, {plan.pair.option_a} or {plan.pair.option_b}, from m = {m0:g}",
            metadata={"trajectory": number, "m0": m0},
        )
        for number, m0 in enumerate(plan.starts)
    ]
    return Task(
        dataset=MemoryDataset(samples, name="trajectories"),
        solver=live_through(plan, models, observer),
        scorer=final_state(plan.agents),
        name="society",
        version=1,
        fail_on_error=False,
        metadata={
            "pair": asdict(plan.pair),
            "template": plan.template.name,
            "template_digest": plan.template.digest,
            "wording_digest": plan.wording.digest,
            "seed": plan.seed,
        },
    )


@task
def society(
    pair: str = "oversight",
    agents: int = 20,
    m0: float | str | list[float] = "-0.6,0,0.6",
    trajectories: int = 1,
    sweeps: int = DEFAULT_SWEEPS,
    zealots: int = 0,
    toward: str = "B",
    shown: int | None = None,
    memory: str = "nothing",
    arguments: bool = False,
    adversaries: str = "silent",
    stop_at_consensus: bool = True,
    template: str = DEFAULT_TEMPLATE,
    temperature: float = 1.0,
    system_prompt: str | None = None,
    readout: ReadoutAsked = "auto",
    prefill: PrefillAsked = "auto",
    listed: bool = True,
    guard: str | None = None,
    profile: str | None = None,
    seed: int = 0,
) -> Task:
    """A population of agents that look at each other and choose, one at a time.

    Args:
        pair: id of a pair of the bank, a file with one pair, or FILE#id.
        agents: regular agents.
        m0: magnetizations to start from, commas between.
        trajectories: populations from each start.
        sweeps: length, in sweeps of one update an agent on average.
        zealots: agents that never change, there all the time.
        toward: what the zealots hold, "A" or "B".
        shown: peers shown at random at each update; all of them by default.
        memory: "nothing", "own-opinion" or "exchanges:K".
        arguments: whether agents say why.
        adversaries: "silent" or "persuaders".
        stop_at_consensus: whether a population in which all agree stays as it is.
        template: name of a prompt template, or path of one.
        temperature: temperature the agents choose at.
        system_prompt: persona of the agents.
        readout: "auto", "logprob" or "sample".
        prefill: whether the reply's opening bracket is put into the model's mouth: "auto", "on" or "off".
        listed: whether the prompt lists both options outright.
        guard: guard on the agents, as in "own-prior"; it speaks at every prompt.
        profile: file of the agents' profile, which implicit-traits and own-prior need.
        seed: seed of everything drawn.
    """
    agent = AgentSpec(
        model=str(get_model()),
        temperature=temperature,
        system_prompt=system_prompt,
        guard=guarding_of(guard, profile),
    )
    values = m0.split(",") if isinstance(m0, str) else m0 if isinstance(m0, list) else [m0]
    for_a, for_b = (zealots, 0) if toward == "A" else (0, zealots)
    plan = SocietyPlan(
        groups=(Group(agent, agents),),
        pair=find_pair(pair),
        template=load_template(template),
        stages=(Stage(sweeps, for_a, for_b),),
        m0=tuple(float(value) for value in values),
        trajectories=trajectories,
        shown=shown,
        memory=memory_of(memory),
        arguments=arguments,
        adversaries=adversaries_of(adversaries),
        stop_at_consensus=stop_at_consensus,
        listed=listed,
        readout=readout,
        prefill=prefill,
        seed=seed,
    )
    return build_society(plan)


@solver
def live_through(
    plan: SocietyPlan,
    models: Sequence[Model] | None = None,
    observer: SocietyObserver = lambda event: None,
) -> Solver:
    """Let one population live through the plan's stages."""
    voices: list[Voice] = []
    lock = anyio.Lock()

    async def choose(askers: Sequence[Asker]) -> list[Voice]:
        """One choice a group for the whole run, settled by whichever trajectory comes first."""
        async with lock:
            for asker in askers[len(voices) :]:
                guarded, _ = await asker.settle_guard()
                voices.append(Voice(guarded, await _choose_readout(plan, guarded)))
                observer(voices[-1].choice)
            return voices

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        number = int(state.metadata["trajectory"])
        life = Life(number, float(state.metadata["m0"]))
        askers = _askers(plan, models)
        try:
            voices = await choose(askers)
            state.metadata["readouts"] = [asdict(voice.choice) for voice in voices]
            await live(plan, voices, _persuaders(plan, voices[0]), life, observer)
        except Exception as error:
            life.end = "failed"
            # `from None`: what the provider raised may quote more than should reach a log.
            fault = explain(error, plan.groups[0].agent.model, plan.groups[0].agent.base_url)
            state.metadata["fault"] = str(fault)
            raise fault from None
        finally:
            state.metadata["life"] = _plain(life)
            if life.end:
                observer(Ended(number, life.end))
        state.output = ModelOutput.from_content(
            plan.groups[0].agent.model,
            f"{life.agents_a[-1]} of {plan.agents} for A after {len(life.rows)} updates; ended by {life.end}",
        )
        return state

    return solve


def _askers(plan: SocietyPlan, models: Sequence[Model] | None) -> list[Asker]:
    opened = models or [get_model()] * len(plan.groups)
    return [Asker(model, group.agent, plan.prices) for model, group in zip(opened, plan.groups, strict=True)]


def _persuaders(plan: SocietyPlan, voice: Voice) -> dict[bool, Voice]:
    """Zealots that argue are the first group's model, with a persona of their own."""

    def speaking_for(option: str) -> Voice:
        persona = plan.wording.persuader.format(opinion=option)
        agent = replace(voice.asker.agent, system_prompt=persona, guard=None)
        return replace(voice, asker=replace(voice.asker, agent=agent))

    return {True: speaking_for(plan.pair.option_a), False: speaking_for(plan.pair.option_b)}


async def _choose_readout(plan: SocietyPlan, asker: Asker) -> ReadoutChoice:
    """Settle how an agent's replies are read, on evenly split prompts."""
    orders: tuple[Listed, ...] = ("ab", "ba") if plan.listed else ("", "")
    peers = plan.usual_peers
    prompts = [
        plan.template.render(plan.pair, peers // 2, peers, seed=draw, listed=order)
        for draw, order in enumerate(orders)
    ]
    return await asker.settle_readout(plan.pair, prompts, readout=plan.readout, prefill=plan.prefill)


_CONSTANT = ("option_a", "option_b", "pair")
"""Columns that the log need not repeat in every row."""


def _plain(life: Life) -> dict[str, Any]:
    kept = life.to_dict()
    return kept | {"rows": [{k: v for k, v in row.items() if k not in _CONSTANT} for row in life.rows]}


def tables_of(plan: SocietyPlan, lives: Sequence[Mapping[str, Any]]) -> tuple[pd.DataFrame, ...]:
    """Lives as kept in logs (where NaN is null) as the tables of trajectories, updates and arguments."""
    constant = {
        "option_a": plan.pair.option_a,
        "option_b": plan.pair.option_b,
        "pair": plan.pair.id,
        "template": plan.template.name,
    }
    rows = [row | constant for life in lives for row in life["rows"]]
    updates = pd.DataFrame(rows, columns=[*UPDATE_COLUMNS, *OBSERVATION_COLUMNS])
    numeric = ("log_odds", "cost", "decided_mass", "temperature", "m", "seconds", "p_a", "uniform", "m0")
    sentences = [sentence for life in lives for sentence in life["sentences"]]
    return (
        pd.DataFrame([{name: life[name] for name in TRAJECTORY_COLUMNS} for life in lives]),
        updates.astype(dict.fromkeys(numeric, float)),
        pd.DataFrame(sentences, columns=list(ARGUMENT_COLUMNS)).astype({"cost": float, "seconds": float}),
    )


def _over_final(select: Callable[[float], float]) -> Metric:
    def compute(scores: list[SampleScore]) -> float:
        values = [select(score.score.as_float()) for score in scores]
        known = [value for value in values if not math.isnan(value)]
        return float(np.mean(known)) if known else math.nan

    return compute


@metric
def mean_final_m() -> Metric:
    """Mean magnetization at the end."""
    return _over_final(lambda m: m)


@metric
def share_for_a() -> Metric:
    """Share of populations whose majority is for A at the end."""
    return _over_final(lambda m: math.nan if math.isnan(m) else float(m > 0.0))


@scorer(metrics=[mean_final_m(), share_for_a()])
def final_state(agents: int) -> Scorer:
    """The magnetization at the end of a trajectory; NaN where it did not come to one."""

    async def score(state: TaskState, target: Target) -> Score:
        life = state.metadata["life"]
        lived = life["end"] in ("sweeps", "consensus")
        return Score(
            value=2.0 * life["agents_a"][-1] / agents - 1.0 if lived else math.nan,
            explanation=f"ended by {life['end']} after {life['updates']} updates",
        )

    return score
