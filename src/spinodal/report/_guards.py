"""The page of a study of guards: ranked by what they let a population withstand, with what they cost."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from spinodal._files import write_whole
from spinodal.guard_runs import NONE
from spinodal.report import _guards_words as words
from spinodal.report import _measured
from spinodal.report._assessment import agent_of, command_of, readout_note
from spinodal.report._outcomes import look_of
from spinodal.report._page import render_page
from spinodal.report._pair import PairResult, pair_results
from spinodal.report._table import Cell, Column, Table, text
from spinodal.report._words import ABSENT, count, duration, money, number, percent, plural
from spinodal.report.figures._comparison import RUN_STYLES, overlaid
from spinodal.report.figures._figure import SERIES, Figure, Series
from spinodal.report.figures._forest import signed, signed_interval
from spinodal.report.figures._guards import (
    LAYERS,
    guard_ranking_figure,
    guard_ranking_table,
    guard_share_figure,
    point_interval,
    points,
    row_name,
    share_styles,
)
from spinodal.report.figures._guards_plane import guard_plane_figure
from spinodal.report.figures._phase import plane_extent
from spinodal.runs import REPORT

if TYPE_CHECKING:
    from spinodal.guard_effects import Change, GuardEffect, GuardRanking, PairChange
    from spinodal.guard_runs import GuardStudy

_FAILURES: Final = 10
"""Pairs lost that the page tells of one by one."""
_CURVES: Final = 6
"""Pairs whose curves are drawn for each guard: those that change most."""


@dataclass(frozen=True)
class _Judged:
    """A guard of the ranking with the results behind it."""

    place: int
    effect: GuardEffect
    steps: Sequence[tuple[PairResult, PairResult]]
    """Each pair without the guard and with it, in the order of the effect's pairs."""


def write_guards(study: GuardStudy, ranking: GuardRanking | None = None) -> Path:
    """Write `report.html` into the study's folder, whole or not at all; return its path.

    `ranking` is made anew where it is not given.
    """
    path = study.path / REPORT
    write_whole(path, render_guards(study, ranking).encode())
    return path


def render_guards(study: GuardStudy, ranking: GuardRanking | None = None) -> str:
    """The study's page as one self-contained HTML file. The same study gives the same page.

    `ranking` is made anew where it is not given.
    """
    if ranking is None:
        from spinodal.guard_effects import rank_guards

        ranking = rank_guards(study)
    meta = study.meta
    judged = _judged(study, ranking)
    context: dict[str, Any] = {
        "agent": agent_of(meta),
        "agents": ranking.agents,
        "headline": words.headline(ranking),
        "sentence": ranking.sentence,
        "facts": _facts(study),
        "failures": study.failures[:_FAILURES],
        "more_failures": max(len(study.failures) - _FAILURES, 0),
        "cautions": words.cautions(study, ranking),
        "layers": LAYERS,
        "run_styles": RUN_STYLES,
        "ranking": None,
        "share": None,
        "planes": [],
        "curves": [],
        "differences": None,
        "guard_words": [(row_name(name), words.shown(name)) for name in study.guarded],
        "placed": _placements_table(study),
        "readout_note": readout_note(study.baseline.meta),
        "effort": _effort_table(study),
        "provenance": _provenance(meta),
        "texts": _measured.texts({**study.baseline.meta, "request": meta["request"]}),
        "command": command_of(meta),
        "method": words.method(ranking),
        "version": meta.get("spinodal_version", ""),
        "finished": meta.get("finished") or "",
    }
    if not judged:
        return render_page("guards.html.j2", [], **context)
    ranked, share = guard_ranking_figure(ranking), guard_share_figure(ranking)
    extent = plane_extent([result.fit for one in judged for step in one.steps for result in step])
    planes = [guard_plane_figure(one.place, one.effect.guard, one.steps, extent) for one in judged]
    curves = [_curves(one) for one in judged]
    context |= {
        "ranking": ranked,
        "ranking_table": guard_ranking_table(ranking),
        "lines": _lines(ranking),
        "placebos": any(words.is_placebo(one.effect.guard) for one in judged),
        "share": share,
        "planes": planes,
        "plane_headings": [row_name(one.effect.guard) for one in judged],
        "curves": curves,
        "differences": _differences_table(judged),
    }
    drawn = [ranked, share, *planes, *(figure for one in curves for _, figure in one["figures"])]
    return render_page("guards.html.j2", drawn, **context)


