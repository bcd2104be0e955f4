"""Games to read: conversations as the agent was shown them, by who says what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from spinodal.contagion_runs import ContagionRun
from spinodal.report._words import count
from spinodal.report.figures._contagion_cooperation import TRANSCRIPT

MOST: Final = 24
"""Games on the page."""

_QUOTING: Final = "trust-boundary"

Row = dict[str, Any]
Cell = tuple[str, str, str]
"""Game, opponents and guard."""


@dataclass(frozen=True)
class Said:
    """One message."""

    kind: str
    """Class of the style sheet: "host", "peer", "own" or "guard"."""
    who: str
    content: str
    tag: str = ""
    """What a guard did to it."""


@dataclass(frozen=True)
class Transcript:
    """One game's conversation."""

    game: str
    """Title of the game."""
    company: str
    guard: str
    """ "" without one."""
    number: int
    """Of the repetition, from 1."""
    scores: str
    messages: tuple[Said, ...]

    @property
    def touched(self) -> int:
        """Messages that a guard put there or quoted."""
        return sum(bool(message.tag) for message in self.messages)


def transcripts(run: ContagionRun) -> list[Transcript]:
    """The first played game of each cell, at most `MOST`: company and guard first, then the games in turn."""
    cells = ["game", "opponents", "guard"]
    first = run.played.sort_values("repetition", kind="stable").drop_duplicates(cells)
    rows: dict[Cell, Row] = {(row["game"], row["opponents"], row["guard"]): row for row in _rows(first)}
    picked = list(_spread(run, rows))[:MOST]
    in_order = sorted(
        picked,
        key=lambda cell: (
            run.game_names.index(cell[0]),
            run.guards.index(cell[2]),
            _companies(run).index(cell[1]),
        ),
    )
    talks = dict(iter(run.messages.groupby("game_id", sort=False)))
    return [
        _transcript(run, rows[cell], _rows(talks[rows[cell]["game_id"]]))
        for cell in in_order
        if rows[cell]["game_id"] in talks
    ]


def _rows(table: pd.DataFrame) -> list[Row]:
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]


def _companies(run: ContagionRun) -> list[str]:
    return [run.treatment, run.control, *run.others]


def _spread(run: ContagionRun, rows: Mapping[Cell, Row]) -> Iterator[Cell]:
    """Cells that were played: one of each company and guard, each of another game than the one before it, and
    then others."""
    games = run.game_names
    pairs = [
        (company, guard)
        for guard in run.guards
        for company in _companies(run)
        if any((game, company, guard) in rows for game in games)
    ]
    for turn in range(len(games)):
        for place, pair in enumerate(pairs):
            cell = (games[(place + turn) % len(games)], *pair)
            if cell in rows:
                yield cell


def _transcript(run: ContagionRun, game: Mapping[str, Any], rows: list[Row]) -> Transcript:
    guard = "" if game["guard"] == "none" else str(game["guard"])
    scripted = game["opponents"] == TRANSCRIPT
    points = [
        f"{player} {count(score)}" for player, score in zip(game["players"], game["scores"], strict=True)
    ]
    return Transcript(
        game=run.titles[game["game"]],
        company=str(game["opponents"]),
        guard=guard,
        number=int(game["repetition"]) + 1,
        scores=", ".join(points),
        messages=tuple(
            said for row in rows for said in _said(row, str(game["focal"]), scripted, _persona(run))
        ),
    )


def _persona(run: ContagionRun) -> str:
    return str(run.meta["request"].get("system_prompt") or "")


def _said(row: Mapping[str, Any], focal: str, scripted: bool, persona: str) -> Iterator[Said]:
    """A message as it is shown: two where a guard spoke within the agent's system prompt."""
    role, speaker, content, guard = (str(row[name]) for name in ("role", "speaker", "content", "guard"))
    if guard.startswith(_QUOTING) and role == "user":
        yield Said("peer", "Peer", content, f"quoted by {guard}")
    elif guard:
        if role == "system" and persona and content.startswith(persona):
            yield Said("host", "System prompt", persona)
            content = content.removeprefix(persona).lstrip()
        yield Said("guard", "Guard", content, f"injected by {guard}")
    elif role == "system":
        yield Said("host", "System prompt", content)
    elif role == "assistant":
        yield Said("own", f"{focal}, put into its mouth" if scripted else f"{focal}, the agent", content)
    elif speaker:
        yield Said("peer", speaker, content)
    else:
        yield Said("host", "Host", content)
