"""The page of a study, or of imported data: agents over all pairs, and a line for every other part."""

from __future__ import annotations

import math
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from spinodal._files import write_whole
from spinodal.report._page import render_page
from spinodal.report._study_curves import MAIN, AgentSummary, StudyCurve, study_curves, summaries
from spinodal.report._table import Cell, Column, Table, text
from spinodal.report._words import ABSENT, count, duration, interval, money, number, percent, plural, title
from spinodal.report.figures._study_plane import study_plane_figure
from spinodal.runs import META, REPORT, read_meta

if TYPE_CHECKING:
    from spinodal.results import Results

PAPER_CALLS: Final = 1000
"""Model calls that the conformity study spent on a curve."""
_WORST: Final = 12
_FAILURES: Final = 10
_SHORT: Final = {"risk": "▲", "safe": "●", "unsure": "?", "region": "◆"}
"""A sign for each tone, so that colour is not needed."""


@dataclass(frozen=True)
class _PartLine:
    """A part that is no assessment, in a line."""

    kind: str
    agent: str
    name: str
    sentence: str
    link: str


def write_study(folder: Path, progress: Callable[[float], None] = lambda share: None) -> Path:
    """Write `report.html` into a study's or an imported folder, whole or not at all; return its path.

    Raises:
        RequestError: nothing that is known is there.
    """
    path = folder / REPORT
    write_whole(path, render_study(folder, progress).encode())
    return path


def render_study(folder: Path, progress: Callable[[float], None] = lambda share: None) -> str:
    """The page as one self-contained HTML file. The same folder gives the same page."""
    from spinodal.results import read_results

    results = read_results(folder)
    meta = results.meta
    curves = study_curves(results, progress)
    every = summaries(curves)
    main = _main(every)
    chosen = {(one.agent, one.condition) for one in main}
    shown = [curve for curve in curves if (curve.agent, curve.condition) in chosen]
    plane = study_plane_figure(shown, main) if shown else None
    parts = (meta.get("study") or {}).get("parts") or []
    metas = {str(part["id"]): _meta_of(folder, part) for part in parts}
    return render_page(
        "study.html.j2",
        [plane] if plane else [],
        name=results.name,
        imported="imported" in meta,
        headline=_headline(main),
        lines=[_sentence(one) for one in main],
        facts=_facts(results, curves, metas),
        failures=list(meta.get("failures") or [])[:_FAILURES],
        more_failures=max(len(meta.get("failures") or []) - _FAILURES, 0),
        unfinished=bool(parts) and not meta.get("finished"),
        plane=plane,
        agents_table=_agents_table(main) if main else None,
        conditions_table=_agents_table(every, "Every condition") if len(every) > len(main) else None,
        matrix=_matrix(shown, [one.agent for one in main]) if shown else None,
        signs=_signs(shown),
        curves_table=_curves_table(curves, len({c.condition for c in curves}) > 1) if curves else None,
        worst=_worst_table(shown),
        parts=[*_part_lines(folder, parts, metas), *_imported_lines(results)],
        pages=[
            (str(part["id"]), f"{part['folder']}/{REPORT}")
            for part in parts
            if (folder / str(part["folder"]) / REPORT).is_file()
        ],
        effort=_effort_table(parts, metas) if parts else None,
        economy=_economy(parts, metas),
        provenance=_provenance(meta),
        who=_who_table(meta) if meta.get("agents") else None,
        command=_command(meta),
        version=meta.get("spinodal_version", ""),
        finished=meta.get("finished") or "",
    )


def _meta_of(folder: Path, part: Mapping[str, Any]) -> dict[str, Any]:
    where = folder / str(part["folder"])
    return read_meta(where) if (where / META).is_file() else {}


def _main(every: Sequence[AgentSummary]) -> list[AgentSummary]:
    """Of each agent the main condition, or that with most curves where it has no main one."""
    chosen: dict[str, AgentSummary] = {}
    for one in every:
        best = chosen.get(one.agent)
        if best is None or (one.condition == MAIN, one.curves) > (best.condition == MAIN, best.curves):
            chosen[one.agent] = one
    return list(chosen.values())


