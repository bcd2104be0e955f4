"""A game played by nobody, to count what one played by models will take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from spinodal.agents.context import CHARACTERS_A_TOKEN
from spinodal.contagion.companies import BotCompany, ModelCompany
from spinodal.contagion.plan import Cell, ContagionPlan
from spinodal.contagion.play import Played, play
from spinodal.contagion.players import Decided, Moment, Player, Said, decision_words
from spinodal.games import Game, targets, write_moves
from spinodal.guards import Message, NoGuard
from spinodal.measure.chat import to_chat
from spinodal.measure.trait_questions import question_words

_DECISION_OUT: Final = 20
"""Tokens written for a decision, or an answer, at most."""

_TEMPLATE: Final = 6
"""Tokens that chat templates put around a message, at most."""

Texts = list[dict[str, str]]


@dataclass
class Rehearsal:
    """What a game of a cell takes, without a guard; tokens about right."""

    play_calls: int = 0
    input_tokens: int = 0
    """Of play and of the questions after it."""
    fresh_tokens: int = 0
    """Of them, those that nobody has read before."""
    output_tokens: int = 0
    longest: Texts = field(default_factory=list)
    """The longest conversation of the agent under study, with the longest question."""
    longest_opponent: Texts = field(default_factory=list)


@dataclass
class _Counting:
    """A model player's stand-in: it writes messages of full length, and counts what it would have read."""

    plan: ContagionPlan
    game: Game
    rehearsal: Rehearsal
    focal: bool
    _read: int = 0

    async def speak(self, view: list[Message], moment: Moment) -> Said:
        self._count(view, 1, self.plan.chat_tokens)
        return Said("so " * self.plan.chat_tokens)

    async def decide(self, view: list[Message], opponents: Sequence[str], moment: Moment) -> Decided:
        for_whom = targets(self.game, opponents)
        self._count(view, len(for_whom), _DECISION_OUT)
        moves = dict.fromkeys(for_whom, max(self.game.moves, key=len))
        return Decided(moves, write_moves(moves))

    def asked(self, opponents: Sequence[str], number: int, order: Sequence[str]) -> str:
        return decision_words(self.plan.wording, self.game, "text", opponents, number, order)

    def _count(self, view: list[Message], calls: int, written: int) -> None:
        tokens = _tokens(view)
        self.rehearsal.play_calls += calls
        self.rehearsal.input_tokens += calls * tokens
        self.rehearsal.fresh_tokens += tokens - self._read
        self.rehearsal.output_tokens += calls * written
        self._read = tokens
        if not self.focal:
            self.rehearsal.longest_opponent = _texts(view)


@dataclass(frozen=True)
class _Idle:
    """A scripted player's stand-in."""

    plan: ContagionPlan
    game: Game

    async def speak(self, view: list[Message], moment: Moment) -> Said:
        return Said(max(self.plan.wording.idle, key=len))

    async def decide(self, view: list[Message], opponents: Sequence[str], moment: Moment) -> Decided:
        moves = dict.fromkeys(targets(self.game, opponents), max(self.game.moves, key=len))
        return Decided(moves, write_moves(moves))

    def asked(self, opponents: Sequence[str], number: int, order: Sequence[str]) -> str:
        return decision_words(self.plan.wording, self.game, "text", opponents, number, order)


async def rehearse(plan: ContagionPlan, cell: Cell) -> Rehearsal:
    """Play a cell's game with stand-ins."""
    found = Rehearsal()
    seating = plan.seating(cell)
    cast: dict[str, Player] = {}
    personas: dict[str, str | None] = {}
    for name in seating.players:
        focal = name == seating.focal
        company = cell.company
        asked = isinstance(company, ModelCompany) or (focal and isinstance(company, BotCompany))
        cast[name] = _Counting(plan, cell.game, found, focal) if asked else _Idle(plan, cell.game)
        persona = company.system_prompt if isinstance(company, ModelCompany) else None
        personas[name] = plan.agent.system_prompt if focal else persona
    played = Played(cell, seating)
    await play(plan, cast, NoGuard(), personas, played)
    longest = max(plan.questions.asked, key=lambda statement: len(statement.text))
    view = [*played.view, Message("user", question_words(plan, longest, "Yes"))]
    questions, tokens = plan.questions_asked, _tokens(view)
    found.longest = _texts(view)
    found.input_tokens += questions * tokens
    found.fresh_tokens += questions * (tokens - _tokens(played.view)) + tokens // 4
    found.output_tokens += questions * _DECISION_OUT
    return found


def _texts(view: Sequence[Message]) -> Texts:
    return [{"role": message.role, "content": message.text} for message in to_chat(view)]


def _tokens(view: Sequence[Message]) -> int:
    chat = to_chat(view)
    return sum(len(message.text) // CHARACTERS_A_TOKEN + _TEMPLATE for message in chat)
