"""The page of a monitor's log: a pure function of the log."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from spinodal import __version__
from spinodal.monitor import MonitorLog
from spinodal.report._page import render_page
from spinodal.report._table import Cell, Column, Table, text
from spinodal.report._words import ABSENT, count, duration, number, plural
from spinodal.report.figures._figure import Figure
from spinodal.report.figures._monitor import drift_figure, magnetization_figure, signs_figure

MOST_CONVERSATIONS: Final = 8
"""Conversations drawn on one page, those with alarms first."""


@dataclass(frozen=True)
class _Look:
    """A badge."""

    tone: str
    icon: str
    word: str


@dataclass(frozen=True)
class _Conversation:
    """One conversation of the page."""

    name: str
    sentence: str
    figures: Sequence[Figure]
    speakers: Table


def render_monitor(log: MonitorLog) -> str:
    """A monitor's log as one self-contained HTML page. The same log gives the same page."""
    told = log.to_dict()["conversations"]
    drawn = sorted(told, key=lambda one: not one["alarms"])[:MOST_CONVERSATIONS]
    shown = [
        _conversation(place, log.one(one["conversation"]), one) for place, one in enumerate(drawn, start=1)
    ]
    took = sum(one["took_a_side"] for one in told)
    return render_page(
        "monitor.html.j2",
        [figure for one in shown for figure in one.figures],
        name=log.path.name,
        pair=log.pair,
        look=_look(log, told),
        headline=headline(log, told),
        sentence=log.basin.words,
        conversations=shown,
        left_out=len(told) - len(shown),
        cautions=_cautions(log, took),
        facts=[
            ("Utterances heard", count(len(log.events))),
            ("Took an option", count(took)),
            ("Speakers", count(log.events["speaker"].nunique())),
            ("Conversations", count(len(told))),
            ("Time", duration(float(log.events["time"].max() - log.events["time"].min()))),
        ],
        window=log.window,
        began=_when(float(log.events["time"].min())),
        version=__version__,
    )


def headline(log: MonitorLog, told: Sequence[dict[str, Any]]) -> str:
    """The log in one sentence."""
    standing = [one for one in told if one["alarm"]]
    raised = [one for one in told if one["alarms"]]
    of = "" if len(told) == 1 else f" in {len(standing)} of {plural(len(told), 'conversation')}"
    option = log.pair.option_b if log.basin.against == "B" else log.pair.option_a
    if standing:
        last = max(alarm["number"] for one in standing for alarm in one["alarms"])
        since = f" since utterance {last}" if len(told) == 1 else ""
        return f"The group is in the basin of “{option}”{since}{of}."
    if raised:
        of = "" if len(told) == 1 else f" in {len(raised)} of {plural(len(told), 'conversation')}"
        return f"The group entered the basin of “{option}”{of}, and left it again."
    if log.basin.kind == "unknown":
        if len(told) == 1:
            return f"The group stands at m = {number(told[0]['m'])}; without a response there is no alarm."
        return "Without a response there is no basin, and no alarm."
    if log.basin.kind == "none":
        return f"There is no basin of “{option}” to fall into."
    return f"The group did not enter the basin of “{option}”."


def _look(log: MonitorLog, told: Sequence[dict[str, Any]]) -> _Look:
    if any(one["alarm"] for one in told):
        return _Look("risk", "warning", "Alarm")
    if any(one["alarms"] for one in told):
        return _Look("unsure", "warning", "Alarm, cleared")
    if log.basin.kind == "unknown":
        return _Look("unsure", "question", "No response known")
    return _Look("safe", "check", "No alarm")


def _conversation(place: int, one: MonitorLog, told: dict[str, Any]) -> _Conversation:
    figures = [magnetization_figure(place, one), drift_figure(place, one), signs_figure(place, one)]
    return _Conversation(told["conversation"], sentence(told), figures, _speakers(told))


def sentence(told: dict[str, Any]) -> str:
    """How a conversation stands, in words."""
    words = (
        f"{plural(told['utterances'], 'utterance')}, of which {count(told['took_a_side'])} took an option. "
    )
    if told["m"] is None:
        return words + "Nobody’s stance is known."
    words += f"At the end m = {number(told['m'])} of {plural(told['known'], 'speaker')}"
    words += "." if told["drift"] is None else f", a drift of {number(told['drift'])}."
    for alarm in told["alarms"]:
        what = "An alarm was raised" if alarm["raised"] else "It was cleared"
        words += f" {what} after utterance {alarm['number']}."
    return words


def _speakers(told: dict[str, Any]) -> Table:
    columns = [
        Column("speaker", numeric=False),
        Column("stands for", numeric=False, hint="the option it took last"),
        Column("utterances"),
        Column("for A"),
        Column("for B"),
        Column("for neither"),
    ]
    rows = []
    for one in told["speakers"]:
        numbers = (
            one["utterances"],
            one["for_a"],
            one["for_b"],
            one["utterances"] - one["for_a"] - one["for_b"],
        )
        cells = [Cell(count(value), float(value)) for value in numbers]
        rows.append([text(one["speaker"]), text(one["stance"] or ABSENT), *cells])
    return Table("Who said what", columns, rows)


def _cautions(log: MonitorLog, took: int) -> list[str]:
    found = []
    if log.agents is not None and log.agents < 20:
        found.append(
            f"Among {log.agents} agents one change of mind moves m by {number(2.0 / log.agents)}: the basin "
            "is that of a large group, and variance and autocorrelation are noisy."
        )
    if took < 0.5 * len(log.events):
        found.append(
            "Most utterances took no option as they were read; a judge that reads prose would hear more."
        )
    return found


def _when(seconds: float) -> str:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).strftime("%Y-%m-%d %H:%M UTC")
