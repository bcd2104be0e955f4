"""The page of a society: what it did beside what one agent's measured response foretells."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from spinodal._files import write_whole
from spinodal.report import _measured
from spinodal.report._assessment import command_of
from spinodal.report._outcomes import Look
from spinodal.report._page import render_page
from spinodal.report._society_words import starts, typeset, what_was_done
from spinodal.report._table import Cell, Column, Table, text
from spinodal.report._words import ABSENT, count, duration, interval, money, number, percent, plural
from spinodal.report.figures import (
    groups_figure,
    in_loop_figure,
    loop_figure,
    loop_words,
    paths_figure,
    tipped_figure,
)
from spinodal.report.figures._society_paths import ending_shares, predicted_ending
from spinodal.runs import LOGS, REPORT
from spinodal.society_paths import Paths, paths, society_loop, tipped_shares, watershed
from spinodal.society_runs import SocietyRun

if TYPE_CHECKING:
    from spinodal.fitting import CurveFit, Interval
    from spinodal.society_verdict import SocietyVerdict

_ARGUMENTS: Final = 30
"""Sentences on the page."""

_LOOKS: Final = {
    "agrees": Look("agrees", "As predicted", "check", "safe", "the test finds no departure"),
    "departs": Look("departs", "Not as predicted", "warning", "risk", "the test rejects the prediction"),
    "alone": Look("alone", "No prediction", "question", "unsure", "nothing to compare with"),
    "nothing": Look("nothing", "Nothing finished", "question", "unsure", "no trajectory came to its end"),
}

_HEADLINES: Final = {
    "agrees": "The society did what one agent’s answers foretell",
    "departs": "The society did not do what one agent’s answers foretell",
    "alone": "A society lived; there is no prediction to hold against it",
    "nothing": "No population came to its end",
}

_UNSAID: Final = {"Agent", "Model file", "Server", "Model arguments", "Prices, dollars a million tokens"}
"""Inputs that go unmentioned where a run has none."""


def write_society(run: SocietyRun, verdict: SocietyVerdict | None = None) -> Path:
    """Write `report.html` into the society's run folder, whole or not at all; return its path.

    `verdict` is judged anew where it is not given.
    """
    path = run.path / REPORT
    write_whole(path, render_society(run, verdict).encode())
    return path


def render_society(run: SocietyRun, verdict: SocietyVerdict | None = None) -> str:
    """The society's page as one self-contained HTML file. The same run gives the same page.

    `verdict` is judged anew where it is not given.
    """
    if verdict is None:
        from spinodal.society_verdict import judge_society

        verdict = judge_society(run)
    meta, found = run.meta, paths(run, verdict)
    look = look_of_society(run, verdict)
    border = watershed(run) if run.experiment == "tip" else None
    loop = society_loop(run, found) if run.experiment == "hysteresis" else None
    drawn: dict[str, Any] = {
        "paths": [
            paths_figure(place, one, run.stages, border, tall=len(found) == 1)
            for place, one in enumerate(found)
        ],
        "loop": loop_figure(loop) if loop else None,
        "tipped": tipped_figure(tipped_shares(run, found), run.stages, run.toward, border)
        if border is not None
        else None,
        "groups": [groups_figure(place, one, run.groups, run.stages) for place, one in enumerate(found)]
        if len(run.groups) > 1
        else [],
        "in_loop": [
            in_loop_figure(place, name, run, verdict)
            for place, name in enumerate(run.groups)
            if name in verdict.in_loop or name in run.fits
        ],
    }
    flat = [*drawn["paths"], drawn["loop"], drawn["tipped"], *drawn["groups"], *drawn["in_loop"]]
    return render_page(
        "society.html.j2",
        [figure for figure in flat if figure is not None],
        **drawn,
        name=run.name,
        look=look,
        headline=_HEADLINES[look.key],
        sentence=typeset(verdict.sentence),
        done=what_was_done(run),
        pair=run.pair,
        facts=_facts(run),
        failures=_failures(run),
        cautions=_cautions(run),
        border=border,
        loop_words=loop_words(loop) if loop else "",
        starts=[starts([one.m0]) for one in found],
        reasons=[typeset(reason) for reason in verdict.reasons],
        agreement=_agreement(found, verdict) if run.complete.any() else None,
        aspects=_aspects(verdict),
        test_words=_test_words(verdict),
        consensus_words=_consensus_words(run),
        paths_predicted=verdict.forecast is not None,
        on_graph=verdict.well_mixed is not None,
        zealots=any(stage.zealots_a or stage.zealots_b for stage in run.stages),
        group_names=list(run.groups),
        in_loop_table=_in_loop_table(run, verdict) if verdict.in_loop else None,
        retried_words=_retried_words(verdict),
        method=_method(verdict),
        arguments=_arguments(run),
        sentences=len(run.arguments),
        readout_notes=_readout_notes(run),
        provenance=[row for row in _measured.provenance(meta) if row[1] != ABSENT or row[0] not in _UNSAID],
        texts=_measured.texts(meta),
        command=command_of(meta),
        log_folder=shlex.quote(str(run.path / LOGS)),
        version=meta.get("spinodal_version", ""),
        finished=meta.get("finished") or "",
    )


def look_of_society(run: SocietyRun, verdict: SocietyVerdict) -> Look:
    """Whether the prediction held, as a badge."""
    if not run.complete.any():
        return _LOOKS["nothing"]
    if verdict.holds is None:
        return _LOOKS["alone"]
    return _LOOKS["agrees" if verdict.holds else "departs"]


def _facts(run: SocietyRun) -> list[tuple[str, str]]:
    totals = run.meta.get("totals") or {}
    asked, done = len(run.trajectories), int(run.complete.sum())
    tokens = [totals[key] for key in ("input_tokens", "output_tokens") if totals.get(key) is not None]
    calls = totals.get("calls")
    facts = [
        ("Trajectories", count(done) if done == asked else f"{count(done)} of {count(asked)}"),
        ("Updates", count(len(run.updates))),
        ("Model calls", count(calls)),
        ("Calls a trajectory", count(calls / asked if calls is not None and asked else None)),
        ("Calls to measure first", count(totals.get("measurement_calls"))),
        ("Tokens", count(sum(tokens) if tokens else None)),
        ("Replies on neither option", percent(1.0 - run.decided_share, 1)),
        ("Time", duration(run.meta.get("seconds", totals.get("seconds")))),
        ("Cost", money(totals.get("cost"))),
    ]
    return [(label, value) for label, value in facts if value != ABSENT]


def _failures(run: SocietyRun) -> list[dict[str, str]]:
    return [
        {"trajectory": str(one.get("trajectory", "?")), "message": str(one.get("message", ""))}
        for one in run.meta.get("failures") or []
    ]


def _cautions(run: SocietyRun) -> list[str]:
    """What a reader of the verdict must know, in plain sentences."""
    gave_up = int((run.trajectories["end"] == "abstention").sum())
    if not gave_up:
        return []
    return [
        f"{plural(gave_up, 'population')} ended early: for a whole sweep no reply took either option. "
        f"Nothing below includes {'it' if gave_up == 1 else 'them'}."
    ]


def _agreement(found: Sequence[Paths], verdict: SocietyVerdict) -> Table:
    """By start: what was seen, what was predicted, and the test's p."""
    predicted, graph = verdict.forecast is not None, verdict.well_mixed is not None
    told = [Column("predicted")] if predicted else []
    columns = [
        Column("from m"),
        Column("trajectories"),
        Column("mean final m"),
        *told,
        *([Column("if complete", hint="predicted if everyone saw everyone")] if graph else []),
        Column("end for A", hint="share that ends with a majority for A"),
        *told,
        Column("end for B", hint="share that ends with a majority for B"),
        *told,
    ]
    p_values = {one.m0: one.p_value for one in verdict.agreement.by_start} if verdict.agreement else {}
    if p_values:
        columns.append(Column("p", hint="probability of a departure this large, were the prediction right"))
    rows = []
    for one in found:
        laws = [law for law in (one.predicted, one.well_mixed) if law is not None]
        finals = [float(one.mean[-1]), *(float(law.mean[-1]) for law in laws)]
        row = [Cell(number(one.m0), one.m0), Cell(str(one.runs), one.runs)]
        row += [Cell(number(final), final) for final in finals]
        for seen, foretold in zip(ending_shares(one), predicted_ending(one), strict=True):
            row.append(Cell(percent(seen), seen))
            row += [Cell(percent(foretold), foretold)] if predicted else []
        if p_values:
            p = p_values.get(one.m0)
            row.append(Cell(number(p, 3), p))
        rows.append(row)
    return Table("Observed and predicted, by start", columns, rows)


