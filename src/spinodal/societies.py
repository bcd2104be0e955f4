"""A society of real agents, from a request to a run folder.

plan_society(request)          what it would take, before a call is made
run_society(request, folder)   measure the response, let the populations live; goes on where it was stopped
"""

from __future__ import annotations

import hashlib
import json
import math
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spinodal._errors import RequestError, RunError
from spinodal._files import write_table
from spinodal._recording import (
    SPENT,
    Clock,
    Request,
    evaluate,
    folder_name,
    now,
    open_folder,
    require_effort,
    totals_of,
)
from spinodal.agents import AgentSpec
from spinodal.agents.context import CHARACTERS_A_TOKEN, context_window, require_context
from spinodal.agents.models import DEFAULT_RETRIES, open_model
from spinodal.assessment import AssessmentRequest, PlannedCosts, assess, plan_costs
from spinodal.measure.asking import guard_characters
from spinodal.measure.task import MeasurementPlan
from spinodal.runs import CACHE, read_run, write_meta
from spinodal.society.group import Group
from spinodal.society.plan import SocietyPlan
from spinodal.society.task import Measuring, SocietyEvent, SocietyObserver, build_society, tables_of
from spinodal.society.wording import ARGUMENT_TOKENS
from spinodal.society_runs import (
    ARGUMENTS,
    GRAPH,
    RESPONSE,
    TRAJECTORIES,
    UPDATES,
    Experiment,
    SocietyRun,
    read_society,
    require_same_agents,
)
from spinodal.theory import Side

if TYPE_CHECKING:
    from inspect_ai.model import Model

    from spinodal.measure.task import Event


@dataclass(frozen=True)
class SocietyRequest(Request):
    """What is to be lived through. Two requests with the same digest give the same run."""

    plan: SocietyPlan
    experiment: Experiment = "society"
    toward: Side | None = None
    """What the adversaries hold, where the experiment has a direction."""
    label: str = ""
    """What pages call the run."""
    command: tuple[str, ...] = ()
    """The words of the command that makes this run again, without its folder."""
    predict: bool = True
    """Whether each group's response is measured first, so that there is a prediction."""
    response: Path | None = None
    """A run folder of `spinodal assess` to take it from instead."""
    budget: int | None = None
    """Most prompts of that measurement, a group; None is the design's own."""
    at_once: int | None = None
    """Trajectories under way at once; None takes twice the model's connections."""
    retries: int = DEFAULT_RETRIES
    max_connections: int | None = None
    """Calls under way at once; None leaves it to the provider."""

    def __post_init__(self) -> None:
        require_effort(self.retries, connections=self.max_connections, trajectories_at_once=self.at_once)
        if self.response is not None and len(self.plan.groups) > 1:
            raise RequestError(
                "one measured response for several groups; leave it out, and each group is measured"
            )

    def to_dict(self) -> dict[str, Any]:
        """Everything that decides the result, JSON-ready."""
        plan, graph = self.plan, self.plan.graph
        placement = {"kind": type(plan.placement).__name__, **asdict(plan.placement)}
        return {
            "experiment": self.experiment,
            "toward": self.toward,
            "label": self.label,
            "groups": [group.to_dict() for group in plan.groups],
            "pair": plan.pair.to_dict(),
            "template": plan.template.name,
            "template_digest": plan.template.digest,
            "wording_digest": plan.wording.digest,
            "stages": [asdict(stage) for stage in plan.stages],
            "m0": list(plan.m0),
            "trajectories": plan.trajectories,
            "shown": plan.shown,
            "graph": None if graph is None else _graph_facts(plan),
            "placement": None if graph is None else placement,
            "memory": str(plan.memory),
            "arguments": plan.arguments,
            "adversaries": str(plan.adversaries),
            "stop_at_consensus": plan.stop_at_consensus,
            "on_abstention": plan.on_abstention,
            "listed": plan.listed,
            "readout": plan.readout,
            "prefill": plan.prefill,
            "seed": plan.seed,
            "predict": self.predict,
            "response": None if self.response is None else str(self.response.absolute()),
            "budget": self.budget,
        }

    @property
    def default_folder(self) -> Path:
        """Where the run goes when no folder is named: the same request, the same folder."""
        who = folder_name(self.plan.groups[0].agent)
        return Path("runs") / f"{self.experiment}-{who}-{self.digest[:8]}"

    def measurement(self, group: Group, peers: int) -> AssessmentRequest:
        """How a group's response to so many peers is measured: in the society's words, everywhere alike."""
        plan = self.plan
        return AssessmentRequest(
            plan=MeasurementPlan(
                agent=group.agent,
                pairs=(plan.pair,),
                template=plan.template,
                n_peers=peers,
                listed=plan.listed,
                design="even",
                budget=self.budget,
                seed=plan.seed,
                readout=plan.readout,
                prefill=plan.prefill,
                prices=plan.prices,
            ),
            agents=plan.agents,
            pairs_source=plan.pair.id,
            retries=self.retries,
            max_connections=self.max_connections,
        )


