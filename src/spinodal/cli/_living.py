"""Let a society of real agents live: its budget first, its progress, its result."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from spinodal.societies import SocietyCosts, SocietyRequest
    from spinodal.society_runs import SocietyRun
    from spinodal.society_verdict import SocietyVerdict


def live(request: SocietyRequest, folder: Path | None, *, plan: bool, json: bool) -> None:
    """Carry out a request in its folder, and print what came of it; with `plan`, what it would take.

    Raises:
        RunError: a trajectory failed.
    """
    from rich.console import Console

    from spinodal._errors import RunError
    from spinodal.cli._society_progress import SocietyProgress
    from spinodal.report import write_society
    from spinodal.societies import plan_society, run_society
    from spinodal.society_verdict import judge_society

    folder = folder or request.default_folder
    costs = plan_society(request)
    if plan:
        _print_plan(request, costs, folder)
        return
    Console(stderr=True, highlight=False, soft_wrap=True, quiet=json).print(
        _budget(request, costs), markup=False
    )
    with SocietyProgress(request, quiet=json) as progress:
        run = run_society(request, folder, progress)
    verdict = judge_society(run)
    report = write_society(run, verdict)
    failures = run.meta["failures"]
    if json:
        import json as json_module

        found = verdict.to_dict() | {
            "run": str(folder),
            "report": str(report),
            "totals": run.meta["totals"] | {"seconds": run.meta["seconds"]},
            "failures": failures,
        }
        typer.echo(json_module.dumps(found, indent=2))
    else:
        _print_result(run, verdict, report)
    if failures:
        raise RunError(
            f"{len(failures)} of {len(run.trajectories)} trajectories failed: {failures[0]['message']}; "
            "the same command tries them again"
        )


def _budget(request: SocietyRequest, costs: SocietyCosts) -> str:
    """What it takes at most, in one line."""
    plan = request.plan
    measured = f", and {costs.measurement_calls:,} to measure the response" if costs.measurement_calls else ""
    return (
        f"{len(plan.starts)} societies of {plan.agents} agents on {plan.pair.id}, {plan.sweeps} sweeps each: "
        f"at most {costs.updates:,} updates, {costs.calls:,} calls{measured}"
    )


def _print_plan(request: SocietyRequest, costs: SocietyCosts, folder: Path) -> None:
    import math

    from rich.table import Table

    console = _console()
    console.print(_budget(request, costs), markup=False)
    console.print(f"Run folder: {folder}", markup=False)
    table = Table("at most", "", show_header=True)
    context = "unknown" if costs.context is None else f"{costs.context:,}"
    money = "no price known" if math.isnan(costs.cost) else f"${costs.cost:.2f}"
    rows = (
        ("updates", f"{costs.updates:,}"),
        ("calls", f"{costs.calls:,}"),
        ("calls to measure the response", f"{costs.measurement_calls:,}"),
        ("tokens read, about", f"{costs.input_tokens:,}"),
        ("tokens written, about", f"{costs.output_tokens:,}"),
        ("cost", money),
        ("tokens of the longest prompt and its reply", f"{costs.longest_prompt:,}"),
        ("tokens of the model's context", context),
    )
    for name, value in rows:
        table.add_row(name, value)
    console.print(table)
    console.print("How long that takes shows once it runs. Nothing was spent.")


def _print_result(run: SocietyRun, verdict: SocietyVerdict, report: Path) -> None:
    from spinodal.report._words import duration

    console = _console()
    console.print()
    console.print(verdict.sentence, markup=False)
    for reason in verdict.reasons:
        console.print(f"  {reason}", markup=False)
    _print_experiment(console, run, verdict)
    _print_ends(console, run)
    totals = run.meta["totals"]
    calls = totals["calls"] + totals["measurement_calls"]
    cost = "" if totals["cost"] in (None, 0) else f", ${totals['cost']:.4f}"
    console.print(
        f"{calls:,} calls ({totals['measurement_calls']:,} of them to measure the response), "
        f"{totals['input_tokens']:,} tokens read, {duration(run.meta['seconds'])}{cost}\nReport: {report}",
        markup=False,
    )


def _print_experiment(console: Console, run: SocietyRun, verdict: SocietyVerdict) -> None:
    """What zealots did who joined and left, or were swept up and back."""
    from spinodal.report._words import number, percent
    from spinodal.society_paths import paths, society_loop, tipped_shares

    if run.experiment == "tip":
        for share in tipped_shares(run, paths(run, verdict)):
            stage = run.stages[share.stage]
            zealots = int(stage.zealots_a + stage.zealots_b)
            there = f"with {zealots} zealots" if zealots else "without zealots"
            predicted = "" if share.predicted is None else f" (predicted: {percent(share.predicted)})"
            console.print(
                f"  After {int(stage.sweeps)} sweeps {there}, {share.tipped} of {share.runs} populations are "
                f"tipped to {run.toward}{predicted}"
            )
    elif run.experiment == "hysteresis":
        loop = society_loop(run, paths(run, verdict))
        if loop.areas.size:
            predicted = "" if loop.predicted_area is None else f" (predicted: {number(loop.predicted_area)})"
            console.print(f"  Area of the loop: {number(float(loop.areas.mean()))} on average{predicted}")


def _print_ends(console: Console, run: SocietyRun) -> None:
    """Where the populations of each start ended."""
    from rich.table import Table

    table = Table("start m0", "ended", "all A", "most A", "most B", "all B", "mean m")
    m = 2.0 * run.counts[:, -1] / run.agents - 1.0
    for m0 in sorted(run.meta["request"]["m0"]):
        final = m[run.m0 == m0]
        shares = ((final == 1.0), (final > 0.0), (final < 0.0), (final == -1.0))
        mean = f"{final.mean():+.3f}" if final.size else "none lived to its end"
        table.add_row(f"{m0:+g}", str(final.size), *(str(int(share.sum())) for share in shares), mean)
    console.print(table)
    if run.decided_share < 1.0:
        console.print(f"{1.0 - run.decided_share:.1%} of the replies took neither option")


def _console() -> Console:
    from rich.console import Console

    return Console(highlight=False, soft_wrap=True)
