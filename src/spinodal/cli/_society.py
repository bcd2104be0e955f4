"""What the verbs that let real agents live share: their options, and the request these stand for."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer

from spinodal.cli._agents import AgentOptions, AskingOptions, EffortOptions
from spinodal.cli._bundles import ADVERSARIES, AGENTS, COURSE, EFFORT, GUARDS, OUTPUT, QUESTION, SOCIETY

if TYPE_CHECKING:
    from spinodal.pairs import OptionPair
    from spinodal.simulate import Placement
    from spinodal.simulate.graphs import Graph
    from spinodal.societies import SocietyRequest
    from spinodal.society.group import Group
    from spinodal.society.plan import SocietyPlan
    from spinodal.society_runs import Experiment
    from spinodal.theory import Side, Stage

ONLY_THEORY: Final = "is the theory's; leave it out with --model, --pair or --group"
ELSEWHERE: Final = "is about real agents; say which with --model, --pair or --group"
"""Why a verb that is theory with or without real agents refuses an option."""


@dataclass(frozen=True)
class SocietyOptions(EffortOptions, AskingOptions, AgentOptions):
    """A society of real agents, whatever is done to it."""

    group: Annotated[
        list[str] | None,
        typer.Option(
            "--group",
            metavar="AGENTS:PERSONA-FILE",
            help="Agents alike, and what sets them apart: 10:calm.txt, or "
            "50%:calm.txt,model=openai/gpt-4o-mini (base-url=, temperature=, guard=, name= too). Repeat it "
            "to mix.",
            rich_help_panel=AGENTS,
        ),
    ] = None
    pair: Annotated[
        str | None,
        typer.Option(
            help="The option pair: an id of the bank, a file with one pair, or FILE#id.",
            rich_help_panel=QUESTION,
        ),
    ] = None
    graph: Annotated[
        str | None,
        typer.Option(
            help="Who sees whom: a file of edges, or a generator such as ring-of-cliques:cliques=4. "
            "Default: everybody.",
            rich_help_panel=SOCIETY,
        ),
    ] = None
    memory: Annotated[
        str,
        typer.Option(
            metavar="nothing|own-opinion|exchanges:K",
            help="What an agent remembers: nothing, what it holds, or its last K prompts and replies.",
            rich_help_panel=SOCIETY,
        ),
    ] = "nothing"
    arguments: Annotated[
        bool,
        typer.Option(
            "--arguments", help="Agents say why, in a sentence others read.", rich_help_panel=SOCIETY
        ),
    ] = False
    wording: Annotated[
        Path | None,
        typer.Option(
            help="YAML file of what is said beside the template: own, remark, ask, persuader.",
            rich_help_panel=SOCIETY,
        ),
    ] = None
    adversaries: Annotated[
        str,
        typer.Option(
            metavar="silent|persuaders",
            help="Zealots are counted as opinions, or are agents that argue for theirs.",
            rich_help_panel=ADVERSARIES,
        ),
    ] = "silent"
    zealots_on: Annotated[
        str,
        typer.Option(
            help="Nodes of zealots on a graph: random, degree, lowest-degree, or their names, 3,17 say.",
            rich_help_panel=ADVERSARIES,
        ),
    ] = "random"
    m0: Annotated[
        str | None,
        typer.Option(
            metavar="M,M,...",
            help="Magnetizations to start from, in [-1, 1]. Default: -0.6,0,0.6; of tip 0.6 on the other "
            "side, of hysteresis -1.",
            rich_help_panel=COURSE,
        ),
    ] = None
    trajectories: Annotated[
        int, typer.Option(help="Populations from each start.", rich_help_panel=COURSE)
    ] = 4
    stop_at_consensus: Annotated[
        bool | None,
        typer.Option(
            "--stop-at-consensus/--no-stop-at-consensus",
            help="Ask nobody while all agree, zealots included. Default: so in society only.",
            rich_help_panel=COURSE,
        ),
    ] = None
    on_abstention: Annotated[
        Literal["stop", "go-on"],
        typer.Option(
            help="What to do where for a whole sweep no reply takes either option.", rich_help_panel=COURSE
        ),
    ] = "stop"
    predict: Annotated[
        bool,
        typer.Option(help="Measure the agents' response first, for the prediction.", rich_help_panel=EFFORT),
    ] = True
    response: Annotated[
        Path | None,
        typer.Option(help="Run folder of `spinodal assess` to take it from.", rich_help_panel=EFFORT),
    ] = None
    budget: Annotated[
        int | None, typer.Option(help="Most prompts of that measurement, a group.", rich_help_panel=EFFORT)
    ] = None
    at_once: Annotated[
        int | None,
        typer.Option(
            help="Trajectories under way at once. Default: twice the connections.", rich_help_panel=EFFORT
        ),
    ] = None
    guard: Annotated[
        str | None,
        typer.Option(
            help="A guard on the agents, at every prompt: own-prior, trust-boundary+system-prompt, say "
            "(`spinodal assess --help` lists them).",
            rich_help_panel=GUARDS,
        ),
    ] = None
    profile: Annotated[
        Path | None,
        typer.Option(
            help="The agents' profile, made by `spinodal profile`; implicit-traits and own-prior need it.",
            rich_help_panel=GUARDS,
        ),
    ] = None
    label: Annotated[str, typer.Option(help="Name of the run on its page.", rich_help_panel=OUTPUT)] = ""
    run: Annotated[
        Path | None,
        typer.Option(help="Run folder; the same command goes on in it.", rich_help_panel=OUTPUT),
    ] = None
    plan: Annotated[
        bool, typer.Option("--plan", help="Say what it would take, and stop.", rich_help_panel=OUTPUT)
    ] = False

    @property
    def names_agents(self) -> bool:
        """Whether a verb that is theory without real agents is to have them."""
        return any(value is not None for value in (self.model, self.pair, self.group))

    @property
    def names(self) -> list[str]:
        """Of all its options' parameters."""
        return [field.name for field in fields(self)]