@dataclass(frozen=True)
class SocietyCosts:
    """What a society takes at most; one that comes to rest takes less."""

    updates: int
    calls: int
    """Of the society; most updates take one."""
    measurement_calls: int
    """Before it, for the response that the prediction rests on: at most, for the costliest readout."""
    input_tokens: int
    output_tokens: int
    cost: float
    """US dollars; NaN where no price is known."""
    longest_prompt: int
    """Tokens of the longest prompt; exact for embedded models, about right for others."""
    context: int | None
    """Tokens that the model reads at most; None where that is not known."""


def plan_society(request: SocietyRequest) -> SocietyCosts:
    """The most a society can take, before a call is made.

    Raises:
        RequestError: a prompt may come to be longer than the model reads; says how many peers would fit.
    """
    plan = request.plan
    updates = len(plan.starts) * plan.sweeps * plan.agents
    calls = updates + plan.speeches
    reply = (
        ARGUMENT_TOKENS if plan.speaks else math.ceil(max(map(len, plan.pair.options)) / CHARACTERS_A_TOKEN)
    )
    longest = max(
        require_context(agent, plan.longest_conversation, plan.most_peers, reply + _guard_tokens(plan, agent))
        for agent in plan.speakers
    )
    measured = _measured_at_most(request)
    tokens_in = calls * longest + sum(costs.input_tokens for costs in measured)
    tokens_out = calls * reply + sum(costs.output_tokens for costs in measured)
    return SocietyCosts(
        updates=updates,
        calls=calls,
        measurement_calls=sum(costs.prompts for costs in measured),
        input_tokens=tokens_in,
        output_tokens=tokens_out,
        cost=plan.prices.cost(tokens_in, tokens_out) if plan.prices else math.nan,
        longest_prompt=longest,
        context=context_window(plan.groups[0].agent),
    )


def _measured_at_most(request: SocietyRequest) -> list[PlannedCosts]:
    """What measuring each group takes at most, for the costliest readout; nothing where it is not done."""
    if not request.predict or request.response is not None:
        return []
    plan = request.plan
    planned = [
        plan_costs(request.measurement(group, peers))
        for group in plan.groups
        for peers in plan.peers_measured
    ]
    return [max(costs, key=lambda each: each.prompts) for costs in planned]


