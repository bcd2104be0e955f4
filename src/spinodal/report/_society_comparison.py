"""The page that sets several societies side by side."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from spinodal._errors import RequestError
from spinodal.report._page import render_page
from spinodal.report._society import look_of_society
from spinodal.report._society_words import and_, pressure, sight, starts, typeset, ways, who
from spinodal.report._table import Cell, Column, Table
from spinodal.report._words import ABSENT, count, interval, number, percent, plural
from spinodal.report.figures import loops_figure, side_by_side_figure, tipped_runs_figure
from spinodal.report.figures._figure import SERIES, Figure, Series
from spinodal.report.figures._society_comparison import Named, pool
from spinodal.report.figures._society_paths import ending_shares, predicted_ending
from spinodal.society_paths import Paths, paths, society_loop, tipped_shares
from spinodal.society_runs import SocietyRun
from spinodal.theory import Stage

if TYPE_CHECKING:
    from spinodal.society_verdict import SocietyVerdict

MOST_SOCIETIES: Final = 6
"""Societies that one page sets side by side."""

_ASPECTS: Final[tuple[tuple[str, Callable[[SocietyRun], str]], ...]] = (
    ("who is in it", who),
    ("the question", lambda run: f"A: {run.pair.option_a}; B: {run.pair.option_b}"),
    ("where it starts", lambda run: starts(run.meta["request"]["m0"])),
    ("what each sees", lambda run: sight(run.meta["request"])),
    ("what each remembers and says", lambda run: ways(run.meta["request"])),
    ("the zealots", lambda run: pressure(run.meta["request"])),
    ("how long it lasts", lambda run: plural(run.sweeps, "sweep")),
    ("how many populations", lambda run: plural(len(run.trajectories), "population")),
    ("the prompt", lambda run: _prompt(run)),
    ("the agents’ settings", lambda run: _settings(run)),
    ("what ends it", lambda run: _end(run)),
    ("the seed", lambda run: str(run.meta["request"].get("seed", ABSENT))),
)
"""What makes a society, in words, one aspect after the other."""


def render_society_comparison(
    runs: Sequence[SocietyRun], verdicts: Sequence[SocietyVerdict] | None = None
) -> str:
    """Two to six societies on one self-contained HTML page; `verdicts` are judged anew where not given.

    Raises `RequestError` for another number of them.
    """
    if not 2 <= len(runs) <= MOST_SOCIETIES:
        raise RequestError(f"{len(runs)} societies to compare; name 2 to {MOST_SOCIETIES} run folders")
    if verdicts is None:
        from spinodal.society_verdict import judge_society

        verdicts = [judge_society(run) for run in runs]
    names = society_names(runs)
    styles = [(name, Series(*style)) for name, style in zip(names, SERIES, strict=False)]
    every = [paths(run, verdict) for run, verdict in zip(runs, verdicts, strict=True)]
    figures = _path_figures(styles, runs, every)
    loops, tipped = _loops(styles, runs, every), _tipped(styles, runs, every)
    differing, same = _differences(runs)
    return render_page(
        "society_comparison.html.j2",
        [*figures, *(figure for figure in (loops, tipped) if figure)],
        paths=figures,
        loops=loops,
        tipped=tipped,
        names=names,
        starts=[starts([m0]) for m0 in sorted({one.m0 for found in every for one in found})],
        headline=_headline(len(runs), differing),
        same=same,
        differing=differing,
        verdicts=[
            (name, look_of_society(run, verdict), typeset(verdict.sentence))
            for name, run, verdict in zip(names, runs, verdicts, strict=True)
        ],
        by_run=_by_run(names, runs, verdicts, every),
        by_start=_by_start(names, every),
        folders=[run.path.name for run in runs],
        missing=_missing(names, runs),
        version=runs[0].meta.get("spinodal_version", ""),
    )


def society_names(runs: Sequence[SocietyRun]) -> list[str]:
    """What to call the runs: their labels or folders, or the paths where those are alike."""
    names = [run.name for run in runs]
    return names if len(set(names)) == len(names) else [str(run.path) for run in runs]


def _path_figures(
    styles: Sequence[Named], runs: Sequence[SocietyRun], every: Sequence[Sequence[Paths]]
) -> list[Figure]:
    """A figure for each start that any run has."""
    figures = []
    for place, m0 in enumerate(sorted({one.m0 for found in every for one in found})):
        here = [
            (style, one) for style, found in zip(styles, every, strict=True) for one in found if one.m0 == m0
        ]
        schedules = {
            run.stages for run, found in zip(runs, every, strict=True) if any(one.m0 == m0 for one in found)
        }
        shared: tuple[Stage, ...] = schedules.pop() if len(schedules) == 1 else ()
        figures.append(side_by_side_figure(place, m0, here, shared))
    return figures


def _loops(
    styles: Sequence[Named], runs: Sequence[SocietyRun], every: Sequence[Sequence[Paths]]
) -> Figure | None:
    swept = [
        (style, society_loop(run, found))
        for style, run, found in zip(styles, runs, every, strict=True)
        if run.experiment == "hysteresis"
    ]
    return loops_figure(swept) if swept else None


def _tipped(
    styles: Sequence[Named], runs: Sequence[SocietyRun], every: Sequence[Sequence[Paths]]
) -> Figure | None:
    tried = [
        (style, tipped_shares(run, found))
        for style, run, found in zip(styles, runs, every, strict=True)
        if run.experiment == "tip"
    ]
    return tipped_runs_figure(tried) if tried else None


def _headline(societies: int, differing: Sequence[tuple[str, list[str]]]) -> str:
    apart = [aspect for aspect, _ in differing if aspect != "the seed"]
    if not apart:
        return f"{count(societies)} societies, set up alike"
    if len(apart) > 3:
        return f"{count(societies)} societies that differ in much"
    return f"{count(societies)} societies that differ in {and_(apart)}"


def _differences(runs: Sequence[SocietyRun]) -> tuple[list[tuple[str, list[str]]], str]:
    """Aspects in which the runs differ, with each run's words; and a sentence on what is the same."""
    told = [(aspect, [words(run) for run in runs]) for aspect, words in _ASPECTS]
    differing = [(aspect, words) for aspect, words in told if len(set(words)) > 1]
    alike = [aspect for aspect, words in told if len(set(words)) == 1]
    return differing, f"The same in all: {and_(alike)}." if alike else "Nothing is the same in all."


