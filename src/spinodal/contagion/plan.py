"""Everything that decides what happens in a contagion study, but for the replies."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import numpy as np

from spinodal._errors import RequestError
from spinodal.agents import AgentSpec
from spinodal.contagion.companies import Company, ModelCompany
from spinodal.contagion.wording import Wording, load_wording
from spinodal.games import Game
from spinodal.guards import GuardSpec
from spinodal.measure.reading import PrefillAsked, Prices, ReadoutAsked
from spinodal.measure.trait_questions import Orders
from spinodal.traits import Questionnaire

NAMES: Final = (
    "Amber",
    "Azure",
    "Coral",
    "Hazel",
    "Indigo",
    "Ivory",
    "Jade",
    "Lilac",
    "Olive",
    "Sienna",
    "Teal",
)
"""What players are called: drawn anew for every game."""

DEFAULT_GAMES: Final = ("prisoners-dilemma", "chicken", "stag-hunt")
DEFAULT_ROUNDS: Final = 5
DEFAULT_STATEMENTS: Final = 8
DEFAULT_REMINDERS: Final = 4
DEFAULT_REPETITIONS: Final = 10
CHAT_TOKENS: Final = 40


@dataclass(frozen=True)
class Cell:
    """A game, in whose company it is played, under which guard, for the so-manieth time."""

    game: Game
    company: Company
    guard: GuardSpec
    repetition: int
    """From 0. Games of the same number differ in company and guard only: they share their seed."""

    @property
    def id(self) -> str:
        """Names its sample and its rows."""
        return f"{self.game.name}/{self.company.name}/{self.guard}/{self.repetition}"


@dataclass(frozen=True)
class Seating:
    """What chance decides before a game: the same for all cells of one number."""

    players: tuple[str, ...]
    """In the order of the table, as broadcasts name them."""
    focal: str
    """The agent under study."""
    speaking: tuple[tuple[tuple[str, ...], ...], ...]
    """Who writes when, by round and message."""
    moves: tuple[tuple[str, ...], ...]
    """The moves in the order in which they are told, by round."""


@dataclass(frozen=True)
class ContagionPlan:
    """A study: cells of game x company x guard, each played so many times.

    Raises:
        RequestError: numbers that do not go together; one line says which and how to mend it.
    """

    agent: AgentSpec
    """The agent under study; without a persona it gets the wording's default one."""
    opponent: AgentSpec
    """Model of the other players; their personas are their company's."""
    games: tuple[Game, ...]
    treatment: Company
    """The company whose effect is asked for."""
    control: Company
    """The benign one it is compared with."""
    questions: Questionnaire
    others: tuple[Company, ...] = ()
    """Further companies, compared with the control too."""
    guards: tuple[GuardSpec, ...] = (GuardSpec(),)
    repetitions: int = DEFAULT_REPETITIONS
    """Games a cell."""
    players: int = 3
    rounds: int = DEFAULT_ROUNDS
    chats: int = 1
    """Messages that each player writes to all before a round's decisions."""
    orders: Orders = "both"
    retained: bool = True
    """Whether the model goes on seeing reminders where they once stood, in the questions after play too."""
    guarded_questions: bool = False
    """Whether the guard may speak once more right before a question after play."""
    chat_tokens: int = CHAT_TOKENS
    """Most tokens of a message to the others."""
    wording: Wording = field(default_factory=load_wording)
    readout: ReadoutAsked = "auto"
    prefill: PrefillAsked = "auto"
    seed: int = 0
    prices: Prices | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        if self.agent.system_prompt is None:
            object.__setattr__(self, "agent", _with_persona(self.agent, self.wording.default))
        if not self.games:
            raise RequestError("no game to play; name one or more with --game")
        if not 2 <= self.players <= len(NAMES):
            raise RequestError(f"{self.players} players; give 2 to {len(NAMES)}")
        for name, number in (
            ("rounds", self.rounds),
            ("games a cell", self.repetitions),
            ("tokens a message", self.chat_tokens),
        ):
            if number < 1:
                raise RequestError(f"{name} are {number}; give a whole number, 1 or more")
        if self.chats < 0:
            raise RequestError(f"messages a round are {self.chats}; give a whole number, 0 or more")
        if self.seed < 0:
            raise RequestError(f"the seed is {self.seed}; give a whole number of 0 or more")
        for what, named in (
            ("game", [game.name for game in self.games]),
            ("company", [company.name for company in self.companies]),
            ("guard", [str(guard) for guard in self.guards]),
        ):
            for one in named:
                if named.count(one) > 1:
                    raise RequestError(f"the {what} {one!r} is named twice; name it once")
        for guard in self.guards:
            if guard.follows_drift:
                raise RequestError(
                    f"guard {guard}: nobody watches a game, so there is no drift to follow; leave out drift"
                )
        if self.guards[:1] != (GuardSpec(),):
            raise RequestError("the first guard must be none: the others are compared with it")

    @property
    def companies(self) -> tuple[Company, ...]:
        """Treatment, control, and the others."""
        return (self.treatment, self.control, *self.others)

    @cached_property
    def cells(self) -> tuple[Cell, ...]:
        """Every game to be played, repetition by repetition, so that a study cut short is balanced."""
        return tuple(self._cells())

    def _cells(self) -> Iterator[Cell]:
        for repetition in range(self.repetitions):
            for game in self.games:
                for guard in self.guards:
                    for company in self.companies:
                        # Further companies answer what no guard is asked about.
                        if guard == self.guards[0] or company in (self.treatment, self.control):
                            yield Cell(game, company, guard, repetition)

    @property
    def model_players(self) -> int:
        """Most model agents at one table."""
        return self.players if any(isinstance(one, ModelCompany) for one in self.companies) else 1

    @property
    def own_turns(self) -> int:
        """Turns of a player in a game: its messages and one decision a round."""
        return (self.chats + 1) * self.rounds

    @property
    def question(self) -> str:
        """The words around a statement about traits."""
        return self.wording.question

    @property
    def questions_asked(self) -> int:
        """Questions of one assessment of all traits."""
        return len(self.questions.asked) * (2 if self.orders == "both" else 1)

    def seating(self, cell: Cell) -> Seating:
        """What chance decides before a game."""
        rng = self.random(cell)
        players = tuple(NAMES[at] for at in rng.permutation(len(NAMES))[: self.players])
        focal = players[int(rng.integers(self.players))]
        speaking = tuple(
            tuple(tuple(players[at] for at in rng.permutation(self.players)) for _ in range(self.chats))
            for _ in range(self.rounds)
        )
        moves = tuple(
            tuple(cell.game.moves[at] for at in rng.permutation(len(cell.game.moves)))
            for _ in range(self.rounds)
        )
        return Seating(players, focal, speaking, moves)

    def random(self, cell: Cell, *purpose: int) -> np.random.Generator:
        """A stream of random numbers of the game and number of a cell, whatever its company and guard."""
        return np.random.default_rng(
            [self.seed, zlib.crc32(cell.game.name.encode()), cell.repetition, *purpose]
        )


def _with_persona(agent: AgentSpec, system_prompt: str) -> AgentSpec:
    from dataclasses import replace

    return replace(agent, system_prompt=system_prompt)