@dataclass(frozen=True)
class Course:
    """What an experiment does to a society."""

    experiment: Experiment
    stages: tuple[Stage, ...]
    toward: Side | None
    m0: tuple[float, ...]
    """Where it starts unless told otherwise."""
    stop_at_consensus: bool
    """Unless told otherwise."""


def request_of(
    options: SocietyOptions,
    course: Course,
    *,
    agents: int | None,
    shown: int | None,
    command: tuple[str, ...],
) -> SocietyRequest:
    """The request that the options stand for. Raises `RequestError` where they do not go together."""
    from spinodal._errors import RequestError
    from spinodal.runs import read_run
    from spinodal.societies import SocietyRequest
    from spinodal.society.adversaries import adversaries_of
    from spinodal.society.memory import memory_of
    from spinodal.society.plan import SocietyPlan
    from spinodal.society.wording import load_wording

    if options.response is not None:
        if not options.predict:
            raise RequestError(
                "--response is for the prediction that --no-predict leaves out; give one of them"
            )
        read_run(options.response)  # refused before anything is written
    adversaries = adversaries_of(options.adversaries)
    if adversaries.argue and not any(stage.zealots_a or stage.zealots_b for stage in course.stages):
        raise RequestError(f"--adversaries {adversaries}, but no zealots; give --zealots or --stage")
    graph, groups = _who_and_where(options, course, agents)
    stop = course.stop_at_consensus if options.stop_at_consensus is None else options.stop_at_consensus
    plan = SocietyPlan(
        groups=groups,
        pair=_pair(options),
        template=options.prompts,
        stages=course.stages,
        m0=course.m0 if options.m0 is None else _numbers(options.m0),
        trajectories=options.trajectories,
        graph=graph,
        placement=_placement(options, graph),
        memory=memory_of(options.memory),
        arguments=options.arguments,
        adversaries=adversaries,
        wording=load_wording(options.wording),
        stop_at_consensus=stop,
        on_abstention=options.on_abstention,
        listed=options.listed,
        readout=options.readout,
        prefill=options.prefill,
        seed=options.seed,
        prices=options.prices(group.agent for group in groups),
    )
    return SocietyRequest(
        plan=_shown(plan, shown),
        experiment=course.experiment,
        toward=course.toward,
        label=options.label,
        command=command,
        predict=options.predict,
        response=options.response,
        budget=options.budget,
        at_once=options.at_once,
        retries=options.tries,
        max_connections=options.max_connections,
    )


def _who_and_where(
    options: SocietyOptions, course: Course, agents: int | None
) -> tuple[Graph | None, tuple[Group, ...]]:
    """The graph and the groups: each may say how many agents there are."""
    from spinodal._errors import RequestError
    from spinodal.agents import guarding_of
    from spinodal.cli._groups import DEFAULT_AGENTS, groups_of
    from spinodal.cli._networks import graph_of
    from spinodal.simulate import seats
    from spinodal.simulate.graphs import GENERATORS
    from spinodal.society.group import Group

    common = options.spec(guard=guarding_of(options.guard, options.profile))
    groups = groups_of(options.group, common, agents, options.profile) if options.group else ()
    guards = [group.agent.guard for group in groups] or [common.guard]
    if options.profile is not None and not any(guards):
        raise RequestError("--profile is for guards; name one with --guard or in a --group, or leave it out")
    regular = sum(group.agents for group in groups) or agents
    graph = None
    if options.graph is not None:
        drawn = options.graph.partition(":")[0] in GENERATORS
        places = sum(seats(course.stages))
        graph = graph_of(options.graph, regular or (DEFAULT_AGENTS if drawn else None), places, options.seed)
        regular = graph.nodes - places
    if regular is None:
        regular = DEFAULT_AGENTS
    return graph, groups or (Group(common, regular),)


def _pair(options: SocietyOptions) -> OptionPair:
    from spinodal._errors import RequestError
    from spinodal.measure.task import find_pair

    if options.pair is None:
        raise RequestError(
            "which option pair? give --pair ID or FILE#id (`spinodal pairs list` shows the bank)"
        )
    return find_pair(options.pair)


def _placement(options: SocietyOptions, graph: Graph | None) -> Placement:
    from spinodal._errors import RequestError
    from spinodal.cli._networks import placement_of
    from spinodal.simulate import AtRandom

    if graph is not None:
        return placement_of(options.zealots_on, graph)
    if options.zealots_on != "random":
        raise RequestError(f"--zealots-on {options.zealots_on} without a graph to sit on; give --graph")
    return AtRandom()


def _shown(plan: SocietyPlan, shown: int | None) -> SocietyPlan:
    from spinodal._errors import RequestError

    if shown is not None and shown > plan.most_peers:
        raise RequestError(
            f"--shown {shown}, but an agent has {plan.most_peers} peers at most; give 1 to {plan.most_peers}"
        )
    return replace(plan, shown=shown)


def _numbers(text: str) -> tuple[float, ...]:
    from spinodal._errors import RequestError

    try:
        return tuple(float(part) for part in text.split(",") if part.strip())
    except ValueError:
        raise RequestError(f"--m0 {text} is no list of numbers; -0.6,0,0.6 say") from None
