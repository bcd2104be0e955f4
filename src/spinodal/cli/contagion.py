"""`spinodal contagion`: does an agent turn anti-social among others, and what stops it?"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spinodal.cli._agents import AgentOptions, EffortOptions, ReadoutOptions, TraitOptions
from spinodal.cli._bundles import (
    AGENTS,
    COURSE,
    EFFORT,
    GUARDS,
    OPPONENTS,
    OUTPUT,
    QUESTION,
    command_words,
    unbundled,
)

if TYPE_CHECKING:
    from spinodal.agents import AgentSpec
    from spinodal.contagion.plan import ContagionPlan
    from spinodal.contagion_runs import ContagionRun
    from spinodal.contagion_studies import ContagionCosts, ContagionRequest
    from spinodal.contagion_verdict import ContagionVerdict


def register(app: typer.Typer) -> None:
    """Add the verb to the application."""
    app.command("contagion")(contagion)


@unbundled
def contagion(
    *,
    context: typer.Context,
    who: AgentOptions,
    label: Annotated[str, typer.Option(help="Name of the agent in the report.", rich_help_panel=AGENTS)] = "",
    opponent_model: Annotated[
        str | None,
        typer.Option(
            help="Inspect model string of the other players. Default: the agent's.", rich_help_panel=AGENTS
        ),
    ] = None,
    game: Annotated[
        list[str] | None,
        typer.Option(
            help="prisoners-dilemma, chicken, stag-hunt, public-goods, or a YAML file; repeat it. Default: "
            "the first three.",
            rich_help_panel=COURSE,
        ),
    ] = None,
    rounds: Annotated[int, typer.Option(help="Rounds of a game.", rich_help_panel=COURSE)] = 5,
    players: Annotated[int, typer.Option(help="Players at a table.", rich_help_panel=COURSE)] = 3,
    chats: Annotated[
        int,
        typer.Option(
            help="Messages of each player to all before a round's decisions.", rich_help_panel=COURSE
        ),
    ] = 1,
    chat_tokens: Annotated[
        int, typer.Option(help="Most tokens of a message to the others.", rich_help_panel=COURSE)
    ] = 40,
    treatment: Annotated[
        str,
        typer.Option(
            help="Opponents whose effect is asked for: default, benevolent, malicious, always-cooperate, "
            "always-defect, tit-for-tat, random, transcript, or a file with a persona.",
            rich_help_panel=OPPONENTS,
        ),
    ] = "malicious",
    control: Annotated[
        str, typer.Option(help="Opponents they are compared with.", rich_help_panel=OPPONENTS)
    ] = "benevolent",
    also: Annotated[
        list[str] | None,
        typer.Option(
            help="Further opponents, compared with the control without any guard; repeat it. 'transcript' "
            "shows what a transcript alone does.",
            rich_help_panel=OPPONENTS,
        ),
    ] = None,
    guard: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KIND[:NAME=VALUE,...]",
            help="A mitigation, beside none; repeat it: system-prompt, implicit-traits, neutral, "
            "random-traits or trust-boundary. Settings: every, first (own turns), placement; threshold and "
            "literal of implicit-traits; like of neutral.",
            rich_help_panel=GUARDS,
        ),
    ] = None,
    keep_reminders: Annotated[
        bool,
        typer.Option(
            help="The model goes on seeing a guard's reminders where they once stood, or only at their turn.",
            rich_help_panel=GUARDS,
        ),
    ] = True,
    guarded_questions: Annotated[
        bool,
        typer.Option(
            "--guarded-questions",
            help="A guard may speak once more right before a question after play.",
            rich_help_panel=GUARDS,
        ),
    ] = False,
    traits: TraitOptions,
    reading: ReadoutOptions,
    wording: Annotated[
        Path | None,
        typer.Option(help="A YAML file of personas and of what players are told.", rich_help_panel=QUESTION),
    ] = None,
    games: Annotated[
        int,
        typer.Option(
            help="Games a cell: of each game, among each opponents, under each guard.", rich_help_panel=EFFORT
        ),
    ] = 10,
    at_once: Annotated[
        int | None, typer.Option(help="Games under way at once.", rich_help_panel=EFFORT)
    ] = None,
    effort: EffortOptions,
    effect: Annotated[
        float | None,
        typer.Option(
            help="With --plan: how many games an effect of this size on pro-sociality needs.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    pilot: Annotated[
        Path | None,
        typer.Option(
            help="With --plan: an earlier study, whose scatter between games the power is computed from.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    run: Annotated[
        Path | None,
        typer.Option(help="Run folder; the same command goes on in it.", rich_help_panel=OUTPUT),
    ] = None,
    plan: Annotated[
        bool,
        typer.Option(
            "--plan", help="Say what it would take and could show, and stop.", rich_help_panel=OUTPUT
        ),
    ] = False,
    json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object.", rich_help_panel=OUTPUT)
    ] = False,
) -> None:
    """Let an agent play social dilemmas among others, and measure what that does to its traits.

    The agent's traits are asked for before play and after it. Contagion is the change among the treatment's
    opponents minus the change among the control's; a guard is judged by what it does to that. Ends with a
    page, report.html in the run folder. Killed at any moment, the same command goes on from there and repeats
    no finished model call.
    """
    from spinodal._errors import RequestError
    from spinodal.contagion.companies import company_of
    from spinodal.contagion.plan import DEFAULT_GAMES, ContagionPlan
    from spinodal.contagion.wording import load_wording
    from spinodal.contagion_studies import ContagionRequest
    from spinodal.games import load_game
    from spinodal.guards import GuardSpec

    for name, value in (("--effect", effect), ("--pilot", pilot)):
        if value is not None and not plan:
            raise RequestError(f"{name} is for --plan; give both, or neither")
    words = load_wording(wording)
    agent = who.spec(label)
    opponent = _opponent(agent, opponent_model)
    specs = [GuardSpec.parse(text) for text in guard or ()]
    request = ContagionRequest(
        plan=ContagionPlan(
            agent=agent,
            opponent=opponent,
            games=tuple(load_game(name) for name in game or DEFAULT_GAMES),
            treatment=company_of(treatment, words),
            control=company_of(control, words),
            others=tuple(company_of(name, words) for name in also or ()),
            questions=traits.questions(effort.seed),
            guards=(GuardSpec(), *(spec for spec in specs if spec != GuardSpec())),
            repetitions=games,
            players=players,
            rounds=rounds,
            chats=chats,
            orders=traits.orders,
            retained=keep_reminders,
            guarded_questions=guarded_questions,
            chat_tokens=chat_tokens,
            wording=words,
            readout=reading.readout,
            prefill=reading.prefill,
            seed=effort.seed,
            prices=effort.prices([agent, opponent]),
        ),
        inventory=traits.inventory,
        command=command_words(context, "run", "plan", "json", "effect", "pilot"),
        at_once=at_once,
        retries=effort.tries,
        max_connections=effort.max_connections,
    )
    folder = run or request.default_folder
    if plan:
        _print_plan(request, folder, effect, pilot, json)
    else:
        _carry_out(request, folder, json)


def _opponent(agent: AgentSpec, model: str | None) -> AgentSpec:
    """The other players' spec: the agent's own, without its persona, unless another model is named."""
    if model is None:
        return replace(agent, system_prompt=None, label="")
    return replace(agent, model=model, system_prompt=None, label="", base_url=None, model_args={})


def _carry_out(request: ContagionRequest, folder: Path, json: bool) -> None:
    from rich.console import Console

    from spinodal._errors import RunError
    from spinodal.cli._contagion_progress import ContagionProgress
    from spinodal.contagion_studies import plan_contagion, run_contagion
    from spinodal.contagion_verdict import judge_contagion
    from spinodal.report import write_contagion

    costs = plan_contagion(request)
    Console(stderr=True, highlight=False, soft_wrap=True, quiet=json).print(
        _budget(request, costs), markup=False
    )
    with ContagionProgress(request, costs, quiet=json) as progress:
        run = run_contagion(request, folder, progress)
    verdict = judge_contagion(run)
    report = write_contagion(run, verdict)
    if json:
        import json as json_module

        found = verdict.to_dict() | {
            "run": str(folder),
            "report": str(report),
            "totals": run.meta["totals"] | {"seconds": run.meta["seconds"]},
            "failures": run.failures,
        }
        typer.echo(json_module.dumps(found, indent=2))
    else:
        _print_result(run, verdict, report)
    if run.failures:
        raise RunError(
            f"{len(run.failures)} of {len(run.games)} games were lost: {run.failures[0]['message']}; "
            "the same command tries them again"
        )


def _budget(request: ContagionRequest, costs: ContagionCosts) -> str:
    """What it takes at most, in one line."""
    return (
        f"{costs.games:,} games ({_cells(request.plan)}, {request.plan.repetitions} each): at most "
        f"{costs.calls:,} calls, {costs.play_calls:,} of them to play and {costs.question_calls:,} to ask "
        "for traits afterwards"
    )


def _cells(plan: ContagionPlan) -> str:
    several = len(plan.guards) > 1
    guards = f" x {len(plan.guards)} guards" if several else ""
    others = f", and {len(plan.others)} further opponents" if plan.others else ""
    return f"{len(plan.games)} games x 2 opponents{guards}{others}"


def _print_plan(
    request: ContagionRequest, folder: Path, effect: float | None, pilot: Path | None, json: bool
) -> None:
    import math

    from rich.console import Console
    from rich.table import Table

    from spinodal.contagion_power import power_of
    from spinodal.contagion_studies import plan_contagion

    costs = plan_contagion(request)
    power = power_of(request.plan, pilot, effect)
    if json:
        import json as json_module
        from dataclasses import asdict

        plain = {name: None if value != value else value for name, value in asdict(costs).items()}
        typer.echo(json_module.dumps(plain | {"calls": costs.calls, "power": power.to_dict()}, indent=2))
        return
    console = Console(highlight=False, soft_wrap=True)
    console.print(_budget(request, costs), markup=False)
    console.print(f"Run folder: {folder}", markup=False)
    table = Table("at most", "", show_header=True)
    context = "unknown" if costs.context is None else f"{costs.context:,}"
    rows = (
        ("calls", f"{costs.calls:,}"),
        ("tokens read, about", f"{costs.input_tokens:,}"),
        ("of them new, to a provider that keeps what it has read", f"{costs.fresh_tokens:,}"),
        ("tokens written, about", f"{costs.output_tokens:,}"),
        ("cost", "no price known" if math.isnan(costs.cost) else f"${costs.cost:.2f}"),
        ("tokens of the longest prompt and its reply", f"{costs.longest_prompt:,}"),
        ("tokens of the model's context", context),
    )
    for name, value in rows:
        table.add_row(name, value)
    console.print(table)
    for sentence in power.sentences(costs):
        console.print(sentence, markup=False)
    console.print("How long that takes shows once it runs. Nothing was spent.")


def _print_result(run: ContagionRun, verdict: ContagionVerdict, report: Path) -> None:
    from rich.console import Console
    from rich.table import Table

    from spinodal.report._words import duration, interval, number, probability

    console = Console(highlight=False, soft_wrap=True)
    console.print()
    console.print(verdict.sentence, markup=False)
    for reason in verdict.reasons:
        console.print(f"  {reason}", markup=False)
    if verdict.contagion.traits:
        table = Table("trait", "", "before", "contagion (95%)", "p", "adjusted")
        table.columns[0].no_wrap = True
        for effect in verdict.contagion.traits:
            table.add_row(
                effect.name,
                run.valence[effect.name],
                number(run.profile[effect.name]),
                f"{number(effect.estimate, 3)} ({interval(effect.interval, 3)})",
                probability(effect.p_value),
                probability(effect.p_adjusted),
            )
        console.print(table)
    totals = run.meta["totals"]
    cost = "" if totals["cost"] in (None, 0) else f", ${totals['cost']:.4f}"
    console.print(
        f"{len(run.played):,} games, {totals['calls']:,} calls, {totals['input_tokens']:,} tokens read "
        f"({totals['cached_tokens']:,} of them had been read before), {duration(run.meta['seconds'])}{cost}\n"
        f"Report: {report}",
        markup=False,
    )
