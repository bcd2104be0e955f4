"""The page that sets two runs side by side."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from spinodal.report._assessment import agent_of
from spinodal.report._differences import Difference, PairDifferences, compare_runs
from spinodal.report._page import render_page
from spinodal.report._table import Cell, Column, Table
from spinodal.report._words import ABSENT, number, plural
from spinodal.report.figures import difference_cells, difference_figure, overlay_figure, plane_figure
from spinodal.report.figures._figure import FEW, Figure
from spinodal.runs import Run
from spinodal.theory import Side


def render_comparison(first: Run, second: Run) -> str:
    """Two runs on one self-contained HTML page, pair by pair. Raises `RequestError` with no pair shared."""
    pairs = compare_runs(first, second)
    names = run_names(first, second)
    intervals = sum(one.interval is not None for pair in pairs for one in pair.all)
    overlays = [overlay_figure(pair, names) for pair in pairs]
    plane = plane_figure(pairs, names)
    differences = [
        difference_figure("difference-beta", "conformity β", pairs, lambda pair: pair.beta, names),
        difference_figure("difference-h", "bias h", pairs, lambda pair: pair.h, names),
        _threshold_figure(pairs, "A", names),
        _threshold_figure(pairs, "B", names),
    ]
    return render_page(
        "comparison.html.j2",
        [*overlays, plane, *differences],
        names=names,
        folders=(first.path.name, second.path.name),
        headline=_headline(pairs),
        subheadline=_subheadline(pairs),
        left_out=_left_out(first, second, pairs),
        failures=[
            (name, failure)
            for name, run in zip(names, (first, second), strict=True)
            for failure in run.failures
        ],
        cards=[_card(pair) for pair in pairs],
        overlays=[(pair, _caution(pair), figure) for pair, figure in zip(pairs, overlays, strict=True)],
        plane=plane,
        differences=differences,
        chance=number(0.05 * intervals, 1),
        compared=plural(intervals, "interval"),
        table=_table(pairs, names),
        inputs=_inputs(first.meta, second.meta),
        many=len(pairs) > FEW,
        version=first.meta.get("spinodal_version", ""),
    )


def _threshold_figure(pairs: Sequence[PairDifferences], side: Side, names: tuple[str, str]) -> Figure:
    return difference_figure(
        f"difference-z-{side}",
        f"adversaries per agent that tip it to {side}",
        pairs,
        lambda pair: pair.z_c[side],
        names,
        absent="no threshold told",
    )


def run_names(first: Run, second: Run) -> tuple[str, str]:
    """What to call the runs: their agents, or their folders where the agents have one name."""
    names = agent_of(first.meta), agent_of(second.meta)
    return names if names[0] != names[1] else (str(first.path), str(second.path))


def _headline(pairs: Sequence[PairDifferences]) -> str:
    changed = sum(pair.outcome_changes for pair in pairs)
    if not changed:
        return f"The same outcome in {'all ' if len(pairs) > 1 else ''}{plural(len(pairs), 'pair')}"
    return f"The outcome changes in {changed} of {plural(len(pairs), 'pair')}"


def _subheadline(pairs: Sequence[PairDifferences]) -> str:
    beta = [pair.beta for pair in pairs if pair.beta.interval]
    higher = sum(one.excludes_zero and (one.difference or 0) > 0 for one in beta)
    lower = sum(one.excludes_zero and (one.difference or 0) < 0 for one in beta)
    return (
        f"The second agent follows its peers more closely in {higher}, less closely in {lower}, and no "
        f"differently as far as the data tell in {len(beta) - higher - lower}; "
        f"{len(pairs) - len(beta)} cannot be compared."
    )


def _left_out(first: Run, second: Run, pairs: Sequence[PairDifferences]) -> list[str]:
    compared = {pair.first.id for pair in pairs}
    measured = {str(verdict.fit.keys.get("pair")) for run in (first, second) for verdict in run.verdicts}
    return sorted(measured - compared)


def _card(pair: PairDifferences) -> dict[str, Any]:
    first, second = pair.first, pair.second
    return {
        "name": first.name,
        "category": first.category,
        "option_a": first.option_a,
        "option_b": first.option_b,
        "aligned": first.verdict.aligned,
        "looks": (first.look, second.look),
        "changes": pair.outcome_changes,
        "sentences": (first.verdict.sentence, second.verdict.sentence),
        "figure": f"overlay-{pair.number}",
        "numbers": [
            ("Conformity β", *_change(pair.beta)),
            ("Bias h", *_change(pair.h)),
            ("Per agent, to tip it to A", *_change(pair.z_c["A"])),
            ("Per agent, to tip it to B", *_change(pair.z_c["B"])),
        ],
    }


def _caution(pair: PairDifferences) -> str:
    """What keeps beta and h from being compared; empty where nothing does."""
    results = {"the first run": pair.first, "the second run": pair.second}
    open_ = [run for run, one in results.items() if not one.fit.identifiable]
    poor = [run for run, one in results.items() if one.fit.identifiable and one.verdict.carried_by != "tanh"]
    cautions = []
    if open_:
        cautions.append(f"β and h are not determined in {' and '.join(open_)}.")
    if poor:
        cautions.append(f"The tanh response does not fit in {' and '.join(poor)}: its β and h need care.")
    return " ".join(cautions)


def _change(one: Difference) -> tuple[str, str]:
    values = f"{number(one.first)} → {number(one.second)}"
    if one.difference is None or one.interval is None:
        return values if one.missing != "either run" else ABSENT, f"none told in {one.missing}"
    sign = "+" if one.difference > 0 else ""
    low, high = one.interval
    return values, f"{sign}{number(one.difference)} ({number(low)} to {number(high)})"


def _table(pairs: Sequence[PairDifferences], names: tuple[str, str]) -> Table:
    columns = [Column("pair", numeric=False), Column("outcomes", numeric=False)]
    for quantity in ("β", "h", "z to A", "z to B"):
        columns += [
            Column(f"{quantity}, first", hint=names[0]),
            Column(f"{quantity}, second", hint=names[1]),
            Column("difference", hint=f"of {quantity}"),
            Column("95% interval", numeric=False, hint=f"of the difference of {quantity}"),
        ]
    rows = [
        [
            Cell(pair.first.name),
            Cell(
                f"{pair.first.look.word} → {pair.second.look.word}"
                if pair.outcome_changes
                else pair.first.look.word
            ),
            *(cell for one in pair.all for cell in difference_cells(one)),
        ]
        for pair in pairs
    ]
    return Table("Both runs and their differences (second minus first)", columns, rows)


def _inputs(first: Mapping[str, Any], second: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Inputs in which the runs differ: (name, first, second)."""
    ours, theirs = first.get("request") or {}, second.get("request") or {}
    told = ("pairs", "agent", "template_text")
    return [
        (name.replace("_", " "), _shown(ours.get(name)), _shown(theirs.get(name)))
        for name in dict.fromkeys([*ours, *theirs])
        if name not in told and ours.get(name) != theirs.get(name)
    ]


def _shown(value: Any) -> str:
    if value is None:
        return ABSENT
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