def _by_run(
    names: Sequence[str],
    runs: Sequence[SocietyRun],
    verdicts: Sequence[SocietyVerdict],
    every: Sequence[Sequence[Paths]],
) -> Table:
    """A row a run, and a group of its agents where there are several; columns that apply to any of them."""
    tried, swept = (any(run.experiment == kind for run in runs) for kind in ("tip", "hysteresis"))
    grouped = any(len(run.groups) > 1 for run in runs)
    columns = [
        Column("run", numeric=False),
        *([Column("agents", numeric=False)] if grouped else []),
        Column("p", hint="of the society’s departure from its prediction"),
        Column("β in the loop (95%)"),
        Column("h in the loop (95%)"),
        *([Column("tipped", hint="populations past the watershed at the end")] if tried else []),
        *([Column("loop area")] if swept else []),
        Column("model calls"),
        Column("a trajectory", hint="model calls"),
    ]
    rows = []
    for name, run, verdict, found in zip(names, runs, verdicts, every, strict=True):
        calls = (run.meta.get("totals") or {}).get("calls")
        each = calls / len(run.trajectories) if calls is not None and len(run.trajectories) else None
        p = verdict.agreement.p_value if verdict.agreement else None
        tail = [
            *([_tipped_cell(run, found)] if tried else []),
            *([_area_cell(run, found)] if swept else []),
            Cell(count(calls), calls),
            Cell(count(each), each),
        ]
        for place, group in enumerate(run.groups):
            response = [Cell(ABSENT), Cell(ABSENT)]
            loop = verdict.in_loop.get(group)
            if loop is not None and loop.pooled.identifiable:
                fit = loop.pooled
                response = [
                    Cell(f"{number(value)} ({interval(ends)})", value)
                    for value, ends in ((fit.beta, fit.beta_ci), (fit.h, fit.h_ci))
                ]
            # what is the whole run's stands in the row of its first group
            shared = [Cell(number(p, 3), p)] if place == 0 else [Cell("")]
            rows.append(
                [Cell(name), *([Cell(group)] if grouped else []), *shared, *response]
                + (tail if place == 0 else [Cell("")] * len(tail))
            )
    return Table("The societies", columns, rows)


def _tipped_cell(run: SocietyRun, found: Sequence[Paths]) -> Cell:
    if run.experiment != "tip":
        return Cell(ABSENT)
    last = pool(tipped_shares(run, found))[-1]
    return Cell(f"{last.tipped} of {last.runs}", last.share)


def _area_cell(run: SocietyRun, found: Sequence[Paths]) -> Cell:
    if run.experiment != "hysteresis":
        return Cell(ABSENT)
    areas = society_loop(run, found).areas
    return Cell(number(float(areas.mean())), float(areas.mean())) if areas.size else Cell(ABSENT)


def _by_start(names: Sequence[str], every: Sequence[Sequence[Paths]]) -> Table:
    columns = (
        Column("run", numeric=False),
        Column("from m"),
        Column("trajectories"),
        Column("mean final m"),
        Column("predicted"),
        Column("end for A", hint="share that ends with a majority for A"),
        Column("for B", hint="share that ends with a majority for B"),
        Column("predicted for A"),
        Column("for B", hint="predicted"),
    )
    rows = []
    for name, found in zip(names, every, strict=True):
        for one in found:
            final = float(one.mean[-1])
            foretold = float(one.predicted.mean[-1]) if one.predicted is not None else None
            row = [Cell(name), Cell(number(one.m0), one.m0), Cell(str(one.runs), one.runs)]
            row += [Cell(number(final), final), Cell(number(foretold), foretold)]
            row += [Cell(percent(share), share) for share in (*ending_shares(one), *predicted_ending(one))]
            rows.append(row)
    return Table("Final states, by run and start", columns, rows)


def _missing(names: Sequence[str], runs: Sequence[SocietyRun]) -> list[tuple[str, str]]:
    """Runs of which not every trajectory is on the page, and how many."""
    found = []
    for name, run in zip(names, runs, strict=True):
        left = int((~run.complete).sum())
        if left:
            found.append((name, f"{count(left)} of {plural(len(run.trajectories), 'population')}"))
    return found


def _prompt(run: SocietyRun) -> str:
    request = run.meta["request"]
    listed = "options listed" if request.get("listed") else "options not listed"
    return f"template {request['template']} ({str(request.get('template_digest'))[:8]}), {listed}"


def _settings(run: SocietyRun) -> str:
    """All of each group's agent but its name and model."""
    told = ("label", "model")
    settings = [
        {key: value for key, value in group["agent"].items() if key not in told and value not in (None, {})}
        for group in run.meta["request"]["groups"]
    ]
    told_once = dict.fromkeys(json.dumps(one, ensure_ascii=False, sort_keys=True) for one in settings)
    return "; ".join(told_once)


def _end(run: SocietyRun) -> str:
    stops = "consensus, or its last sweep" if run.stop_at_consensus else "its last sweep"
    silent = run.meta["request"].get("on_abstention") == "stop"
    return f"{stops}{', or a sweep in which nobody decides' if silent else ''}"
