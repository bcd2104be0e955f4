"""The synthetic player as an Inspect provider: an agent whose traits change by a known law.

    synthetic-player/shift=-0.02
    synthetic-player/shift=-0.02/cancel=0.5/transcript=-0.05/scatter=0.03/cooperate=0.7/malice=0.9/logprobs=no

It reads the conversations a real model reads: rules, messages, broadcasts, reminders and questions, in the
project's own wording and of the games of its bank. Use it to see that a study recovers what is there, and to
try one without spending a call.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, Final

import numpy as np
from inspect_ai.model import (
    ChatCompletionChoice,
    ChatMessage,
    ChatMessageAssistant,
    GenerateConfig,
    Logprob,
    Logprobs,
    ModelAPI,
    ModelOutput,
    ModelUsage,
)
from inspect_ai.tool import ToolChoice, ToolInfo
from scipy.special import ndtri

from spinodal._errors import RequestError
from spinodal.agents._law import read_law
from spinodal.agents._self_report import known_statement, statement_asked, valence_of
from spinodal.agents._synthetic import branch_reply, reply_generator
from spinodal.contagion.wording import load_wording
from spinodal.games import BANK, load_game, meetings, write_moves
from spinodal.guards import STATEMENTS_WORDS
from spinodal.measure.trait_questions import ANSWERS
from spinodal.pairs import OptionPair
from spinodal.traits import SIGN, Statement

_EDGE: Final = 0.01
"""Scores stay this far from 0 and 1."""
_SPEECH: Final = "I will see how this round goes and decide then."
_UNREADABLE: Final = "I would rather not say."


@dataclass(frozen=True)
class PlayerLaw:
    """What a synthetic player does.

    The score of a trait is y0 + sign * (transcript [there is one] + shift * defections seen * (1 - cancel [it
    is reminded of a pro-social trait])) + what chance adds to the game, with sign 1 for pro-social traits, -1
    for anti-social ones and 0 for others, and y0 = 0.5 + 0.15 sign. A defection seen is a move toward it that
    is not the co-operative one.

    Raises:
        RequestError: a value that is no number or out of its range.
    """

    shift: float = 0.0
    """Change in the pro-social direction for each defection seen."""
    transcript: float = 0.0
    """Change in the pro-social direction from merely having a game behind it."""
    cancel: float = 0.0
    """Share of `shift` that a reminder of a pro-social trait cancels, while the player is shown one."""
    scatter: float = 0.0
    """Standard deviation, by game and trait, of what chance adds to a score."""
    cooperate: float = 0.5
    """Probability of the co-operative move."""
    malice: float = 0.9
    """Probability of the other move, where its persona is the malicious one."""
    unreadable: float = 0.0
    """Probability that a decision it writes cannot be read."""
    logprobs: bool = True
    """Whether it returns log-probabilities when asked."""

    def __post_init__(self) -> None:
        for name in ("cancel", "cooperate", "malice", "unreadable"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise RequestError(f"synthetic player: {name} is {getattr(self, name)}; give 0 to 1")
        for name in ("shift", "transcript", "scatter"):
            if not math.isfinite(getattr(self, name)) or (name == "scatter" and self.scatter < 0.0):
                raise RequestError(f"synthetic player: {name} is {getattr(self, name)}; give a finite number")

    @classmethod
    def parse(cls, text: str) -> PlayerLaw:
        """Read `shift=-0.02/cancel=0.5/...` (commas do as well); an empty text gives the defaults."""
        return cls(**read_law(cls, text, "synthetic player"))

    def score(self, statement: Statement, past: Past) -> float:
        """The score of a trait, in [0, 1], with a past behind it."""
        sign = SIGN[valence_of(statement.trait)]
        moved = self.transcript * past.played + self.shift * past.defections * (
            1.0 - self.cancel * past.reminded
        )
        chance = self.scatter * _normal(f"{past.digest}\0{statement.trait}") if past.played else 0.0
        return min(max(0.5 + sign * (0.15 + moved) + chance, _EDGE), 1.0 - _EDGE)


@dataclass(frozen=True)
class Past:
    """What a player has behind it when it is asked about itself."""

    played: bool
    defections: int
    reminded: bool
    digest: str
    """Of the game, whatever is asked about it."""


class SyntheticPlayerAPI(ModelAPI):
    """A player of known law behind Inspect's model interface."""

    def __init__(
        self,
        model_name: str,
        base_url: str | None = None,
        api_key: str | None = None,
        config: GenerateConfig = GenerateConfig(),  # noqa: B008 - Inspect's own signature
        **model_args: Any,
    ) -> None:
        super().__init__(model_name, base_url, api_key, [], config)
        if model_args:
            raise RequestError(
                f"synthetic player: unknown argument {next(iter(model_args))!r}; it takes none"
            )
        self.law = PlayerLaw.parse(model_name)

    async def generate(
        self,
        input: list[ChatMessage],
        tools: list[ToolInfo],
        tool_choice: ToolChoice,
        config: GenerateConfig,
    ) -> ModelOutput:
        written, positions = self._answer(input, config)
        choice = ChatCompletionChoice(
            message=ChatMessageAssistant(content="".join(written), model=self.model_name),
            stop_reason="max_tokens" if len(written) == config.max_tokens else "stop",
            logprobs=Logprobs(content=positions) if config.logprobs and self.law.logprobs else None,
        )
        words = sum(len(message.text.split()) for message in input)
        usage = ModelUsage(input_tokens=words, output_tokens=len(written), total_tokens=words + len(written))
        return ModelOutput(model=self.model_name, choices=[choice], usage=usage)

    def _answer(
        self, conversation: Sequence[ChatMessage], config: GenerateConfig
    ) -> tuple[list[str], list[Logprob]]:
        last = max(at for at, message in enumerate(conversation) if message.role == "user")
        # A guard's words may stand behind what is asked.
        prefill = "".join(message.text for message in conversation[last + 1 :] if message.role == "assistant")
        asked = conversation[last].text
        statement = statement_asked(asked)
        rng = reply_generator(config)
        if statement is not None and "[Yes]" in asked and asked.rstrip().endswith("]."):
            text = "\0".join(message.text for message in conversation[: last + 1])
            score = self.law.score(statement, past_of(text[: text.rindex(statement.text)]))
            p_yes = score if statement.key == "yes" else 1.0 - score
            return branch_reply(ANSWERS, p_yes, prefill, rng, config)
        if re.search(r"^Round \d+: decide", asked, re.MULTILINE):
            return self._decide(conversation, asked, prefill, rng, config)
        return _words(_SPEECH, config)

    def _decide(
        self,
        conversation: Sequence[ChatMessage],
        asked: str,
        prefill: str,
        rng: np.random.Generator,
        config: GenerateConfig,
    ) -> tuple[list[str], list[Logprob]]:
        malicious = conversation[0].role == "system" and _malicious_persona() in conversation[0].text
        p = 1.0 - self.law.malice if malicious else self.law.cooperate
        names = re.findall(r"\[(\w+): [^\]]* or [^\]]*\]", asked)
        if not names:
            [listed] = re.findall(r"your move for (.+?), each", asked)
            names = listed.split(" and ")
        cooperative, other = _moves(asked)
        if prefill:
            target = re.findall(r"\[(\w+):", prefill)[-1]
            pair = OptionPair("move", "game", f"{target}: {cooperative}", f"{target}: {other}")
            return branch_reply(pair, p, f"[{prefill.rpartition('[')[2]}", rng, config)
        if rng.random() < self.law.unreadable:
            return _words(_UNREADABLE, config)
        moves = {name: cooperative if rng.random() < p else other for name in names}
        return _words(json.dumps(moves) if config.response_schema else write_moves(moves), config)

    def max_connections(self) -> int:
        return 32


