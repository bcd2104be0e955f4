"""`spinodal assess`: measure an agent's conformity and say what a population of it will do."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

if TYPE_CHECKING:
    from spinodal.assessment import AssessmentRequest
    from spinodal.measure.task import Event
    from spinodal.runs import Run

_AGENT = "The agent"
_QUESTION = "What it is asked"
_DESIGN = "How much is asked"
_OUTPUT = "Where it goes"


def register(app: typer.Typer) -> None:
    """Add the verb to the application."""
    app.command()(assess)


def assess(
    model: Annotated[
        str | None,
        typer.Option(
            help="Inspect model string, as in openai/gpt-4o-mini, openai-api/NAME/MODEL or "
            "embedded/PATH.gguf. Keys are read from the environment. Default: embedded/smollm2-135m.",
            rich_help_panel=_AGENT,
        ),
    ] = None,
    base_url: Annotated[
        str | None,
        typer.Option(help="Address of the model's server, if not the usual one.", rich_help_panel=_AGENT),
    ] = None,
    system_prompt: Annotated[
        str | None, typer.Option(help="Persona: the agent's system prompt.", rich_help_panel=_AGENT)
    ] = None,
    system_prompt_file: Annotated[
        Path | None, typer.Option(help="The same, read from a file.", rich_help_panel=_AGENT)
    ] = None,
    temperature: Annotated[
        float, typer.Option(help="Sampling temperature the response refers to.", rich_help_panel=_AGENT)
    ] = 1.0,
    max_tokens: Annotated[
        int | None, typer.Option(help="Longest reply, in tokens.", rich_help_panel=_AGENT)
    ] = None,
    label: Annotated[str, typer.Option(help="Name of the agent in the report.", rich_help_panel=_AGENT)] = "",
    model_arg: Annotated[
        list[str] | None,
        typer.Option("-M", "--model-arg", help="NAME=VALUE for the provider.", rich_help_panel=_AGENT),
    ] = None,
    pairs: Annotated[
        list[str] | None,
        typer.Option(
            help="Option pairs: safety, opinions, all, a YAML or CSV file, or ids; commas between, or "
            "several times. Default: six of the bank.",
            rich_help_panel=_QUESTION,
        ),
    ] = None,
    template: Annotated[
        str | None,
        typer.Option(help="Prompt template, or path of one (`spinodal models`).", rich_help_panel=_QUESTION),
    ] = None,
    peers: Annotated[
        int | None, typer.Option(help="Peers shown in a prompt. Default: 20.", rich_help_panel=_QUESTION)
    ] = None,
    listed: Annotated[
        bool,
        typer.Option(help="List both options, or leave them to the peers.", rich_help_panel=_QUESTION),
    ] = True,
    readout: Annotated[
        Literal["auto", "logprob", "sample"],
        typer.Option(help="Read log-probabilities, or sample and count.", rich_help_panel=_QUESTION),
    ] = "auto",
    prefill: Annotated[
        Literal["auto", "on", "off"],
        typer.Option(help="Put the reply's opening bracket into its mouth.", rich_help_panel=_QUESTION),
    ] = "auto",
    agents: Annotated[
        int | None,
        typer.Option(help="Population judged. Default: the peers and one.", rich_help_panel=_DESIGN),
    ] = None,
    design: Annotated[
        Literal["adaptive", "grid"],
        typer.Option(help="Ask where it matters, or the study's ten points.", rich_help_panel=_DESIGN),
    ] = "adaptive",
    budget: Annotated[int | None, typer.Option(help="Most prompts a pair.", rich_help_panel=_DESIGN)] = None,
    width: Annotated[
        float | None,
        typer.Option(help="Go on until the 95% interval of beta is this narrow.", rich_help_panel=_DESIGN),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of names and orders.", rich_help_panel=_DESIGN)] = 0,
    retries: Annotated[
        int | None, typer.Option(help="Tries after a failed call. Default: 5.", rich_help_panel=_DESIGN)
    ] = None,
    max_connections: Annotated[
        int | None, typer.Option(help="Calls under way at once.", rich_help_panel=_DESIGN)
    ] = None,
    price: Annotated[
        tuple[float, float] | None,
        typer.Option(
            help="US dollars a million tokens read and written, to count the cost.", rich_help_panel=_DESIGN
        ),
    ] = None,
    run: Annotated[
        Path | None,
        typer.Option(help="Run folder; the same command goes on in it.", rich_help_panel=_OUTPUT),
    ] = None,
    plan: Annotated[
        bool, typer.Option("--plan", help="Say what it would take, and stop.", rich_help_panel=_OUTPUT)
    ] = False,
    json: Annotated[
        bool, typer.Option("--json", help="Print the verdicts as JSON.", rich_help_panel=_OUTPUT)
    ] = False,
) -> None:
    """Measure how an agent follows its peers, and say what a population of it will do.

    Ends with a page, report.html in the run folder. Killed at any moment, the same command goes on from
    there and repeats no finished model call.
    """
    from spinodal.agents import AgentSpec
    from spinodal.agents._spec import EMBEDDED_MODEL
    from spinodal.agents.models import DEFAULT_RETRIES
    from spinodal.assessment import AssessmentRequest
    from spinodal.measure.asking import Prices
    from spinodal.measure.prompts import DEFAULT_TEMPLATE, load_template
    from spinodal.measure.task import DEFAULT_PAIRS, DEFAULT_PEERS, MeasurementPlan, find_pairs

    agent = AgentSpec(
        model=model or EMBEDDED_MODEL,
        system_prompt=_persona(system_prompt, system_prompt_file),
        temperature=temperature,
        max_tokens=max_tokens,
        label=label,
        base_url=base_url,
        model_args=_model_args(model_arg or []),
    )
    n_peers = DEFAULT_PEERS if peers is None else peers
    sources = ",".join(pairs) if pairs else ",".join(DEFAULT_PAIRS)
    prices = Prices(*price) if price else Prices(0.0, 0.0) if _is_free(agent.model) else None
    request = AssessmentRequest(
        plan=MeasurementPlan(
            agent=agent,
            pairs=find_pairs(sources),
            template=load_template(template or DEFAULT_TEMPLATE),
            n_peers=n_peers,
            listed=listed,
            design=design,
            budget=budget,
            width=width,
            seed=seed,
            readout=readout,
            prefill=prefill,
            prices=prices,
        ),
        agents=n_peers + 1 if agents is None else agents,
        pairs_source=sources,
        template_source=template or "",
        retries=DEFAULT_RETRIES if retries is None else retries,
        max_connections=max_connections,
    )
    folder = run or request.default_folder
    if plan:
        _print_plan(request, folder)
        return
    _assess(request, folder, json)


def _assess(request: AssessmentRequest, folder: Path, json: bool) -> None:
    from spinodal.assessment import assess as run_assessment
    from spinodal.report import write_report

    with _Progress(request, quiet=json) as progress:
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


class _Progress:
    """A bar with the time left on a terminal, and a line a finished pair."""

    def __init__(self, request: AssessmentRequest, *, quiet: bool) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self._console = Console(stderr=True, highlight=False, soft_wrap=True, quiet=quiet)
        self._plan = request.plan
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("prompts, at most"),
            TimeRemainingColumn(),
            TextColumn("left"),
            console=self._console,
            transient=True,
        )
        self._task = self._bar.add_task("starting", total=None)
        self._asked = dict.fromkeys((pair.id for pair in request.plan.pairs), 0)
        self._ended: set[str] = set()
        self._most = 0
        self._started = time.monotonic()

    def __enter__(self) -> _Progress:
        plan = self._plan
        self._say(
            f"Measuring {plan.agent.label} on {len(plan.pairs)} option pairs, {plan.n_peers} peers shown"
        )
        self._bar.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._bar.stop()

    def __call__(self, event: Event) -> None:
        from spinodal.measure.asking import ReadoutChoice
        from spinodal.measure.task import Asked, Failed

        if isinstance(event, ReadoutChoice):
            self._most = self._plan.make_design().max_calls(event.readout)
            self._say(f"Readout: {event.readout}; {event.why}")
        elif isinstance(event, Asked):
            self._asked[event.pair.id] += len(event.rows)
        else:
            self._ended.add(event.pair.id)
            what = f"failed: {event.message}" if isinstance(event, Failed) else event.stop_reason
            self._say(f"  {event.pair.id}: {self._asked[event.pair.id]} prompts, {what}{self._left()}")
        self._bar.update(
            self._task,
            total=sum(self._asked.values()) + self._prompts_left() or None,
            completed=sum(self._asked.values()),
            description=f"{len(self._ended)}/{len(self._asked)} pairs",
        )

    def _prompts_left(self) -> int:
        return sum(self._most - asked for pair, asked in self._asked.items() if pair not in self._ended)

    def _left(self) -> str:
        """Time left, for where no bar shows it."""
        if self._console.is_terminal or not self._prompts_left():
            return ""
        pace = (time.monotonic() - self._started) / max(sum(self._asked.values()), 1)
        return f" (at most {pace * self._prompts_left():.0f} s left)"

    def _say(self, line: str) -> None:
        self._console.print(line, markup=False)


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


def _persona(text: str | None, file: Path | None) -> str | None:
    from spinodal._errors import RequestError

    if file is None:
        return text
    if text is not None:
        raise RequestError("both --system-prompt and --system-prompt-file are given; give one")
    try:
        return file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise RequestError(f"cannot read the persona in {file}: {error}") from error


def _model_args(arguments: Sequence[str]) -> dict[str, Any]:
    import json

    import yaml

    from spinodal._errors import RequestError

    values = {}
    for argument in arguments:
        name, equals, value = argument.partition("=")
        if not equals or not name:
            raise RequestError(f"model argument {argument!r} is no NAME=VALUE")
        try:
            values[name] = yaml.safe_load(value)
            json.dumps(values[name])
        except (yaml.YAMLError, TypeError):  # no number, switch or list: a text
            values[name] = value
    return values


def _is_free(model: str) -> bool:
    return model.startswith(("embedded/", "synthetic/"))