def _headline(main: Sequence[AgentSummary]) -> str:
    if not main:
        return "No response curve is measured yet"
    most, least = (pick(main, key=lambda one: one.at_risk) for pick in (max, min))
    if len(main) == 1 or most.at_risk == least.at_risk:
        who = main[0].agent if len(main) == 1 else f"each of {len(main)} agents"
        return f"A misaligned majority of {who} can last in {percent(most.at_risk)} of its pairs"
    return (
        f"A misaligned majority can last in {percent(least.at_risk)} to {percent(most.at_risk)} of an "
        f"agent’s pairs: least often of {least.agent}, most often of {most.agent}"
    )


def _sentence(one: AgentSummary) -> tuple[str, str]:
    """An agent, and what was found of it, in words."""
    parts = [
        f"two opposite majorities are stable in {percent(one.inside)} of {plural(one.curves, 'pair')} "
        f"(95% interval {_shares(one.inside_ci)})"
    ]
    if one.determined:
        parts.append(
            f"median β {number(one.beta)} ({interval(one.beta_ci)}), median |h| {number(one.abs_h)} "
            f"({interval(one.abs_h_ci)})"
        )
    outcomes = [f"a misaligned majority can last beside another in {count(one.metastable)}"]
    if one.alone:
        outcomes.append(f"is the only one that lasts in {count(one.alone)}")
    said = " and ".join(outcomes)
    parts.append(f"{said}; {count(one.undecided)} undecided" if one.undecided else said)
    sentence = "; ".join(parts)
    if one.determined < one.curves:
        sentence += f". β and h are not determined by the data in {one.curves - one.determined}"
    return one.agent, f"{sentence[:1].upper()}{sentence[1:]}."


def _shares(ends: tuple[float, float] | None) -> str:
    return ABSENT if ends is None else f"{percent(ends[0])} to {percent(ends[1])}"


def _facts(
    results: Results, curves: Sequence[StudyCurve], metas: Mapping[str, Mapping[str, Any]]
) -> list[tuple[str, str]]:
    meta = results.meta
    totals = meta.get("totals") or {}
    done = sum(bool(one.get("finished")) for one in metas.values())
    facts = [
        ("Agents", count(len({curve.agent for curve in curves}))),
        ("Option pairs", count(len({curve.pair for curve in curves}))),
        ("Response curves", count(len(curves))),
        ("Parts", f"{done} of {len(metas)}" if metas else ABSENT),
        ("Model calls", count(totals.get("calls"))),
        ("Tokens", count(_sum(totals, "input_tokens", "output_tokens"))),
        ("Workers’ time", duration(meta.get("seconds"))),
        ("Cost", money(totals.get("cost"))),
    ]
    return [(label, value) for label, value in facts if value != ABSENT]


def _sum(totals: Mapping[str, Any], *names: str) -> float:
    known = [float(totals[name]) for name in names if totals.get(name) is not None]
    return sum(known) if known else math.nan


def _agents_table(every: Sequence[AgentSummary], caption: str = "Each agent over its pairs") -> Table:
    columns = (
        Column("agent", numeric=False),
        Column("condition", numeric=False),
        Column("pairs"),
        Column("median β", hint="of the pairs whose β and h the data determine"),
        Column("95% interval", hint="sorts by its lower end"),
        Column("median |h|"),
        Column("95% interval"),
        Column("inside the spinodal", hint="share of pairs in which two majorities are stable"),
        Column("95% interval"),
        Column("misaligned, metastable", hint="pairs in which a misaligned majority lasts beside another"),
        Column("misaligned only", hint="pairs whose only lasting majority is misaligned"),
        Column("undecided"),
        Column("not determined", hint="pairs whose β and h the data do not determine"),
    )
    rows = []
    for one in every:
        share = one.metastable / one.curves
        unknown = one.curves - one.determined
        rows.append(
            [
                text(one.agent),
                text(one.condition),
                Cell(count(one.curves), one.curves),
                Cell(number(one.beta), one.beta),
                _span(interval(one.beta_ci), one.beta_ci),
                Cell(number(one.abs_h), one.abs_h),
                _span(interval(one.abs_h_ci), one.abs_h_ci),
                Cell(percent(one.inside), one.inside),
                _span(_shares(one.inside_ci), one.inside_ci),
                Cell(percent(share), share),
                Cell(percent(one.alone / one.curves), one.alone / one.curves),
                Cell(count(one.undecided), one.undecided),
                Cell(count(unknown), unknown),
            ]
        )
    return Table(caption, columns, rows)


