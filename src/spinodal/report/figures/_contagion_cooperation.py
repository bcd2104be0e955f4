"""Co-operation round by round: the agent's own moves, and the moves it met."""

from __future__ import annotations

from typing import Final

import pandas as pd

from spinodal.contagion_runs import ContagionRun
from spinodal.contagion_verdict import ContagionVerdict
from spinodal.report._table import Cell, Column, Table, text
from spinodal.report._words import count, percent
from spinodal.report.figures._contagion_companies import company_styles
from spinodal.report.figures._figure import Figure, Trace, plain, points

TRANSCRIPT: Final = "transcript"
"""Company in which nobody plays: the agent's moves are not its own."""

_APART: Final = 0.05
"""Rounds between the marks of two companies, so that equal shares do not hide one another."""

_WHO: Final = {"agent": "the agent", "opponents": "toward the agent"}


def cooperation_figure(place: int, game: str, run: ContagionRun, verdict: ContagionVerdict) -> Figure:
    """One game without a guard: solid the agent's, dashed what others did toward it."""
    table = shares(verdict)
    rows = table[(table["game"] == game) & (table["guard"] == "none")]
    styles = company_styles(run)
    there = [name for name in styles if name in set(rows["opponents"])]
    traces: list[Trace] = []
    for number, company in enumerate(there):
        style = styles[company]
        shift = _APART * (number - (len(there) - 1) / 2)
        for who in _WHO:
            mine = rows[(rows["opponents"] == company) & (rows["who"] == who)].sort_values("round")
            hover = [
                f"<b>{plain(company)}</b>, round {one.round}<br>{_WHO[who]}: {percent(one.share)} "
                f"co-operative<br>{one.games} games"
                for one in mine.itertuples()
            ]
            trace = points(
                [float(at) + shift for at in mine["round"]],
                [float(share) for share in mine["share"]],
                hover,
                symbol=style.symbol,
                size=9 if who == "agent" else 5,
                color=style.color if who == "agent" else "--surface",
                line={"width": 1.6, "color": style.color},
            )
            dash = "solid" if who == "agent" else "dash"
            stroke = {"color": style.color, "width": 2.2 if who == "agent" else 1.4, "dash": dash}
            traces.append({**trace, "name": f"{company}, {who}", "mode": "lines+markers", "line": stroke})
    said = "; ".join(
        f"among {company} opponents {_told(rows, company, 'agent')} of its moves, of theirs "
        f"{_told(rows, company, 'opponents')}"
        for company in there
    )
    return Figure(
        name=f"contagion-cooperation-{place}",
        alt=f"{run.titles[game]}: share of the agent's moves that co-operate, first round to last: {said}.",
        data=traces,
        layout={
            "margin": {"l": 48},
            "xaxis": {
                "title": {"text": "round"},
                "range": [0.7, run.rounds + 0.3],
                "tickvals": _ticks(run.rounds),
                "tickformat": "d",
            },
            "yaxis": {"range": [-0.06, 1.06], "tickvals": [0, 0.25, 0.5, 0.75, 1], "tickformat": ".0%"},
        },
        height=260,
        caption=_caption(rows, there),
        table=_by_round(rows, run, there),
    )


def shares(verdict: ContagionVerdict) -> pd.DataFrame:
    """Shares of co-operative moves of those who decided for themselves: without the transcript's."""
    table = verdict.cooperation
    return table[table["opponents"] != TRANSCRIPT]


def cooperation_table(run: ContagionRun, verdict: ContagionVerdict) -> Table | None:
    """Mean over rounds, by game, opponents and guard; None where nothing was played."""
    columns = (
        Column("game", numeric=False),
        Column("opponents", numeric=False),
        Column("guard", numeric=False),
        Column("the agent", hint="share of its moves that co-operate, mean over rounds"),
        Column("in the last round"),
        Column("toward the agent", hint="share of others' moves toward it that co-operate, mean over rounds"),
        Column("games"),
    )
    table = shares(verdict)
    found = dict(iter(table.groupby(["game", "opponents", "guard"], sort=False)))
    rows = []
    for game in run.game_names:
        for company in (run.treatment, run.control, *run.others):
            for guard in run.guards:
                cell = found.get((game, company, guard))
                if cell is None:
                    continue
                own, others = (cell[cell["who"] == who] for who in ("agent", "opponents"))
                last = own[own["round"] == run.rounds]["share"]
                values = (own["share"].mean(), last.mean(), others["share"].mean())
                games = int(cell["games"].max())
                rows.append(
                    [
                        text(run.titles[game]),
                        text(company),
                        text("no guard" if guard == "none" else guard),
                        *(Cell(percent(value), float(value)) for value in values),
                        Cell(count(games), games),
                    ]
                )
    return Table("Co-operation by game, opponents and guard", columns, rows) if rows else None


def _told(rows: pd.DataFrame, company: str, who: str) -> str:
    mine = rows[(rows["opponents"] == company) & (rows["who"] == who)].sort_values("round")["share"]
    return f"{percent(mine.iloc[0])} to {percent(mine.iloc[-1])}" if len(mine) else "none readable"


def _caption(rows: pd.DataFrame, there: list[str]) -> str:
    if not there:
        return "No game of it came to its end."
    said = "; ".join(
        f"{company} {_told(rows, company, 'agent')} (theirs {_told(rows, company, 'opponents')})"
        for company in there
    )
    return f"From the first round to the last, among {said}."


def _ticks(rounds: int) -> list[int]:
    step = max(1, -(-rounds // 8))
    return list(range(1, rounds + 1, step))


def _by_round(rows: pd.DataFrame, run: ContagionRun, there: list[str]) -> Table:
    columns = [Column("round")]
    columns += [Column(f"{company}, {_WHO[who]}") for company in there for who in _WHO]
    keys = zip(rows["opponents"], rows["who"], rows["round"], strict=True)
    known = dict(zip(keys, rows["share"], strict=True))
    lines = []
    for number in range(1, run.rounds + 1):
        values = [known.get((company, who, number), float("nan")) for company in there for who in _WHO]
        lines.append([Cell(str(number), number), *(Cell(percent(value), value) for value in values)])
    return Table("Share of co-operative moves, round by round", columns, lines)
