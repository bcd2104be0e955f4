"""`spinodal profile`: what guards need to know of an agent."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spinodal.cli._agents import AgentOptions, EffortOptions, ReadoutOptions, TraitOptions
from spinodal.cli._bundles import GUARDS, OUTPUT, QUESTION, unbundled

if TYPE_CHECKING:
    from spinodal.guards import AgentProfile
    from spinodal.profiles import ProfileRequest


def register(app: typer.Typer) -> None:
    """Add the verb to the application."""
    app.command("profile")(profile)


@unbundled
def profile(
    *,
    who: AgentOptions,
    traits: TraitOptions,
    pairs: Annotated[
        list[str] | None,
        typer.Option(
            help="Option pairs to ask for a stance on, for the guard own-prior: safety, opinions, a file, or "
            "ids; commas between, or several times. Default: those that assess measures.",
            rich_help_panel=QUESTION,
        ),
    ] = None,
    placement: Annotated[
        str | None,
        typer.Option(
            metavar="lead-system|trailing-system|tagged-user",
            help="Where guards are to speak. Default: the first place that is seen to reach the model.",
            rich_help_panel=GUARDS,
        ),
    ] = None,
    reading: ReadoutOptions,
    effort: EffortOptions,
    out: Annotated[
        Path | None,
        typer.Option(help="File for the profile. Default: standard output.", rich_help_panel=OUTPUT),
    ] = None,
    run: Annotated[
        Path | None,
        typer.Option(help="Run folder; the same command goes on in it.", rich_help_panel=OUTPUT),
    ] = None,
    plan: Annotated[
        bool, typer.Option("--plan", help="Say what it would take, and stop.", rich_help_panel=OUTPUT)
    ] = False,
) -> None:
    """Ask an agent for its traits, and for its stances when nobody else is heard: what guards speak of.

    Prints one JSON object: `spinodal profile --model MODEL > profile.json`. Give that file to
    `spinodal assess --guard ... --profile`, and to the guards that you deploy. It also says where the model
    can be shown a guard's words, tried and seen. Killed at any moment, the same command goes on from there.
    """
    from spinodal.contagion.wording import load_wording
    from spinodal.guards import placement_of
    from spinodal.measure.profiling import ProfilePlan
    from spinodal.measure.task import DEFAULT_PAIRS, find_pairs
    from spinodal.profiles import ProfileRequest

    agent = who.spec()
    request = ProfileRequest(
        plan=ProfilePlan(
            agent=agent,
            questions=traits.questions(effort.seed),
            question=load_wording(None).question,
            pairs=find_pairs(",".join(pairs) if pairs else ",".join(DEFAULT_PAIRS)),
            placement=None if placement is None else placement_of(placement),
            orders=traits.orders,
            readout=reading.readout,
            prefill=reading.prefill,
            seed=effort.seed,
            prices=effort.prices([agent]),
        ),
        inventory=traits.inventory,
        retries=effort.tries,
        max_connections=effort.max_connections,
    )
    folder = run or request.default_folder
    if plan:
        _print_plan(request, folder)
        return
    found = _carry_out(request, folder)
    import json

    text = json.dumps(found.to_dict(), indent=2, ensure_ascii=False)
    if out is None:
        typer.echo(text)
    else:
        from spinodal._files import write_whole

        write_whole(out, f"{text}\n".encode())


def _carry_out(request: ProfileRequest, folder: Path) -> AgentProfile:
    from spinodal.cli._progress import run_bar
    from spinodal.profiles import make_profile

    console, bar = run_bar(quiet=False)
    total = request.plan.most_calls
    console.print(f"Asking {request.plan.agent.label}, at most {total} questions; run folder {folder}")
    task = bar.add_task("questions", total=total)
    with bar:
        found = make_profile(request, folder, lambda asked: bar.update(task, completed=asked))
    scores = sorted(found.profile.scores.items(), key=lambda item: -item[1])
    console.print("Traits: " + ", ".join(f"{name} {score:.2f}" for name, score in scores), markup=False)
    for stance in found.stances:
        console.print(f"Alone on {stance.pair}: {stance.option} (P of A {stance.p_a:.2f})", markup=False)
    console.print(f"Guards speak at {found.placement}: {found.placement_how}", markup=False)
    return found


def _print_plan(request: ProfileRequest, folder: Path) -> None:
    from rich.console import Console

    from spinodal.profiles import plan_profile
    from spinodal.report._words import money

    costs = plan_profile(request)
    price = "no price known; give --price" if math.isnan(costs.cost) else money(costs.cost)
    Console(highlight=False).print(
        f"{request.plan.agent.label}: at most {costs.calls:,} calls, about {costs.input_tokens:,} tokens "
        f"read and {costs.output_tokens:,} written ({price}); run folder {folder}. Nothing was spent.",
        markup=False,
    )