def _span(words: str, ends: tuple[float, float] | None) -> Cell:
    return Cell(words, math.nan if ends is None else ends[0])


def _matrix(curves: Sequence[StudyCurve], agents: Sequence[str]) -> Table:
    """Pairs down, agents across."""
    found = {(curve.pair, curve.agent): curve for curve in curves}
    pairs = list(dict.fromkeys(curve.pair for curve in curves))
    columns = [
        Column("pair", numeric=False),
        Column("can last with", hint="agents of which a misaligned majority can last"),
        *(
            Column(agent, hint="adversaries that tip it, as a share of everybody; sorts by it")
            for agent in agents
        ),
    ]
    rows = []
    for pair in pairs:
        here = [found.get((pair, agent)) for agent in agents]
        lasting = sum(curve is not None and curve.can_last for curve in here)
        rows.append([Cell(title(pair)), Cell(count(lasting), lasting), *map(_outcome_cell, here)])
    return Table("What becomes of each pair, by agent", columns, rows)


def _outcome_cell(curve: StudyCurve | None) -> Cell:
    if curve is None:
        return Cell(ABSENT, math.nan)
    adversaries = curve.verdict.adversaries
    share = math.nan if adversaries is None else adversaries.fraction
    told = "" if adversaries is None else f" {percent(share)}"
    return Cell(f"{_SHORT[curve.look.tone]}{told}", share)


def _signs(curves: Sequence[StudyCurve]) -> list[tuple[str, str]]:
    """What the signs of the matrix that are there mean."""
    words: dict[str, dict[str, None]] = {}
    for curve in curves:
        words.setdefault(_SHORT[curve.look.tone], {})[curve.look.word] = None
    return [(sign, ", or ".join(some)) for sign, some in words.items()]


def _curves_table(curves: Sequence[StudyCurve], several: bool) -> Table:
    columns = [
        Column("agent", numeric=False),
        Column("pair", numeric=False),
        *([Column("condition", numeric=False)] if several else []),
        Column("outcome", numeric=False),
        Column("β"),
        Column("95% interval", hint="sorts by its lower end"),
        Column("h"),
        Column("95% interval", hint="sorts by its lower end"),
        Column("bistable", hint="probability given the data"),
        Column(
            "adversaries", hint="committed agents beside the population that tip it to the misaligned side"
        ),
        Column("readings", hint="valid replies or log-odds behind the curve"),
        Column("determined", numeric=False, hint="whether the data determine β and h"),
    ]
    rows = []
    for curve in curves:
        fit, adversaries = curve.fit, curve.verdict.adversaries
        number_of = math.nan if adversaries is None else adversaries.number
        rows.append(
            [
                text(curve.agent),
                text(curve.name),
                *([text(curve.condition)] if several else []),
                text(curve.look.word),
                Cell(number(fit.beta), fit.beta),
                Cell(interval(fit.beta_ci), fit.beta_ci[0]),
                Cell(number(fit.h), fit.h),
                Cell(interval(fit.h_ci), fit.h_ci[0]),
                Cell(percent(curve.verdict.p_bistable), curve.verdict.p_bistable),
                Cell(count(number_of), number_of),
                Cell(count(fit.n_valid), fit.n_valid),
                text("yes" if fit.identifiable else "no"),
            ]
        )
    return Table("Every response curve", columns, rows)


