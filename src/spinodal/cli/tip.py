"""`spinodal tip`: zealots who join a finite population, stay, and leave; in theory, or among real agents."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from spinodal.cli._bundles import command_words, refuse, unbundled
from spinodal.cli._response import Beta, Bias, Curve, Shown
from spinodal.cli._society import ELSEWHERE, ONLY_THEORY, SocietyOptions
from spinodal.cli._stages import Stages, side_of, stage_of

if TYPE_CHECKING:
    from spinodal.response import ResponseFunction
    from spinodal.theory import Side, Stage, TippingTrial

_START = 0.6
"""Where real agents start, against the zealots: four in five hold the other option."""

_POINTS = 41
"""Numbers of zealots tried for the picture."""


def register(app: typer.Typer) -> None:
    """Add the verb to the application."""
    app.command("tip")(tip)


@unbundled
def tip(
    *,
    context: typer.Context,
    agents: Annotated[int, typer.Option("--agents", help="Regular agents.")],
    toward: Annotated[str, typer.Option("--toward", help="The option zealots hold and tip to: A or B.")],
    beta: Beta = None,
    h: Bias = None,
    curve: Curve = None,
    shown: Shown = None,
    before: Annotated[
        int, typer.Option("--before", help="With real agents: sweeps until the zealots join.")
    ] = 0,
    hold: Annotated[float, typer.Option("--hold", help="Sweeps for which the zealots stay.")] = 10.0,
    after: Annotated[
        float, typer.Option("--after", help="Sweeps from when they leave to the last look.")
    ] = 10.0,
    zealots: Annotated[
        int | None, typer.Option("--zealots", help="Also try this many zealots (default: find the fewest).")
    ] = None,
    probability: Annotated[
        float, typer.Option("--probability", help="How surely the fewest zealots must tip the population.")
    ] = 0.5,
    stages: Stages = None,
    schedule: Annotated[
        Path | None,
        typer.Option(
            "--schedule", help="The same from a CSV file with columns sweeps, zealots_a and zealots_b."
        ),
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option(
            "--plot",
            help="Draw the distribution in time, or without --zealots the chance against their number: "
            "a .png, .svg or .pdf file.",
        ),
    ] = None,
    options: SocietyOptions,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """How likely zealots tip a finite population that starts in the other option's state, exactly.

    Tipped is past the unstable state between the two (m = 0 where there is only one). The fewest zealots
    that do it in the time given stand beside the threshold of an infinite population held for ever.

    With --pair, --model or --group it is done to real agents: 80% hold the other option, --zealots join,
    stay and leave. Ends with a page that sets what happened beside the theory.
    """
    from spinodal.cli._response import response_of

    side = side_of(toward)
    if options.names_agents:
        from spinodal.cli._living import live
        from spinodal.cli._society import Course, request_of

        refuse(context, ("beta", "h", "curve", "probability", "plot"), ONLY_THEORY)
        course = Course(
            experiment="tip",
            stages=_joining(_plan(stages, schedule, zealots), side, zealots, before, hold, after),
            toward=side,
            m0=(_START if side == "B" else -_START,),
            stop_at_consensus=False,
        )
        words = command_words(context, "run", "plan", "as_json")
        request = request_of(options, course, agents=agents, shown=shown, command=words)
        live(request, options.run, plan=options.plan, json=as_json)
        return
    refuse(context, ("before", *options.names), ELSEWHERE)

    if plot is not None:
        from spinodal.plots import require_picture

        require_picture(plot)  # before the work, not after it
    response = response_of(beta, h, curve, shown)
    plan = _plan(stages, schedule, zealots)
    if plan is None:
        found = _trials(response, agents, side, zealots, hold, after, probability, plot)
    else:
        found = _stages(response, agents, side, plan, plot)
    found["mean_field"] = _mean_field(response, side, agents)
    if as_json:
        import json

        print(json.dumps(found, allow_nan=False))
    else:
        _show(found)


def _joining(
    planned: list[Stage] | None, toward: Side, zealots: int | None, before: float, hold: float, after: float
) -> tuple[Stage, ...]:
    """The stages of the trial: until the zealots join, while they stay, after they left."""
    from spinodal._errors import RequestError
    from spinodal.theory import Stage

    if planned is not None:
        return tuple(planned)
    if not zealots:
        raise RequestError("how many zealots join? give --zealots, or a schedule with --stage")
    theirs = Stage(hold, zealots, 0) if toward == "A" else Stage(hold, 0, zealots)
    return tuple(stage for stage in (Stage(before), theirs, Stage(after)) if stage.sweeps)


def _trials(
    response: ResponseFunction,
    agents: int,
    toward: Side,
    zealots: int | None,
    hold: float,
    after: float,
    probability: float,
    plot: Path | None,
) -> dict[str, Any]:
    from spinodal.cli._progress import progress_bar
    from spinodal.theory import operational_threshold, tipping_trial

    trial = None
    if zealots is not None:
        with progress_bar("trying the zealots") as progress:
            trial = tipping_trial(
                response, agents, toward, zealots, hold=hold, after=after, progress=progress
            )
    with progress_bar("finding the fewest zealots") as progress:
        fewest = operational_threshold(
            response, agents, toward, hold=hold, after=after, probability=probability, progress=progress
        )
    if plot is not None:
        _draw(response, agents, toward, trial, fewest, hold, after, plot)
    return {
        "toward": toward,
        "agents": agents,
        "hold": hold,
        "after": after,
        "probability": probability,
        "trial": None if trial is None else _outcome(trial),
        "fewest": None if fewest is None else _outcome(fewest),
    }


def _outcome(trial: TippingTrial) -> dict[str, Any]:
    return {
        "zealots": trial.zealots,
        "fraction": trial.zealots / (trial.agents + trial.zealots),
        "p_tipped": trial.p_tipped,
        "p_remains": trial.p_remains,
        "returns": trial.returns,
    }


def _draw(
    response: ResponseFunction,
    agents: int,
    toward: Side,
    trial: TippingTrial | None,
    fewest: TippingTrial | None,
    hold: float,
    after: float,
    plot: Path,
) -> None:
    import numpy as np

    from spinodal.cli._progress import progress_bar
    from spinodal.plots import save
    from spinodal.theory import tipping_curve

    if trial is not None:
        save(trial.plot(), plot)
        return
    most = agents if fewest is None else 2 * max(fewest.zealots, 1)
    counts = np.unique(np.linspace(0, most, _POINTS).round().astype(int)).tolist()
    with progress_bar("trying numbers of zealots") as progress:
        curve = tipping_curve(response, agents, toward, counts, hold=hold, after=after, progress=progress)
    save(curve.plot(), plot)


def _plan(stages: list[str] | None, schedule: Path | None, zealots: int | None) -> list[Stage] | None:
    """The stages asked for; None where there are none."""
    from spinodal._errors import RequestError

    if stages and schedule is not None:
        raise RequestError("--stage and --schedule say the same; give one of them")
    if (stages or schedule is not None) and zealots is not None:
        raise RequestError("the schedule says which zealots; leave --zealots out")
    if stages:
        return [stage_of(text) for text in stages]
    return None if schedule is None else _read_schedule(schedule)


def _read_schedule(file: Path) -> list[Stage]:
    from spinodal._errors import RequestError
    from spinodal._files import read_table
    from spinodal.cli._table import numbers, require_columns
    from spinodal.theory import Stage

    columns = ("sweeps", "zealots_a", "zealots_b")
    table = read_table(file)
    require_columns(table, file, *columns)
    if table.empty:
        raise RequestError(f"{file} has no rows; give a row a stage")
    rows = zip(*(numbers(table, file, column).tolist() for column in columns), strict=True)
    # what is not whole is left for the theory to refuse
    whole = [[int(value) if value.is_integer() else value for value in row] for row in rows]
    return [Stage(*row) for row in whole]


def _stages(
    response: ResponseFunction, agents: int, toward: Side, stages: list[Stage], plot: Path | None
) -> dict[str, Any]:
    """What is tipped at the end of each stage."""
    import numpy as np

    from spinodal.cli._progress import progress_bar
    from spinodal.theory import follow_protocol, start_against, tipping_watershed

    total = sum(stage.sweeps for stage in stages)
    with progress_bar("living through the schedule") as progress:
        trace = follow_protocol(
            response,
            agents,
            start_against(response, agents, toward),
            stages,
            every=max(total / 200.0, 1.0 / agents),
            progress=progress,
        )
    watershed = tipping_watershed(response, toward)
    if plot is not None:
        from spinodal.plots import mark_watershed, save

        save(mark_watershed(trace.plot(), watershed, toward), plot)
    at = np.searchsorted(trace.sweeps, np.cumsum([stage.sweeps for stage in stages]) - 1e-9)
    tipped, mean = trace.p_beyond(watershed, toward), trace.mean
    return {
        "toward": toward,
        "agents": agents,
        "stages": [
            {
                "sweeps": stage.sweeps,
                "zealots_a": int(stage.zealots_a),
                "zealots_b": int(stage.zealots_b),
                "p_tipped": min(float(tipped[end]), 1.0),
                "mean_m": float(mean[end]),
            }
            for stage, end in zip(stages, at, strict=True)
        ],
    }


def _mean_field(response: ResponseFunction, toward: Side, agents: int) -> dict[str, Any]:
    from spinodal.theory import tipping_threshold

    threshold = tipping_threshold(response, toward)
    return {**threshold.to_dict(), "zealots": threshold.zealots_among(agents)}


def _show(found: dict[str, Any]) -> None:
    toward, agents = found["toward"], found["agents"]
    for stage in found.get("stages", ()):
        typer.echo(
            f"After {stage['sweeps']:g} sweeps with {stage['zealots_a']} zealots for A and "
            f"{stage['zealots_b']} for B: tipped to {toward} with probability {stage['p_tipped']:.4f}, "
            f"mean m {stage['mean_m']:+.3f}."
        )
    if found.get("trial"):
        typer.echo(_sentence(f"{found['trial']['zealots']} zealots", found["trial"], found))
    if found.get("fewest"):
        count = found["fewest"]["zealots"]
        sure = f"The fewest that tip with probability {found['probability']:g} are {count}: they"
        typer.echo(_sentence(sure, found["fewest"], found))
    elif "fewest" in found:
        typer.echo(f"No number of zealots tips {agents} agents to {toward} within {found['hold']:g} sweeps.")
    limit = found["mean_field"]
    if limit["zealots_per_agent"] is None:
        typer.echo("An infinite population has no threshold: it follows the zealots continuously.")
    else:
        lasting = "stays tipped" if limit["irreversible"] else "returns when they leave"
        typer.echo(
            f"An infinite population tips at {limit['zealots_per_agent']:.4f} zealots an agent "
            f"({limit['fraction']:.1%} of everybody; {limit['zealots']} here), and {lasting}."
        )


def _sentence(who: str, outcome: dict[str, Any], found: dict[str, Any]) -> str:
    back = "most return" if outcome["returns"] else "most stay"
    return (
        f"{who} tip {found['agents']} agents to {found['toward']} within {found['hold']:g} sweeps with "
        f"probability {outcome['p_tipped']:.4f}; {found['after']:g} sweeps after they left "
        f"{outcome['p_remains']:.4f} are tipped ({back})."
    )
