"""`spinodal critical-size`: conformity over the size of the group, and up to which size a society agrees."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Annotated

import typer

from spinodal.cli._agents import AgentOptions, AskingOptions, EffortOptions
from spinodal.cli._bundles import AGENTS, EFFORT, GUARDS, OUTPUT, QUESTION, command_words, unbundled
from spinodal.cli._measuring import MeasuringProgress

if TYPE_CHECKING:
    from spinodal.critical_size import CriticalSizeRequest, CriticalSizeRun
    from spinodal.measure.task import Event


def register(app: typer.Typer) -> None:
    """Add the verb to the application."""
    app.command("critical-size")(critical_size)


@unbundled
def critical_size(
    *,
    context: typer.Context,
    who: AgentOptions,
    label: Annotated[str, typer.Option(help="Name of the agent in the report.", rich_help_panel=AGENTS)] = "",
    pair: Annotated[
        str,
        typer.Option(
            help="The option pair: an id of the bank, a file with one pair, or FILE#id.",
            rich_help_panel=QUESTION,
        ),
    ],
    sizes: Annotated[
        str, typer.Option(metavar="N,N,...", help="Agents in the groups.", rich_help_panel=QUESTION)
    ] = "5,10,20,50",
    asked: AskingOptions,
    budget: Annotated[
        int | None, typer.Option(help="Most prompts a group size.", rich_help_panel=EFFORT)
    ] = None,
    width: Annotated[
        float | None,
        typer.Option(help="Go on until the 95% interval of beta is this narrow.", rich_help_panel=EFFORT),
    ] = None,
    guard: Annotated[
        str | None,
        typer.Option(
            help="A guard on the agent, at every prompt (`spinodal assess --help` lists them).",
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
    effort: EffortOptions,
    run: Annotated[
        Path | None,
        typer.Option(help="Run folder; the same command goes on in it.", rich_help_panel=OUTPUT),
    ] = None,
    plan: Annotated[
        bool, typer.Option("--plan", help="Say what it would take, and stop.", rich_help_panel=OUTPUT)
    ] = False,
    json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object.", rich_help_panel=OUTPUT)
    ] = False,
) -> None:
    """Measure how an agent follows its peers in groups of several sizes: conformity may fall as they grow.

    A group of N can hold two majorities only while beta is above 1, and agents without a bias agree to the
    last one only while it is above 1/2 ln N. Ends with a page, report.html in the run folder. Killed at any
    moment, the same command goes on from there and repeats no finished model call.
    """
    from spinodal._errors import RequestError
    from spinodal.agents import guarding_of
    from spinodal.critical_size import CriticalSizeRequest
    from spinodal.measure.task import MeasurementPlan, find_pair

    guarding = guarding_of(guard, profile)
    if profile is not None and guarding is None:
        raise RequestError("--profile is for guards; name one with --guard, or leave it out")
    agent = who.spec(label, guarding)
    request = CriticalSizeRequest(
        plan=MeasurementPlan(
            agent=agent,
            pairs=(find_pair(pair),),
            template=asked.prompts,
            listed=asked.listed,
            budget=budget,
            width=width,
            seed=effort.seed,
            readout=asked.readout,
            prefill=asked.prefill,
            prices=effort.prices([agent]),
        ),
        sizes=_sizes(sizes),
        pair_source=pair,
        retries=effort.tries,
        max_connections=effort.max_connections,
        command=command_words(context, "run", "plan", "json"),
    )
    folder = run or request.default_folder
    if plan:
        _print_plan(request, folder)
    else:
        _measure(request, folder, json)


def _sizes(text: str) -> tuple[int, ...]:
    from spinodal._errors import RequestError

    try:
        return tuple(int(part) for part in text.split(",") if part.strip())
    except ValueError:
        raise RequestError(f"--sizes {text} is no list of whole numbers; 5,10,20,50 say") from None


def _measure(request: CriticalSizeRequest, folder: Path, json: bool) -> None:
    from spinodal._errors import RunError
    from spinodal.critical_size import run_critical_size
    from spinodal.report._critical_size import write_critical_size

    with _Progress(request, quiet=json) as progress:
        run = run_critical_size(request, folder, progress)
    report = write_critical_size(run)
    if json:
        import json as json_module

        found = run.to_dict() | {"run": str(folder), "report": str(report)}
        typer.echo(json_module.dumps(found, indent=2))
    else:
        _print_result(run, report)
    if run.failures:
        sizes = ", ".join(str(failure["agents"]) for failure in run.failures)
        raise RunError(
            f"{len(run.failures)} of {len(request.sizes)} group sizes failed ({sizes}): "
            f"{run.failures[0]['message']}; the same command tries them again"
        )


class _Progress:
    """The progress of each size's measurement, one after the other."""

    def __init__(self, request: CriticalSizeRequest, *, quiet: bool) -> None:
        self._request, self._quiet = request, quiet
        self._size = 0
        self._shown: MeasuringProgress | None = None

    def __enter__(self) -> _Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._shown is not None:
            self._shown.__exit__(kind, error, trace)

    def __call__(self, size: int, event: Event) -> None:
        if self._shown is None or size != self._size:
            self.__exit__(None, None, None)
            plan = self._request.assessment(size).plan
            self._size, self._shown = size, MeasuringProgress(plan, quiet=self._quiet).__enter__()
        self._shown(event)


def _print_plan(request: CriticalSizeRequest, folder: Path) -> None:
    import math

    from rich.console import Console
    from rich.table import Table

    from spinodal.critical_size import plan_critical_size

    console = Console(highlight=False)
    console.print(f"Agent: {request.plan.agent.label}; run folder: {folder}", markup=False)
    table = Table(
        "agents", "readout", "calls at most", "tokens read, about", "tokens written, about", "cost at most"
    )
    for size, readouts in plan_critical_size(request).items():
        for costs in readouts:
            money = "no price known" if math.isnan(costs.cost) else f"${costs.cost:.2f}"
            numbers = (costs.prompts, costs.input_tokens, costs.output_tokens)
            table.add_row(str(size), costs.readout, *(f"{number:,}" for number in numbers), money)
    console.print(table)
    console.print("Nothing was spent.")


def _print_result(run: CriticalSizeRun, report: Path) -> None:
    import math

    from rich.console import Console
    from rich.table import Table

    from spinodal.critical_size import full_consensus_probability
    from spinodal.report._words import duration, interval, number, percent

    console = Console(highlight=False, soft_wrap=True)
    table = Table("agents", "beta (95%)", "1/2 ln N", "above it", "h (95%)", "bistable")
    for size, fit in run.fits.items():
        beta, h = (
            f"{number(value)} ({interval(ends)})"
            for value, ends in ((fit.beta, fit.beta_ci), (fit.h, fit.h_ci))
        )
        shares = percent(full_consensus_probability(fit, size)), percent(fit.p_bistable)
        table.add_row(f"{size:,}", beta, number(0.5 * math.log(size)), shares[0], h, shares[1])
    console.print()
    console.print(table)
    for sentence in run.sentences:
        console.print(sentence, markup=False)
    totals = run.meta["totals"]
    cost = "" if totals["cost"] in (None, 0) else f", ${totals['cost']:.4f}"
    console.print(
        f"\n{totals['calls']:,} calls, {totals['input_tokens']:,} tokens read, "
        f"{duration(run.meta['seconds'])}{cost}\nReport: {report}",
        markup=False,
    )
