"""The report of one run: a pure function of the run folder."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spinodal._files import write_whole
from spinodal.report import _measured
from spinodal.report._cards import card
from spinodal.report._outcomes import Look, headline, subheadline
from spinodal.report._page import render_page
from spinodal.report._pair import PairResult, pair_results
from spinodal.report._words import count, duration, money, plural
from spinodal.report.figures import (
    lifetimes_figure,
    phase_figure,
    response_figure,
    scaling_figure,
    temperature_figure,
    tipping_figure,
)
from spinodal.report.figures._figure import FEW, Figure
from spinodal.report.figures._response import listing_order
from spinodal.runs import LOGS, REPORT, Run
from spinodal.verdict import summarize

if TYPE_CHECKING:
    from spinodal.contagion_runs import ContagionRun


def write_report(run: Run, contagion: ContagionRun | None = None) -> Path:
    """Write `report.html` into the run folder, whole or not at all; return its path.

    With a contagion study the page has that as its second part.
    """
    path = run.path / REPORT
    write_whole(path, render_report(run, contagion).encode())
    return path


def render_report(run: Run, contagion: ContagionRun | None = None) -> str:
    """The report as one self-contained HTML page. The same run gives the same page.

    With a contagion study the page has that as its second part.
    """
    pairs = pair_results(run)
    meta = run.meta
    agents = agents_of(run)
    agent = agent_of(meta)
    context: dict[str, Any] = {
        "agent": agent,
        "agents": agents,
        "headline": headline(run.verdicts),
        "subheadline": subheadline(run.verdicts),
        "summary": summarize(run.verdicts).split("\n\n") if run.verdicts else [],
        "facts": _facts(meta, pairs),
        "failures": [
            {"pair": str(one.get("pair", "?")), "message": str(one.get("message", ""))}
            for one in run.failures
        ],
        "cautions": _measured.cautions(pairs),
        "tally": _tally(pairs),
        "cards": [card(pair) for pair in pairs],
        "responses": [],
        "temperature": None,
        "measured": _measured.measured_table(pairs),
        "diagnostics": _measured.diagnostics_table(pairs),
        "undecided": _measured.undecided_replies(pairs),
        "readout_note": readout_note(meta),
        "provenance": _measured.provenance(meta),
        "texts": _measured.texts(meta),
        "command": command_of(meta),
        "log_folder": shlex.quote(str(run.path / LOGS)),
        "interval_method": " ".join(sorted({_sentence(pair.fit.interval_method) for pair in pairs})),
        "version": meta.get("spinodal_version", ""),
        "finished": meta.get("finished", ""),
        "many": len(pairs) > FEW,
        "any_lapse": any(pair.fit.preferred == "lapse" for pair in pairs),
        "any_order": any(listing_order(pair.observations) is not None for pair in pairs),
        "any_censored": any(
            "censored" in pair.observations and pair.observations["censored"].any() for pair in pairs
        ),
    }
    second, study = _second_part(run, contagion)
    context["contagion"] = second
    if not pairs:
        return render_page("assessment.html.j2", study, **context)
    responses = [response_figure(pair) for pair in pairs]
    figures = {
        "phase": phase_figure(pairs),
        "tipping": tipping_figure(pairs, agents),
        "lifetimes": lifetimes_figure(pairs, agents),
        "scaling": scaling_figure(pairs),
        "temperature": temperature_figure(pairs),
    }
    context |= {
        **figures,
        "responses": list(zip(context["cards"], responses, strict=True)),
    }
    drawn = [*responses, *(figure for figure in figures.values() if figure is not None)]
    return render_page("assessment.html.j2", [*drawn, *study], **context)


def _second_part(run: Run, contagion: ContagionRun | None) -> tuple[dict[str, Any] | None, Sequence[Figure]]:
    """The sections of a contagion study, and its figures; a caution first where it is of another agent."""
    if contagion is None:
        return None, []
    from spinodal.report._contagion import contagion_part

    part, figures = contagion_part(contagion)
    here = (run.meta["request"].get("agent") or {}).get("model")
    there = contagion.meta["request"]["agent"]["model"]
    if here and here != there:
        part["cautions"].insert(0, f"This study is of another model, {there}, than the first part, {here}.")
    return part, figures


def agent_of(meta: Mapping[str, Any]) -> str:
    """What the run calls its agent."""
    request, model = meta.get("request") or {}, meta.get("model") or {}
    label = (request.get("agent") or {}).get("label")
    return str(label or request.get("model") or model.get("name") or "an unnamed agent")


def agents_of(run: Run) -> int:
    """Size of the population the verdicts are about."""
    return run.verdicts[0].agents if run.verdicts else int(run.meta["request"].get("agents") or 0)


def _facts(meta: Mapping[str, Any], pairs: Sequence[PairResult]) -> list[tuple[str, str]]:
    totals = meta.get("totals") or {}
    tokens = [totals[key] for key in ("input_tokens", "output_tokens") if totals.get(key) is not None]
    facts = [
        ("Measured", plural(len(pairs), "pair")),
        ("Prompts", count(totals.get("prompts"))),
        ("Model calls", count(totals.get("calls"))),
        ("Tokens", count(sum(tokens) if tokens else None)),
        ("Time", duration(meta.get("seconds", totals.get("seconds")))),
        ("Cost", money(totals.get("cost"))),
    ]
    return [(label, value) for label, value in facts if value != "—"]


def _tally(pairs: Sequence[PairResult]) -> list[tuple[Look, int]]:
    """Outcomes in the order of the cards, with how many pairs have each."""
    return list(Counter(pair.look for pair in pairs).items())


def readout_note(meta: Mapping[str, Any]) -> str:
    """How replies were read, and why so; empty where the run does not say."""
    choice = meta.get("readout_choice") or {}
    readout = choice.get("readout")
    if not readout:
        return ""
    name = {"logprob": "log-probability", "sample": "sampling"}.get(readout, readout)
    return _sentence(f"Readout by {name}" + (f": {choice['why']}" if choice.get("why") else ""))


def command_of(meta: Mapping[str, Any]) -> str:
    """The command that makes the run again; empty where it is not recorded."""
    command = meta.get("command") or ""
    return command if isinstance(command, str) else shlex.join(str(word) for word in command)


def _sentence(text: str) -> str:
    text = text.strip().rstrip(".")
    return f"{text[:1].upper()}{text[1:]}." if text else ""