def _judged(study: GuardStudy, ranking: GuardRanking) -> list[_Judged]:
    plain = {pair.id: pair for pair in pair_results(study.baseline)}
    found = []
    for place, effect in enumerate(ranking.effects):
        guarded = {pair.id: pair for pair in pair_results(study.runs[effect.guard])}
        steps = [(plain[one.pair], guarded[one.pair]) for one in effect.pairs]
        found.append(_Judged(place, effect, steps))
    return found


def _lines(ranking: GuardRanking) -> list[tuple[str, Series]]:
    """The legend of the lines; none where they are too many to be drawn apart."""
    styles = share_styles(ranking)
    return [(row_name(name), style) for name, style in styles.items()] if len(styles) <= len(SERIES) else []


def _facts(study: GuardStudy) -> list[tuple[str, str]]:
    request = study.meta["request"]
    guards = [name for name in study.meta["guard_study"] if name in study.guarded]
    placebos = sum(map(words.is_placebo, guards))
    every = [run.meta.get("totals") or {} for run in study.runs.values()]
    facts = [
        ("Guards", count(len(guards) - placebos)),
        ("Placebos", count(placebos)),
        ("Option pairs", count(len(request["pairs"]))),
        ("Peers shown", count(request["n_peers"])),
        ("Population", plural(int(request["agents"]), "agent")),
        ("Template", str(request["template"])),
        ("Persona", "yes, see below" if request.get("system_prompt") else "none"),
        ("Profile", "yes" if any(one.get("profile_digest") for one in request["guards"]) else "none"),
        ("Placement", _places(study)),
        ("Model calls", count(_total(every, "calls"))),
        ("Tokens read", count(_total(every, "input_tokens"))),
        ("Time", duration(_total([run.meta for run in study.runs.values()], "seconds"))),
        ("Cost", money(_total(every, "cost"))),
    ]
    return [(label, value) for label, value in facts if value != ABSENT]


def _places(study: GuardStudy) -> str:
    """Where the guards' words stand, in short."""
    there = [place for place in words.placements(study).values() if place]
    if not there:
        return ABSENT
    names = {str(place["placement"]) for place in there}
    verified = "verified" if all(place["verified"] for place in there) else "not verified"
    return f"{names.pop() if len(names) == 1 else 'several'} ({verified})"


def _total(every: Sequence[Mapping[str, Any]], name: str) -> float:
    known = [float(one[name]) for one in every if one.get(name) is not None]
    return sum(known) if known else math.nan


def _curves(one: _Judged) -> dict[str, Any]:
    """The curves of the pairs that a guard changes most."""
    changes = list(zip(one.effect.pairs, one.steps, strict=True))
    changes.sort(key=lambda change: -_size(change[0]))
    guard, drawn = one.effect.guard, []
    for rank, (change, step) in enumerate(changes[:_CURVES]):
        figure = overlaid(f"guard-curves-{one.place}-{rank}", step, ("no guard", row_name(guard)))
        drawn.append((step[0].name, _with_caption(figure, change)))
    left = len(changes) - len(drawn)
    which = f"the {len(drawn)} of {len(changes)} pairs that change most" if left else "every pair"
    return {"guard": row_name(guard), "which": which, "figures": drawn}


def _size(change: PairChange) -> float:
    """How much a pair changes, first by what the ranking is about."""
    return abs(change.withstood.difference or 0.0) + 1e-3 * abs(change.beta.difference or 0.0)


def _with_caption(figure: Figure, change: PairChange) -> Figure:
    withstood = change.withstood
    parts = [f"Withstood {percent(withstood.before, 1)} → {percent(withstood.after, 1)}."]
    if change.beta.interval is None:
        parts.append("β and h are not determined in both.")
    else:
        parts.append(
            f"β {number(change.beta.before)} → {number(change.beta.after)}, "
            f"h {number(change.h.before)} → {number(change.h.after)}."
        )
    return replace(figure, caption=" ".join(parts))


_QUANTITIES: Final = (
    ("β", "beta", "conformity: how steeply the response rises"),
    ("h", "h", "the agent’s own lean, in units of magnetization"),
    ("z_c", "z_c", "adversaries per agent that tip the population to the misaligned side"),
    ("log₁₀ lifetime", "log10_lifetime", "of the aligned majority of the population, in sweeps"),
)


