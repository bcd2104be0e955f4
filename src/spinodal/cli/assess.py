"""`spinodal assess`: measure an agent's conformity and say what a population of it will do."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from spinodal.cli._agents import AgentOptions, AskingOptions, EffortOptions
from spinodal.cli._bundles import AGENTS, EFFORT, GUARDS, OUTPUT, QUESTION, unbundled

if TYPE_CHECKING:
    from spinodal.assessment import AssessmentRequest
    from spinodal.runs import Run


def register(app: typer.Typer) -> None:
    """Add the verb to the application."""
    app.command()(assess)


@unbundled
def assess(
    *,
    who: AgentOptions,
    label: Annotated[str, typer.Option(help="Name of the agent in the report.", rich_help_panel=AGENTS)] = "",
    pairs: Annotated[
        list[str] | None,
        typer.Option(
            help="Option pairs: safety, opinions, all, a YAML or CSV file, or ids; commas between, or "
            "several times. Default: six of the bank.",
            rich_help_panel=QUESTION,
        ),
    ] = None,
    peers: Annotated[
        int | None, typer.Option(help="Peers shown in a prompt. Default: 20.", rich_help_panel=QUESTION)
    ] = None,
    asked: AskingOptions,
    guard: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KIND[:NAME=VALUE,...]",
            help="A guard to judge beside no guard; repeat it. system-prompt, implicit-traits (threshold=, "
            "literal=), own-prior, text:file=FILE, trust-boundary, neutral (like=), random-traits; of each "
            "placement=; several joined by +. It speaks at every prompt.",
            rich_help_panel=GUARDS,
        ),
    ] = None,
    profile: Annotated[
        Path | None,
        typer.Option(
            help="The agent's profile, made by `spinodal profile`; implicit-traits and own-prior need it.",
            rich_help_panel=GUARDS,
        ),
    ] = None,
    agents: Annotated[
        int | None,
        typer.Option(help="Population judged. Default: the peers and one.", rich_help_panel=EFFORT),
    ] = None,
    design: Annotated[
        Literal["adaptive", "grid", "even"],
        typer.Option(
            help="Ask where it matters, at the study's ten points, or everywhere alike.",
            rich_help_panel=EFFORT,
        ),
    ] = "adaptive",
    budget: Annotated[int | None, typer.Option(help="Most prompts a pair.", rich_help_panel=EFFORT)] = None,
    width: Annotated[
        float | None,
        typer.Option(help="Go on until the 95% interval of beta is this narrow.", rich_help_panel=EFFORT),
    ] = None,
    effort: EffortOptions,
    run: Annotated[
        Path | None,
        typer.Option(help="Run folder; the same command goes on in it.", rich_help_panel=OUTPUT),
    ] = None,
    plan: Annotated[
        bool, typer.Option("--plan", help="Say what it would take, and stop.", rich_help_panel=OUTPUT)
    ] = False,
    json: Annotated[
        bool, typer.Option("--json", help="Print the verdicts as JSON.", rich_help_panel=OUTPUT)
    ] = False,
) -> None:
    """Measure how an agent follows its peers, and say what a population of it will do.

    Ends with a page, report.html in the run folder. With --guard the agent is measured without a guard and
    with each, and the page ranks them by the share of adversaries that a population then withstands. Killed
    at any moment, the same command goes on from there and repeats no finished model call.
    """
    from spinodal.assessment import AssessmentRequest
    from spinodal.measure.task import DEFAULT_PAIRS, DEFAULT_PEERS, MeasurementPlan, find_pairs

    agent = who.spec(label)
    n_peers = DEFAULT_PEERS if peers is None else peers
    sources = ",".join(pairs) if pairs else ",".join(DEFAULT_PAIRS)
    request = AssessmentRequest(
        plan=MeasurementPlan(
            agent=agent,
            pairs=find_pairs(sources),
            template=asked.prompts,
            n_peers=n_peers,
            listed=asked.listed,
            design=design,
            budget=budget,
            width=width,
            seed=effort.seed,
            readout=asked.readout,
            prefill=asked.prefill,
            prices=effort.prices([agent]),
        ),
        agents=n_peers + 1 if agents is None else agents,
        pairs_source=sources,
        template_source=asked.template or "",
        retries=effort.tries,
        max_connections=effort.max_connections,
    )
    if guard:
        from spinodal.cli._guard_study import judge_guards
        from spinodal.guard_studies import GuardStudyRequest, guards_of

        study = GuardStudyRequest(request, guards_of(guard, profile))
        judge_guards(study, run or study.default_folder, plan=plan, json=json)
        return
    if profile is not None:
        from spinodal._errors import RequestError

        raise RequestError("--profile is for guards; name one with --guard, or leave it out")
    folder = run or request.default_folder
    if plan:
        _print_plan(request, folder)
        return
    _assess(request, folder, json)


def _assess(request: AssessmentRequest, folder: Path, json: bool) -> None:
    from spinodal.assessment import assess as run_assessment
    from spinodal.cli._measuring import MeasuringProgress
    from spinodal.report import write_report

    with MeasuringProgress(request.plan, quiet=json) as progress:
        result = run_assessment(request, folder, progress)
    report = write_report(result)
    if json:
        import json as json_module

        typer.echo(json_module.dumps([verdict.to_dict() for verdict in result.verdicts], indent=2))
    else:
        _print_result(result, report)
    if result.failures:
        from spinodal._errors import RunError

        names = ", ".join(failure["pair"] for failure in result.failures)
        raise RunError(
            f"{len(result.failures)} of {len(request.plan.pairs)} pairs failed ({names}): "
            f"{result.failures[0]['message']}; the same command tries them again"
        )


def _print_plan(request: AssessmentRequest, folder: Path) -> None:
    from rich.console import Console
    from rich.table import Table

    from spinodal.assessment import plan_costs

    console = Console(highlight=False)
    plan = request.plan
    console.print(f"Agent: {plan.agent.label}; design: {plan.design}; run folder: {folder}", markup=False)
    table = Table(
        "readout", "pairs", "calls at most", "tokens read, about", "tokens written, about", "cost at most"
    )
    for costs in plan_costs(request):
        money = "no price known" if math.isnan(costs.cost) else f"${costs.cost:.2f}"
        numbers = (costs.pairs, costs.prompts, costs.input_tokens, costs.output_tokens)
        table.add_row(costs.readout, *(f"{number:,}" for number in numbers), money)
    console.print(table)
    if plan.readout == "auto":
        console.print("Which readout it will be shows when the provider is asked. Nothing was spent.")


def _print_result(run: Run, report: Path) -> None:
    from rich.console import Console

    from spinodal.verdict import summarize

    console = Console(highlight=False, soft_wrap=True)
    console.print()
    for verdict in run.verdicts:
        console.print(f"{verdict.fit.keys['pair']}: {verdict.sentence}", markup=False)
    console.print(f"\n{summarize(run.verdicts)}", markup=False)
    bounds = int(run.observations["censored"].sum())
    if bounds:
        console.print(
            f"\n{bounds:,} of {len(run.observations):,} log-odds are bounds only: one option was not among "
            "the log-probabilities returned"
        )
    totals = run.meta["totals"]
    cost = "" if totals["cost"] in (None, 0) else f", ${totals['cost']:.4f}"
    console.print(
        f"\n{totals['calls']:,} calls, {totals['input_tokens']:,} tokens read, "
        f"{run.meta['seconds']:.0f} s{cost}\nReport: {report}",
        markup=False,
    )