@lru_cache(maxsize=256)
def past_of(text: str) -> Past:
    """What a conversation holds of a game: text of all its messages before the question."""
    named = re.search(r"You are (\w+)\. You play", text)
    if named is None or "Results of round" not in text:
        return Past(False, 0, False, "")
    met = meetings(named[1], text)
    defections = sum(move is not None and move not in _cooperative() for _, move in met)
    reminded = any(
        known is not None and known.key == "yes" and valence_of(known.trait) == "pro"
        for known in map(known_statement, re.findall(_REMINDER, text))
    )
    # Up to the last broadcast: what is asked afterwards belongs to the question, not to the game.
    game = text[: text.rindex("Scores: ")]
    return Past(True, defections, reminded, hashlib.sha256(game.encode()).hexdigest())


_REMINDER: Final = re.escape(STATEMENTS_WORDS).replace(re.escape("{statement}"), "(.+?)")


def _words(text: str, config: GenerateConfig) -> tuple[list[str], list[Logprob]]:
    tokens = re.findall(r"\s*\S+", text)[: config.max_tokens]
    return tokens, [Logprob(token=token, logprob=0.0) for token in tokens]


def _moves(asked: str) -> tuple[str, str]:
    """The co-operative move and another one, of those that a host asks for."""
    for name in BANK:
        game = load_game(name)
        if all(re.search(rf"\b{move}\b", asked) for move in game.moves):
            return game.cooperative, next(move for move in game.moves if move != game.cooperative)
    raise RequestError("the synthetic player knows the games of the bank only; use one of them")


def _normal(text: str) -> float:
    """A standard normal number of a text's own."""
    digest = hashlib.sha256(text.encode()).digest()
    return float(ndtri((int.from_bytes(digest[:8], "big") + 0.5) / 2**64))


@cache
def _malicious_persona() -> str:
    """The persona that makes it malicious."""
    return load_wording().malicious


@cache
def _cooperative() -> frozenset[str]:
    return frozenset(load_game(name).cooperative for name in BANK)