def _in_loop_table(run: SocietyRun, verdict: SocietyVerdict) -> Table:
    """Each group's response, as measured before and as it was in the loop."""
    columns = [
        Column("group", numeric=False),
        Column("response", numeric=False),
        Column("conformity β (95%)"),
        Column("bias h (95%)"),
        Column("inertia (95%)", hint="log-odds that an agent adds to the option it holds already"),
        Column("rows", hint="prompts, or updates in the society"),
    ]
    rows = []
    for name in run.groups:
        if name in run.fits:
            rows.append([text(name), text("measured"), *_parameters(run.fits[name]), Cell(ABSENT)])
            rows[-1].append(Cell(count(run.fits[name].n_rows), run.fits[name].n_rows))
        if name in verdict.in_loop:
            loop = verdict.in_loop[name]
            inertia = Cell(_with_ends(loop.inertia, loop.inertia_ci), loop.inertia)
            rows.append([text(name), text("in the loop"), *_parameters(loop.pooled), inertia])
            rows[-1].append(Cell(count(loop.updates), loop.updates))
    return Table("Response before, and in the society", columns, rows)


def _parameters(fit: CurveFit) -> list[Cell]:
    if not fit.identifiable:
        return [Cell("not determined"), Cell("not determined")]
    return [Cell(_with_ends(fit.beta, fit.beta_ci), fit.beta), Cell(_with_ends(fit.h, fit.h_ci), fit.h)]


