"""Who sits at the table: model agents, and scripted players."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, Protocol

import numpy as np
from inspect_ai.model import ChatMessage, ResponseSchema
from inspect_ai.util import JSONSchema

from spinodal.agents.conversations import in_conversation
from spinodal.agents.faults import is_rejection
from spinodal.contagion.wording import Wording
from spinodal.games import Game, asked_form, either, meetings, read_moves, targets, write_moves
from spinodal.games.bots import Bot
from spinodal.guards import Message
from spinodal.measure.chat import to_chat
from spinodal.measure.reading import Question, Reader
from spinodal.measure.readout import probability
from spinodal.pairs import OptionPair

LONGEST_MESSAGE: Final = 400
"""Most characters of a message to the others, unless its tokens may be more."""
_CHARACTERS_A_TOKEN: Final = 8
"""No language has longer ones on average."""
_LONGEST_RAW: Final = 200
_DECISION_TOKENS: Final = 60
_ENOUGH_DECIDED: Final = 0.05

DecisionForm = Literal["logprob", "schema", "text"]
"""How decisions are read: the moves' probabilities, a reply held to a form, or whatever the reply says."""


@dataclass(frozen=True)
class Moment:
    """A turn of a player: which, and the chance that belongs to it."""

    conversation: str
    """Of one player in one game."""
    turn: int
    random: np.random.Generator

    def question(self, messages: Sequence[ChatMessage], step: int = 0) -> Question:
        """The model call of this turn, or one of several."""
        scopes = {"conversation": self.conversation, "turn": f"{self.turn}.{step}"}
        return Question(tuple(messages), int(self.random.integers(2**31)), scopes)


Spent = dict[str, Any]


@dataclass(frozen=True)
class Said:
    """A message to the others."""

    text: str
    spent: Spent = field(default_factory=dict)


@dataclass(frozen=True)
class Decided:
    """The moves of a player in one round."""

    moves: Mapping[str, str]
    """By whom they are for; one that could not be read is missing."""
    text: str
    """As it is kept in the player's own conversation."""
    p_cooperative: Mapping[str, float] = field(default_factory=dict)
    """Probability of the co-operative move, where it is known."""
    spent: Spent = field(default_factory=dict)


class Player(Protocol):
    """Somebody at the table."""

    async def speak(self, view: list[Message], moment: Moment) -> Said:
        """Write a message that all can read."""

    async def decide(self, view: list[Message], opponents: Sequence[str], moment: Moment) -> Decided:
        """Pick a move for each opponent."""

    def asked(self, opponents: Sequence[str], number: int, order: Sequence[str]) -> str:
        """How the host asks it to decide in round `number`, the moves in a given order."""


@dataclass(frozen=True)
class ModelPlayer:
    """A model agent, whose persona is the first message of its view."""

    reader: Reader
    form: DecisionForm
    game: Game
    wording: Wording
    chat_tokens: int

    async def speak(self, view: list[Message], moment: Moment) -> Said:
        question = moment.question(to_chat(view))
        with in_conversation(moment.conversation):
            text, spent = await self.reader.write(question, max_tokens=self.chat_tokens)
        longest = max(LONGEST_MESSAGE, _CHARACTERS_A_TOKEN * self.chat_tokens)
        return Said(one_message(text, longest) or self.wording.silence, spent)

    async def decide(self, view: list[Message], opponents: Sequence[str], moment: Moment) -> Decided:
        for_whom = targets(self.game, opponents)
        with in_conversation(moment.conversation):
            if self.form == "logprob":
                return await self._weigh(view, for_whom, moment)
            schema = decision_schema(self.game, for_whom) if self.form == "schema" else None
            text, spent = await self.reader.write(
                moment.question(to_chat(view)),
                # By text alone a model may think before it answers: its own limit applies.
                max_tokens=_DECISION_TOKENS * len(for_whom) if schema else self.reader.agent.max_tokens,
                schema=schema,
            )
        moves = read_moves(text, self.game, for_whom)
        return Decided(moves, write_moves(moves) or _raw(text, self.wording), {}, spent)

    def asked(self, opponents: Sequence[str], number: int, order: Sequence[str]) -> str:
        return decision_words(self.wording, self.game, self.form, opponents, number, order)

    async def _weigh(self, view: list[Message], for_whom: Sequence[str], moment: Moment) -> Decided:
        """One call a move: the probability of each, with the earlier decisions put into the model's mouth."""
        chat = to_chat(view)
        moves: dict[str, str] = {}
        p_cooperative: dict[str, float] = {}
        spent: Spent = {}
        for step, target in enumerate(for_whom):
            begun = f"{write_moves(moves)} [{target}:".lstrip()
            reading, took = await self.reader.weigh(
                _decision(self.game, target), moment.question(chat, step), begun
            )
            uniform = float(moment.random.random())
            spent = {name: spent.get(name, 0) + value for name, value in took.items()}
            if reading is not None and reading.decided_mass > 0:
                p = probability(reading.log_odds, self.reader.agent.temperature)
                p_cooperative[target] = p
                moves[target] = self.game.cooperative if uniform < p else _other(self.game)
        return Decided(moves, write_moves(moves) or self.wording.silence, p_cooperative, spent)