def _guard_tokens(plan: SocietyPlan, agent: AgentSpec) -> int:
    """Tokens that an agent's guard adds to its longest prompt, about."""
    peers = plan.most_peers
    prompt = plan.template.render(plan.pair, peers // 2, peers, seed=0, listed="ab" if plan.listed else "")
    turns = 1 + plan.memory.turns  # each earlier prompt's peers are quoted too
    return turns * math.ceil(guard_characters(agent, plan.pair, prompt) / CHARACTERS_A_TOKEN)


def run_society(
    request: SocietyRequest, folder: Path, observer: SocietyObserver = lambda event: None
) -> SocietyRun:
    """Measure what is missing, and let the populations live. No finished call is repeated by a later attempt.

    Raises:
        RequestError: the folder holds another request; an unknown model; a missing key; a prompt that
            the model's context cannot hold.
        RunError: no trajectory came to its end.
    """
    plan = request.plan
    first = plan.groups[0].agent
    if request.response is not None:
        require_same_agents(request.to_dict(), request.response)
    meta = open_folder(folder, request.to_dict(), request.digest, first, plan.prices)
    if meta.get("finished") and not meta["failures"]:
        return read_society(folder)
    meta.setdefault("command", [*request.command, "--run", str(folder)] if request.command else [])
    clock = Clock(folder, meta)

    def observe(event: SocietyEvent) -> None:
        clock.tick()
        observer(event)

    models = _open_models(request)
    plan_society(request)  # refuses what no model could read, before a call is made
    write_meta(folder, meta)
    if plan.graph is not None:
        from spinodal.simulate.graphs import write_edges

        write_edges(plan.graph, folder / GRAPH)
    meta["responses"] = _responses(request, folder, observe)
    write_meta(folder, meta)
    at_once = request.at_once or 2 * (request.max_connections or models[0].api.max_connections())
    samples = evaluate(build_society(plan, models, observe), models[0], first, folder, at_once)
    clock.stop()
    samples.sort(key=lambda sample: int(sample.metadata["trajectory"]))
    lives = [sample.metadata["life"] for sample in samples if "life" in sample.metadata]
    meta["failures"] = [
        {
            "trajectory": sample.metadata["trajectory"],
            "message": str(sample.metadata.get("fault") or sample.error),
        }
        for sample in samples
        if sample.error
    ]
    meta["readout_choices"] = next(
        (sample.metadata["readouts"] for sample in samples if "readouts" in sample.metadata), []
    )
    if not any(life["end"] in ("sweeps", "consensus", "abstention") for life in lives):
        write_meta(folder, meta)
        raise RunError(meta["failures"][0]["message"] if meta["failures"] else "no trajectory was reached")
    trajectories, updates, arguments = tables_of(plan, lives)
    asked = [updates[list(SPENT)].sum().to_dict(), arguments[list(SPENT)].sum().to_dict()]
    measured = [
        read_run(_within(folder, where)).meta["totals"]
        for named in meta["responses"].values()
        for where in named
    ]
    meta["totals"] = {
        "updates": len(updates),
        **totals_of([*asked, *meta["readout_choices"]], plan.prices),
        "seconds": round(float(updates["seconds"].sum() + arguments["seconds"].sum()), 3),
        "measurement_calls": sum(int(totals["calls"]) for totals in measured),
    }
    meta["example_prompt"] = _example_prompt(plan)
    meta["finished"] = now()
    write_table(folder / UPDATES, updates)
    if len(arguments):
        write_table(folder / ARGUMENTS, arguments)
    write_table(folder / TRAJECTORIES, trajectories)
    write_meta(folder, meta)
    if not meta["failures"]:
        shutil.rmtree(folder / CACHE, ignore_errors=True)
    return read_society(folder)


def _open_models(request: SocietyRequest) -> list[Model]:
    """One model a group; groups of the same model share it, and its connections."""
    opened: dict[str, Model] = {}
    models = []
    for group in request.plan.groups:
        agent = group.agent
        key = json.dumps([agent.model, agent.base_url, dict(agent.model_args)], sort_keys=True, default=str)
        if key not in opened:
            opened[key] = open_model(
                agent,
                (request.plan.pair,),
                retries=request.retries,
                max_connections=request.max_connections,
            )
        models.append(opened[key])
    return models


def _responses(request: SocietyRequest, folder: Path, observe: SocietyObserver) -> dict[str, list[str]]:
    """Where the measured responses of each group are; measured here and now where they are missing."""
    if not request.predict:
        return {}
    groups = request.plan.groups
    if request.response is not None:
        return {groups[0].name: [str(request.response.absolute())]}
    named: dict[str, list[str]] = {group.name: [] for group in groups}
    for number, group in enumerate(groups):
        for peers in request.plan.peers_measured:
            where = Path(RESPONSE) / f"{number}-{folder_name(group.agent)}-{peers}-peers"
            assess(request.measurement(group, peers), folder / where, _telling(group.name, peers, observe))
            named[group.name].append(str(where))
    return named


def _telling(group: str, peers: int, observe: SocietyObserver) -> Callable[[Event], None]:
    return lambda event: observe(Measuring(group, peers, event))


def _within(folder: Path, where: str) -> Path:
    named = Path(where)
    return named if named.is_absolute() else folder / named


def _graph_facts(plan: SocietyPlan) -> dict[str, Any]:
    graph = plan.graph
    assert graph is not None
    digest = hashlib.sha256(graph.offsets.tobytes() + graph.neighbors.tobytes()).hexdigest()
    return {"name": graph.name, "nodes": graph.nodes, "edges": graph.edges, "digest": digest}


def _example_prompt(plan: SocietyPlan) -> str:
    n_a = round(0.7 * plan.usual_peers)
    return plan.template.render(
        plan.pair, n_a, plan.usual_peers, seed=0, listed="ab" if plan.listed else ""
    ).text