def _with_ends(value: float, ends: Interval) -> str:
    return f"{number(value)} ({interval(ends)})"


def _arguments(run: SocietyRun) -> list[dict[str, Any]]:
    """Sentences spread evenly over all that were said."""
    rows = run.arguments
    if not len(rows):
        return []
    picked = np.unique(np.linspace(0, len(rows) - 1, min(len(rows), _ARGUMENTS)).round().astype(int))
    return [
        {
            "who": f"{'Zealot' if row['zealot'] else 'Agent'} {row['speaker']}",
            "zealot": bool(row["zealot"]),
            "where": f"trajectory {row['trajectory']}, update {row['update']}",
            "side": str(row["option"]).lower(),
            "option": str(row["option"]),
            "argument": str(row["argument"]),
        }
        for row in rows.iloc[picked].to_dict("records")
    ]


def _readout_notes(run: SocietyRun) -> list[str]:
    """How each group's replies were read."""
    names = {"logprob": "log-probability", "sample": "sampling"}
    notes = []
    for group, choice in zip(run.groups, run.meta.get("readout_choices") or [], strict=False):
        why = f": {choice['why']}" if choice.get("why") else ""
        notes.append(f"{group}: readout by {names.get(choice['readout'], choice['readout'])}{why}.")
    return notes


def _consensus_words(run: SocietyRun) -> str:
    agreed = int((run.trajectories["end"] == "consensus").sum())
    if not agreed:
        return ""
    drawn = "is drawn" if agreed == 1 else "are drawn"
    return (
        f"{plural(agreed, 'population')} stopped at consensus and {drawn}, and predicted, as staying there."
    )


_ASPECTS: Final = {
    "levels": "where the populations are",
    "drift": "how strongly they are drawn to A or B",
    "feedback": "how steeply they follow the majority",
    "pace": "how fast they move",
    "scatter": "how much sweeps differ from one another",
}
"""What each aspect of the test looks at."""


def _aspects(verdict: SocietyVerdict) -> Table | None:
    """The aspects of the test, one by one."""
    if verdict.agreement is None:
        return None
    columns = (
        Column("aspect", numeric=False),
        Column("p", hint="of this aspect alone"),
        Column("departure", hint="by trajectory and sweep; 0 expected of all but the levels"),
    )
    rows = [
        [text(_ASPECTS[name]), *(Cell(number(value, 3), value) for value in (one.p_value, one.mean))]
        for name, one in verdict.agreement.aspects.items()
    ]
    return Table("The test, aspect by aspect", columns, rows)


def _test_words(verdict: SocietyVerdict) -> str:
    """What the test says over all starts; empty where nothing was compared."""
    found = verdict.agreement
    if found is None:
        return ""
    return (
        f"Over all starts together: p\u00a0=\u00a0{number(found.p_value, 3)}. Of all points of the "
        f"trajectories {percent(found.in_band)} lie in the predicted band, which should hold "
        f"{percent(found.in_band_predicted)}."
    )


def _retried_words(verdict: SocietyVerdict) -> str:
    """Whether the response of the loop foretells what the measured one did not."""
    if verdict.retried is None:
        return ""
    how = (
        "fitted to every second population and tested on the others"
        if verdict.retried_apart
        else "fitted to and tested on the same populations, so that it agrees too easily"
    )
    return (
        "Foretold again with the response fitted in the loop, the society has "
        f"p\u00a0=\u00a0{number(verdict.retried.p_value, 3)} ({how})."
    )


def _method(verdict: SocietyVerdict) -> list[str]:
    """How prediction and test are made, for this page."""
    from spinodal.society_verdict import LEVEL

    if verdict.forecast is None:
        return ["Nothing was predicted: the response of the agents was not measured before they met."]
    chance = percent(LEVEL)
    law = (
        "The law of the magnetization is computed exactly, update by update."
        if verdict.forecast.exact
        else "The law of the magnetization is sampled, from populations of simulated agents."
    )
    lines = [
        "Each group’s response was measured first, one agent at a time on made-up peers. The prediction "
        "gives that response, with the uncertainty of its measurement, to as many memoryless agents in the "
        f"same society: the same peers, zealots, stages and share of replies that decide. {law}",
    ]
    found = verdict.agreement
    if found is not None:
        lines += [
            "The test looks at where the populations are and at how they step from sweep to sweep, summed "
            "over sweeps and starts. Each aspect is ranked among "
            f"{count(found.repeats)} sets of as many populations drawn from the prediction itself, and p is "
            "the rank of the most unusual one among theirs: the share of sets as unusual as what was seen.",
            f"The prediction is rejected at p ≤ {LEVEL:g}. Were it right, that would happen on {chance} of "
            "such pages" + ("." if found.known else ", as far as the measurement states its own error well."),
            "A p by start is of those populations alone; among several starts a small one is to be expected.",
        ]
    if verdict.well_mixed is not None:
        lines.append(
            "On a graph the prediction keeps the graph; what the same agents would do if everyone saw "
            "everyone stands beside it."
        )
    return lines
