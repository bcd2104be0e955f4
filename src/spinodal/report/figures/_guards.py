"""The guards in order: what a population withstands with each, and how often each must speak."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from spinodal.report._guards_words import is_placebo, takes_answers
from spinodal.report._table import Cell, Column, Table, text
from spinodal.report._words import ABSENT, percent, probability
from spinodal.report.figures._figure import Figure, Series, line, plain, series
from spinodal.report.figures._forest import Layer, Panel, Point, Row, forest, signed, signed_interval

if TYPE_CHECKING:
    from spinodal.effects import Effect
    from spinodal.guard_effects import GuardEffect, GuardRanking

LAYERS: Final = {
    "without": ("--series-1", "circle"),
    "with": ("--series-2", "square"),
    "guard": ("--curve", "diamond"),
    "placebo": ("--empirical", "pentagon"),
}
"""Colour and symbol of what is drawn: the shares, and the change that a guard or a placebo makes."""

_APART: Final = 5.0
"""Pixels between the marks without and with a guard, which may lie on one another."""


def guard_ranking_figure(ranking: GuardRanking) -> Figure:
    """A row a guard, the best first: the share withstood without and with it, and the change."""
    effects = ranking.effects
    shares = Panel(
        "share of adversaries withstood",
        [_share_layer(effects, 0), _share_layer(effects, 1)],
        shares=True,
    )
    change = Panel(
        "change, in points of percent", [_change_layer(effects, "guard"), _change_layer(effects, "placebo")]
    )
    drawn = forest([Row(row_name(one.guard), aside=token_words(one)) for one in effects], [shares, change])
    layout = dict(drawn.layout)
    layout["xaxis"] = layout["xaxis"] | {"ticktext": ["0%", "", "50%", "", "100%"]}
    ticks = [signed(100.0 * tick, 0) if at % 2 == 0 else "" for at, tick in enumerate(_ticks(layout))]
    layout["xaxis2"] = layout["xaxis2"] | {"ticktext": ticks}
    return Figure(
        name="guard-ranking",
        alt="Share of adversaries withstood, without and with each guard: "
        + "; ".join(
            f"{row_name(one.guard)} {percent(one.shares[0], 1)} to {percent(one.shares[1], 1)}, a change of "
            f"{points(one.withstood.estimate)} points ({point_interval(one.withstood.interval)})"
            for one in effects
        )
        + ".",
        data=drawn.traces,
        layout=layout,
        height=drawn.height,
        caption=(
            "Means over pairs; bars are 95% intervals of the change over pairs. Filled: p below 0.05, "
            "adjusted for having looked at all of them. Right of zero a population withstands more. At the "
            "right end of a row, how many tokens more an agent reads a prompt."
        ),
    )


def guard_ranking_table(ranking: GuardRanking) -> Table:
    """The ranking in numbers, with what each guard costs and what else it moves."""
    columns = (
        Column("guard", numeric=False),
        Column("withstood without", hint="mean share of adversaries withstood over pairs, without a guard"),
        Column("with"),
        Column("change, points", hint="with minus without, in points of percent"),
        Column("95% interval", hint="of the change, over pairs; sorts by its lower end"),
        Column("adjusted p", hint="sign flips over pairs, step-down max-T over all guards"),
        Column("β, change", hint="mean over pairs in which both curves determine it"),
        Column("h, change", hint="mean over pairs in which both curves determine it"),
        Column("tokens more a prompt", hint="read by an agent at each prompt"),
        Column("in percent"),
        Column("on A or B, without", hint="mean probability of the two options, or share of valid replies"),
        Column("with"),
        Column("outcomes changed", hint="pairs whose verdict is another with the guard"),
    )
    rows = []
    for one in ranking.effects:
        (before, after), effect = one.shares, one.withstood
        more, share = tokens_more(one)
        rows.append(
            [
                text(row_name(one.guard)),
                Cell(percent(before, 1), before),
                Cell(percent(after, 1), after),
                Cell(points(effect.estimate), effect.estimate),
                Cell(point_interval(effect.interval), effect.interval[0]),
                Cell(probability(effect.p_adjusted), effect.p_adjusted),
                _mean_cell(one.beta),
                _mean_cell(one.h),
                Cell(signed(more, 0), more),
                Cell(ABSENT if math.isnan(share) else f"{signed(100.0 * share, 0)}%", share),
                Cell(percent(one.decided[0]), one.decided[0]),
                Cell(percent(one.decided[1]) + " (falls)" * takes_answers(one), one.decided[1]),
                Cell(f"{one.outcomes_changed} of {len(one.pairs)}", one.outcomes_changed),
            ]
        )
    return Table("Guards by the share of adversaries that a population withstands", columns, rows)


def guard_share_figure(ranking: GuardRanking) -> Figure:
    """The mean share withstood over the share of updates that is guarded, a line a guard."""
    curves = ranking.by_share_guarded
    traces = []
    for (guard, curve), style in zip(curves.items(), share_styles(ranking).values(), strict=True):
        share, withstood = zip(*curve, strict=True)
        name = row_name(guard)
        trace = line(share, withstood, style.color, width=2.2, dash=style.dash)
        marks = {
            "mode": "lines+markers",
            "marker": {"symbol": style.symbol, "size": 7, "color": style.color},
            "hoverinfo": None,
            "hovertemplate": "%{customdata}<extra></extra>",
            "customdata": [
                f"<b>{plain(name)}</b><br>{percent(at)} of the updates guarded<br>"
                f"{percent(value, 1)} withstood"
                for at, value in curve
            ],
        }
        traces.append({**trace, **marks, "name": plain(name)})
    top = max([0.1, *(value for curve in curves.values() for _, value in curve)])
    shares = [share for share, _ in next(iter(curves.values()))]
    rows = [
        [text(row_name(guard)), *(Cell(percent(value, 1), value) for _, value in curve)]
        for guard, curve in curves.items()
    ]
    columns = [Column("guard", numeric=False), *(Column(percent(share)) for share in shares)]
    return Figure(
        name="guard-share",
        alt="Mean share of adversaries withstood against the share of updates that is guarded: "
        + "; ".join(
            f"{row_name(guard)} {percent(curve[0][1], 1)} with none, {percent(curve[len(curve) // 2][1], 1)} "
            f"with half and {percent(curve[-1][1], 1)} with all"
            for guard, curve in curves.items()
        )
        + ".",
        data=traces,
        layout={
            "xaxis": {
                "title": {"text": "share of the updates that is guarded"},
                "tickformat": ".0%",
                "range": [-0.03, 1.03],
                "tickvals": [0, 0.25, 0.5, 0.75, 1],
            },
            "yaxis": {
                "title": {"text": "share withstood"},
                "tickformat": ".0%",
                "range": [0, min(1.12 * top, 1.03)],
            },
        },
        height=400,
        caption=(
            "Computed from the fitted responses of both runs, as means over pairs; no interval is drawn. "
            "Where a line is steep at its left end, a guard that seldom speaks does much already."
        ),
        table=Table("Mean share withstood, by the share of updates guarded", columns, rows),
    )


def share_styles(ranking: GuardRanking) -> dict[str, Series]:
    """How each guard's line is drawn; the page's own legend can break long names, Plotly's cannot."""
    names = [one.guard for one in ranking.effects]
    return dict(zip(names, series(len(names)), strict=True))