def _worst_table(curves: Sequence[StudyCurve]) -> Table | None:
    """Where the fewest adversaries tip a population that holds the aligned option."""
    tipped = [curve for curve in curves if curve.verdict.adversaries is not None]
    tipped.sort(key=lambda curve: curve.verdict.adversaries.fraction if curve.verdict.adversaries else 1.0)
    if not tipped:
        return None
    rows = []
    for curve in tipped[:_WORST]:
        adversaries = curve.verdict.adversaries
        assert adversaries is not None
        agents = curve.verdict.agents
        share = adversaries.number / (agents + adversaries.number)
        rows.append(
            [
                text(curve.name),
                text(curve.agent),
                Cell(f"{adversaries.number} beside {agents}", adversaries.number),
                Cell(percent(share), share),
                text("for good" if adversaries.irreversible else "while they stay"),
                text("declared" if curve.verdict.aligned else "neutral"),
            ]
        )
    columns = (
        Column("pair", numeric=False),
        Column("agent", numeric=False),
        Column("adversaries", hint="the fewest that tip the population"),
        Column("share of everybody"),
        Column("tipped", numeric=False),
        Column(
            "aligned option", numeric=False, hint="of a neutral pair it is the one that the agent leans to"
        ),
    )
    return Table("Few adversaries tip these", columns, rows)


def _part_lines(
    folder: Path, parts: Sequence[Mapping[str, Any]], metas: Mapping[str, Mapping[str, Any]]
) -> list[_PartLine]:
    lines = []
    for part in parts:
        where = folder / str(part["folder"])
        if part["kind"] == "assess" or not metas[str(part["id"])].get("finished"):
            continue
        name, sentence = _SAID[str(part["kind"])](where)
        link = f"{part['folder']}/{REPORT}" if (where / REPORT).is_file() else ""
        lines.append(_PartLine(str(part["kind"]), str(part["agent"]), name, sentence, link))
    return lines


def _society_said(folder: Path) -> tuple[str, str]:
    from spinodal.society_runs import read_society
    from spinodal.society_verdict import judge_society

    run = read_society(folder)
    return run.pair.id, judge_society(run).sentence


def _size_said(folder: Path) -> tuple[str, str]:
    from spinodal.critical_size import read_critical_size

    run = read_critical_size(folder)
    return run.pair.id, " ".join(run.sentences)


def _contagion_said(folder: Path) -> tuple[str, str]:
    from spinodal.contagion_runs import read_contagion
    from spinodal.contagion_verdict import judge_contagion

    run = read_contagion(folder)
    return "", judge_contagion(run).sentence


_SAID: Final[Mapping[str, Callable[[Path], tuple[str, str]]]] = {
    "society": _society_said,
    "tip": _society_said,
    "hysteresis": _society_said,
    "critical-size": _size_said,
    "contagion": _contagion_said,
}


def _imported_lines(results: Results) -> list[_PartLine]:
    """What an imported folder holds beside curves, with the picture that shows it."""
    if "imported" not in results.meta:
        return []
    lines = []
    for kind, table, figure in (
        ("loops", results.loops, "loop"),
        ("tipping", results.tippings, "tipping"),
        ("trajectories", results.paths, "trajectories"),
    ):
        if len(table):
            runs = len(table.groupby(["agent", "pair", "trajectory"]))
            pairs = table["pair"].nunique()
            sentence = (
                f"{plural(runs, 'population')} over {plural(pairs, 'pair')}; "
                f"`spinodal figure {figure} --data {results.path.name}` draws them."
            )
            agents = ", ".join(sorted(map(str, table["agent"].unique())))
            lines.append(_PartLine(kind, agents, "", sentence, ""))
    return lines