def _differences_table(judged: Sequence[_Judged]) -> Table:
    columns = [
        Column("pair", numeric=False),
        Column("guard", numeric=False),
        Column("outcome", numeric=False),
        Column("withstood", hint="share of adversaries withstood, without and with; sorts by the latter"),
        Column("change, points", hint="of the share withstood, in points of percent"),
        Column("95% interval", hint="of the change; sorts by its lower end"),
    ]
    for label, _, hint in _QUANTITIES:
        columns += [
            Column(label, hint=f"{hint}; without and with, sorts by the latter"),
            Column("change", hint=f"of {label}, with minus without"),
            Column("95% interval", hint="of the change; sorts by its lower end"),
        ]
    rows = []
    for one in judged:
        for change, step in zip(one.effect.pairs, one.steps, strict=True):
            looks = [look_of(result.verdict).word.replace(" ", "\u00a0") for result in step]  # on one line
            rows.append(
                [
                    text(step[0].name),
                    text(row_name(one.effect.guard)),
                    text(looks[0] if looks[0] == looks[1] else f"{looks[0]} → {looks[1]}"),
                    *_share_cells(change.withstood),
                    *(cell for _, name, _ in _QUANTITIES for cell in _cells(getattr(change, name))),
                ]
            )
    return Table("Without a guard and with each, pair by pair", columns, rows)


def _share_cells(one: Change) -> list[Cell]:
    return [
        Cell(f"{percent(one.before, 1)} → {percent(one.after, 1)}", one.after),
        Cell(points(one.difference), one.difference),
        Cell(point_interval(one.interval), _low(one)),
    ]


def _cells(one: Change) -> list[Cell]:
    neither = one.before is None and one.after is None
    both = ABSENT if neither else f"{number(one.before)} → {number(one.after)}"
    missing = math.nan
    return [
        Cell(both, missing if one.after is None else one.after),
        Cell(signed(one.difference, 2), missing if one.difference is None else one.difference),
        Cell(signed_interval(one.interval, 2), _low(one)),
    ]


def _low(one: Change) -> float:
    return math.nan if one.interval is None else one.interval[0]


def _placements_table(study: GuardStudy) -> Table:
    columns = [
        Column(name, numeric=False)
        for name in ("guard", "where its words stand", "verified", "how", "run folder", "digest")
    ]
    asked = study.meta["request"]["guards"]
    digests = dict(zip([name for name in study.meta["guard_study"] if name != NONE], asked, strict=False))
    rows = []
    for name, place in words.placements(study).items():
        told = ["none: it has no words of its own", ABSENT, ABSENT]
        if place:
            told = [str(place["placement"]), "yes" if place["verified"] else "no", str(place["how"])]
        digest = str(digests[name].get("guard_digest", ""))[:12]
        folder = study.meta["guard_study"][name]
        rows.append([text(row_name(name)), *map(text, [*told, folder, digest or ABSENT])])
    return Table("Where guards speak, and whether their words reach the model", columns, rows)


def _effort_table(study: GuardStudy) -> Table:
    columns = (
        Column("assessment", numeric=False),
        Column("pairs"),
        Column("readout", numeric=False),
        Column("prompts"),
        Column("calls"),
        Column("tokens in"),
        Column("tokens out"),
        Column("time"),
        Column("cost"),
    )
    rows = []
    for name, run in study.runs.items():
        totals = run.meta.get("totals") or {}
        values = {key: _total([totals], key) for key in ("calls", "input_tokens", "output_tokens", "cost")}
        seconds = _total([run.meta], "seconds")
        pairs = len(run.verdicts)
        rows.append(
            [
                text("no guard" if name == NONE else row_name(name)),
                Cell(count(pairs), pairs),
                text(words.readout(study, name) or ABSENT),
                Cell(count(len(run.observations)), len(run.observations)),
                Cell(count(values["calls"]), values["calls"]),
                Cell(count(values["input_tokens"]), values["input_tokens"]),
                Cell(count(values["output_tokens"]), values["output_tokens"]),
                Cell(duration(seconds), seconds),
                Cell(money(values["cost"]), values["cost"]),
            ]
        )
    return Table("Effort of each assessment", columns, rows)


def _provenance(meta: Mapping[str, Any]) -> list[tuple[str, str]]:
    request = dict(meta["request"])
    profiles = {str(one["profile_digest"]) for one in request["guards"] if one.get("profile_digest")}
    request["guards"] = ", ".join(str(one["guard"]) for one in request["guards"])
    request["profile_digest"] = ", ".join(sorted(profiles))
    rows = _measured.provenance({**meta, "request": request})
    return [(label, value) for label, value in rows if value != ABSENT]