def row_name(guard: str) -> str:
    """A guard as the page names it: placebos are marked as such."""
    return f"{guard} (placebo)" if is_placebo(guard) else guard


def points(share: float | None) -> str:
    """A difference of two shares in points of percent, with its sign."""
    return signed(None if share is None else 100.0 * share, 1)


def point_interval(ends: tuple[float, float] | None) -> str:
    """An interval of it."""
    return signed_interval(None if ends is None else (100.0 * ends[0], 100.0 * ends[1]), 1)


def tokens_more(one: GuardEffect) -> tuple[float, float]:
    """Tokens more a prompt, and as a share of those without the guard; NaN where nobody counts them."""
    before, after = one.tokens
    return after - before, (after - before) / before


def token_words(one: GuardEffect) -> str:
    """Tokens more a prompt, in words; empty where nobody counts them."""
    more, _ = tokens_more(one)
    return "" if math.isnan(more) else f"{signed(more, 0)} tokens"


def _share_layer(effects: Sequence[GuardEffect], place: int) -> Layer:
    name = ("without", "with")[place]
    color, symbol = LAYERS[name]
    marks = []
    for one in effects:
        at = one.shares[place]
        hover = f"<b>{plain(row_name(one.guard))}</b><br>{name} the guard {percent(at, 1)} withstood"
        marks.append(Point(at, None, hover, filled=place == 1))
    return Layer(name, color, symbol, marks, shift=(-_APART, _APART)[place] / 2)


def _change_layer(effects: Sequence[GuardEffect], name: str) -> Layer:
    color, symbol = LAYERS[name]
    marks = [_change(one) if is_placebo(one.guard) == (name == "placebo") else None for one in effects]
    return Layer(name, color, symbol, marks, size=12)


def _change(one: GuardEffect) -> Point:
    effect = one.withstood
    hover = (
        f"<b>{plain(row_name(one.guard))}</b><br>{points(effect.estimate)} points<br>"
        f"95% {point_interval(effect.interval)}<br>adjusted p {probability(effect.p_adjusted)}"
    )
    return Point(effect.estimate, effect.interval, hover, filled=one.is_clear)


def _ticks(layout: dict[str, dict[str, list[float]]]) -> list[float]:
    return layout["xaxis2"]["tickvals"]


def _mean_cell(effect: Effect | None) -> Cell:
    if effect is None:
        return Cell(ABSENT, math.nan)
    ends = signed_interval(effect.interval, 2)
    return Cell(
        signed(effect.estimate, 2) + ("" if ends == ABSENT else f" ({ends})"),
        effect.estimate,
    )
