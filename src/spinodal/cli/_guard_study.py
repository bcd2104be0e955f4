"""`spinodal assess --guard`: an agent without a guard and with each, and what that does to a population."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from spinodal.assessment import AssessmentRequest
    from spinodal.guard_effects import GuardRanking
    from spinodal.guard_studies import GuardStudyRequest
    from spinodal.measure.task import Event, Observer


def judge_guards(request: GuardStudyRequest, folder: Path, *, plan: bool, json: bool) -> None:
    """Carry a study out, or say what it would take."""
    if plan:
        _print_plan(request, folder)
        return
    from spinodal._errors import RunError
    from spinodal.guard_effects import rank_guards
    from spinodal.guard_studies import run_guards
    from spinodal.report import write_guards

    progress = _Progress(len(request.requests), quiet=json)
    try:
        study = run_guards(request, folder, progress.begin)
    finally:
        progress.end()
    ranking = rank_guards(study)
    report = write_guards(study, ranking)
    if json:
        import json as json_module

        typer.echo(json_module.dumps(ranking.to_dict(), indent=2))
    else:
        print_ranking(ranking)
        typer.echo(f"Report: {report}")
    if study.failures:
        first = study.failures[0]
        raise RunError(
            f"{len(study.failures)} curves failed ({first['guard']}, {first['pair']}: {first['message']}); "
            "the same command tries them again"
        )


class _Progress:
    """One bar after another: an assessment each."""

    def __init__(self, runs: int, *, quiet: bool) -> None:
        from spinodal.cli._measuring import MeasuringProgress

        self._runs, self._quiet, self._begun = runs, quiet, 0
        self._bar: MeasuringProgress | None = None

    def begin(self, guard: str, request: AssessmentRequest) -> Observer:
        """The bar of the next assessment."""
        from spinodal.cli._measuring import MeasuringProgress

        self.end()
        self._begun += 1
        if not self._quiet:
            typer.echo(f"[{self._begun}/{self._runs}] guard: {guard}", err=True)
        bar = self._bar = MeasuringProgress(request.plan, quiet=self._quiet)
        bar.__enter__()

        def observe(event: Event) -> None:
            bar(event)

        return observe

    def end(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.__exit__()
            self._bar = None


def print_ranking(ranking: GuardRanking) -> None:
    """The guards on the terminal, the best first."""
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    console.print(ranking.sentence, markup=False)
    table = Table(box=None)
    table.add_column("guard", overflow="fold")
    for heading in ("withstands", "change", "95% interval", "p", "beta", "h"):
        table.add_column(heading, no_wrap=True)
    table.add_column("tokens a prompt")
    for row in ranking.rows():
        table.add_row(*row)
    console.print(table)


def _print_plan(request: GuardStudyRequest, folder: Path) -> None:
    from rich.console import Console
    from rich.table import Table

    from spinodal.guard_studies import plan_guards

    console = Console(highlight=False)
    plan = request.base.plan
    console.print(
        f"Agent: {plan.agent.label}; {len(plan.pairs)} pairs; design: {plan.design}; run folder: {folder}",
        markup=False,
    )
    table = Table(
        "guard",
        "readout",
        "calls at most",
        "tokens read, about",
        "tokens written, about",
        "cost at most",
        box=None,
    )
    for guard, planned in plan_guards(request).items():
        for costs in planned:
            cost = "unknown" if math.isnan(costs.cost) else f"${costs.cost:.2f}"
            table.add_row(
                guard,
                costs.readout,
                f"{costs.prompts:,}",
                f"{costs.input_tokens:,}",
                f"{costs.output_tokens:,}",
                cost,
            )
    console.print(table)
    console.print("Nothing was spent.")