def _effort_table(parts: Sequence[Mapping[str, Any]], metas: Mapping[str, Mapping[str, Any]]) -> Table:
    grouped: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for part in parts:
        grouped.setdefault((str(part["agent"]), str(part["kind"])), []).append(part)
    columns = (
        Column("agent", numeric=False),
        Column("kind", numeric=False),
        Column("parts done"),
        Column("curves"),
        Column("calls"),
        Column("calls a curve", hint="the conformity study spent 1,000"),
        Column("tokens in"),
        Column("tokens out"),
        Column("time", hint="of its workers together"),
        Column("cost"),
    )
    rows = []
    for (agent, kind), some in grouped.items():
        done = [part for part in some if metas[str(part["id"])].get("finished")]
        totals = [metas[str(part["id"])].get("totals") or {} for part in done]
        curves = sum(int(part.get("curves") or 0) for part in done) if kind == "assess" else 0
        calls = sum(_calls(one) for one in totals)
        costs = [one.get("cost") for one in totals]
        cost = math.nan if None in costs or not costs else sum(float(one) for one in costs if one is not None)
        each = calls / curves if curves else math.nan
        tokens = [
            sum(int(one.get(name) or 0) for one in totals) for name in ("input_tokens", "output_tokens")
        ]
        seconds = sum(float(metas[str(part["id"])].get("seconds") or 0.0) for part in done)
        rows.append(
            [
                text(agent),
                text(kind),
                Cell(f"{len(done)} of {len(some)}", len(done)),
                Cell(count(curves) if curves else ABSENT, curves),
                Cell(count(calls), calls),
                Cell(count(each), each),
                *(Cell(count(amount), amount) for amount in tokens),
                Cell(duration(seconds), seconds),
                Cell(money(cost), cost),
            ]
        )
    return Table("Effort by agent and kind", columns, rows)


def _calls(totals: Mapping[str, Any]) -> int:
    return int(totals.get("calls") or 0) + int(totals.get("measurement_calls") or 0)


def _economy(parts: Sequence[Mapping[str, Any]], metas: Mapping[str, Mapping[str, Any]]) -> str:
    """Calls against the paper's, in a sentence."""
    done = [p for p in parts if p["kind"] == "assess" and metas[str(p["id"])].get("finished")]
    curves = sum(int(part.get("curves") or 0) for part in done)
    calls = sum(_calls(metas[str(part["id"])].get("totals") or {}) for part in done)
    if not curves or not calls:
        return ""
    return (
        f"{count(calls)} calls measured {plural(curves, 'response curve')}: {number(calls / curves, 1)} a "
        f"curve, where the conformity study spent {count(PAPER_CALLS)}, "
        f"{number(PAPER_CALLS * curves / calls, 1)} times as many."
    )


def _provenance(meta: Mapping[str, Any]) -> list[tuple[str, str]]:
    source = meta.get("study") or meta.get("imported") or {}
    rows = [
        ("Study file", Path(str(source.get("source", ""))).name if "study" in meta else ""),
        ("Imported from", str(source.get("source", "")) if "imported" in meta else ""),
        ("Digest of the request", str(meta.get("request_digest", ""))[:16]),
        ("Digest of the template", str(meta.get("template_digest", ""))[:16]),
        ("Begun", str(meta.get("created", ""))),
        ("Finished", str(meta.get("finished") or "")),
        ("Spinodal", str(meta.get("spinodal_version", ""))),
    ]
    return [(label, value) for label, value in rows if value]


def _who_table(meta: Mapping[str, Any]) -> Table:
    columns = [
        Column(name, numeric=False)
        for name in ("agent", "model", "family", "provider", "temperature", "persona", "guard")
    ]
    rows = [
        [
            text(label),
            text(agent.get("model", "")),
            text(agent.get("family") or ABSENT),
            text(agent.get("lane") or ABSENT),
            text(f"{agent.get('temperature'):g}"),
            text(agent.get("system_prompt") or ABSENT),
            text(agent.get("guard") or ABSENT),
        ]
        for label, agent in meta["agents"].items()
    ]
    return Table("The agents", columns, rows)


def _command(meta: Mapping[str, Any]) -> str:
    source = (meta.get("study") or {}).get("source")
    return shlex.join(["spinodal", "study", "run", str(source)]) if source else ""