@dataclass(frozen=True)
class BotPlayer:
    """A scripted player. It writes idle lines, and asks no model."""

    bot: Bot
    game: Game
    wording: Wording
    name: str
    """Its name at the table."""

    async def speak(self, view: list[Message], moment: Moment) -> Said:
        idle = self.wording.idle
        return Said(idle[int(moment.random.integers(len(idle)))])

    async def decide(self, view: list[Message], opponents: Sequence[str], moment: Moment) -> Decided:
        for_whom = targets(self.game, opponents)
        met = _met(self.name, view)
        moves = {}
        for target in for_whom:
            theirs = (
                met.get(target, []) if target in opponents else [move for one in met.values() for move in one]
            )
            moves[target] = self.bot.move(self.game, theirs, moment.random)
        return Decided(moves, write_moves(moves))

    def asked(self, opponents: Sequence[str], number: int, order: Sequence[str]) -> str:
        return decision_words(self.wording, self.game, "text", opponents, number, order)


def decision_words(
    wording: Wording,
    game: Game,
    form: DecisionForm,
    opponents: Sequence[str],
    number: int,
    order: Sequence[str],
) -> str:
    """How the host asks for decisions that are read in one of the forms."""
    for_whom = targets(game, opponents)
    if form == "schema":
        return wording.object.format(round=number, targets=" and ".join(for_whom), moves=either(order))
    return wording.decide.format(round=number, form=asked_form(for_whom, order))


def decision_schema(game: Game, for_whom: Sequence[str]) -> ResponseSchema:
    """The form that a provider holds a decision to: a move of the game for each, and nothing else."""
    moves = JSONSchema(type="string", enum=list(game.moves))
    return ResponseSchema(
        name="decision",
        json_schema=JSONSchema(
            type="object",
            properties=dict.fromkeys(for_whom, moves),
            required=list(for_whom),
            additionalProperties=False,
        ),
        strict=True,
    )


async def decision_form(
    reader: Reader, game: Game, question: Question, for_whom: Sequence[str], *, weigh: bool
) -> tuple[DecisionForm, str, Spent]:
    """Settle how decisions are read by what the provider really does with one: the form, why, what it took.

    Args:
        reader: the model.
        game: what is played.
        question: a conversation that asks for a decision, in the words of "logprob" and "text".
        for_whom: whom the decision is for.
        weigh: whether log-probabilities may be used.
    """
    spent: Spent = {}

    def took(more: Spent) -> None:
        for name, value in more.items():
            spent[name] = spent.get(name, 0) + value

    if weigh and len(game.moves) == 2:
        try:
            reading, more = await reader.weigh(_decision(game, for_whom[0]), question, f"[{for_whom[0]}:")
        except Exception as error:
            if not is_rejection(error):
                raise
        else:
            took(more)
            if reading is not None and reading.decided_mass >= _ENOUGH_DECIDED:
                share = f"{reading.decided_mass:.0%} of the mass"
                why = f"after a beginning of the reply {share} is on the two moves"
                return "logprob", why, spent
    try:
        text, more = await reader.write(
            question, max_tokens=_DECISION_TOKENS * len(for_whom), schema=decision_schema(game, for_whom)
        )
    except Exception as error:
        if not is_rejection(error):
            raise
        return "text", "the provider refuses to hold a reply to a form", spent
    took(more)
    if _is_object(text) and len(read_moves(text, game, for_whom)) == len(for_whom):
        return "schema", "the provider holds a reply to the form of a decision", spent
    return "text", "the provider does not hold a reply to a form", spent


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False


def _decision(game: Game, target: str) -> OptionPair:
    """A decision of two moves as a pair of options, the co-operative one first."""
    return OptionPair("move", "game", f"{target}: {game.cooperative}", f"{target}: {_other(game)}")


def one_message(text: str, longest: int = LONGEST_MESSAGE) -> str:
    """What a model wrote, as others read it: on one line, and no longer than a message may be.

    A reply that was cut ends with its last whole sentence, where it has one.
    """
    line = " ".join(text.split())[:longest]
    ended = re.match(r"(.*[.!?])(?=\s|$)", line)
    return ended[1] if ended else line


def _other(game: Game) -> str:
    return next(move for move in game.moves if move != game.cooperative)


def _raw(text: str, wording: Wording) -> str:
    return " ".join(text.split())[:_LONGEST_RAW] or wording.silence


def _met(name: str, view: Sequence[Message]) -> dict[str, list[str | None]]:
    """The earlier moves of each opponent toward a player, as broadcast to it."""
    met: dict[str, list[str | None]] = {}
    for message in view:
        if message.role == "user" and not message.speaker:
            for opponent, move in meetings(name, message.content):
                met.setdefault(opponent, []).append(move)
    return met
