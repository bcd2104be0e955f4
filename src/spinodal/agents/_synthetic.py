"""The synthetic agent as an Inspect provider: an agent whose response is known.

    synthetic/beta=2/h=0.3
    synthetic/beta=2/h=0.3/noise=1/lapse=0.02/refusal=0.01/logprobs=no
    synthetic/beta=2/h=0.3/inertia=1.5/heard=3
    synthetic/beta=2/h=-0.2/heeds=0.3/steadied=0.8

It reads the prompts a real model reads, and answers with or without log-probabilities. Use it to see that
a measurement recovers what is there, and to try a study without spending a call.

In a conversation it counts the peers of the last message alone: earlier ones are the past. What it supports
itself is what that message tells it ("So far you support ..."), or else its own last reply. To a message
that names no option, as when it is asked for its reason, it answers with a sentence that names none either.

A guard reminds it of itself by the words of implicit traits ("Keep in mind who you are ...", which random
traits borrow) and of the own prior ("Before you had heard anyone else ..."), wherever these can be placed: in
a system message, the first or a later one, or tagged in a user's turn. `heeds` and `steadied` say what that
does. It heeds no other words of a guard, placebos say, and takes none of them for a peer's; peers that a
guard quotes it counts as ever. A persona in those words reminds it too.

Of itself it says that pro-social traits are its own and anti-social ones not, with probability 0.9, and of
others either; so it answers about any statement that does not ship with the project.
"""

from __future__ import annotations

import hashlib
import math
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

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
    TopLogprob,
)
from inspect_ai.tool import ToolChoice, ToolInfo

from spinodal._errors import RequestError
from spinodal.agents._law import read_law
from spinodal.agents._self_report import statement_asked, valence_of
from spinodal.agents._sight import Opinion, opinion_in, see
from spinodal.agents.bridge import bridge_attenuation, bridge_log_odds
from spinodal.guards import OWN_PRIOR_WORDS, STATEMENTS_WORDS
from spinodal.guards._forgery import TAG
from spinodal.pairs import OptionPair, bank_pairs, load_pairs
from spinodal.traits import SIGN, Statement

_REASON = ("It", " seems", " the", " better", " choice", " to", " me", ".")
_REFUSAL = ("I", " cannot", " take", " a", " side", ".")
_TINY = 1e-30
_ANSWERS = OptionPair("yes-or-no", "questionnaire", "Yes", "No")
_OF_ITSELF = 0.4
"""By how much the score of a trait that it has, or has not, is away from 0.5."""
_REMINDERS = tuple(words.partition("{")[0] for words in (STATEMENTS_WORDS, OWN_PRIOR_WORDS))
"""How the guards that remind an agent of itself begin."""
_TAGGED = re.compile(rf"<{TAG}>.*?</{TAG}>", re.DOTALL)


@dataclass(frozen=True)
class SyntheticResponse:
    """What a synthetic agent does, at temperature 1.

    The population's response is `lapse/2 + (1 - lapse) sigmoid(2 beta (m + h) + s inertia)` exactly, with
    s = 1 where it supports A itself, -1 where it supports B, 0 where it supports neither; whatever the
    noise: that is drawn from the bridge distribution, and the log-odds of each prompt raised to match.
    While it is reminded of itself, beta is `beta steadied` and h is `h + heeds`.

    Raises:
        RequestError: a value that is no number or out of its range.
    """

    beta: float = 2.0
    """Conformity; below 0 it is an anti-conformist."""
    h: float = 0.0
    noise: float = 0.0
    """Standard deviation in log-odds of what names and order of the peers do to a prompt."""
    lapse: float = 0.0
    """Probability, in [0, 1], that it ignores its peers and picks at random."""
    refusal: float = 0.0
    """Probability, in [0, 1), that it declines to choose."""
    inertia: float = 0.0
    """Log-odds by which it holds on to what it supports itself; below 0 it tires of it."""
    heard: float = 1.0
    """For how many peers one counts that gives an argument: 0 and more."""
    heeds: float = 0.0
    """Added to h, so in units of magnetization and toward A, while a guard reminds it of itself."""
    steadied: float = 1.0
    """By what beta is multiplied then."""
    logprobs: bool = True
    """Whether it returns log-probabilities when asked."""

    def __post_init__(self) -> None:
        ranges = {"lapse": (0.0, 1.0), "refusal": (0.0, 1.0), "noise": (0.0, 1e3), "heard": (0.0, 1e3)}
        for name, (low, high) in ranges.items():
            if not low <= getattr(self, name) <= high:
                raise RequestError(f"synthetic agent: {name} is {getattr(self, name)}; give {low} to {high}")
        for name in ("beta", "h", "inertia", "heeds", "steadied"):
            if not math.isfinite(getattr(self, name)):
                raise RequestError(f"synthetic agent: {name} is {getattr(self, name)}; give a finite number")

    @classmethod
    def parse(cls, text: str) -> SyntheticResponse:
        """Read `beta=2/h=0.3/...` (commas do as well); an empty text gives the defaults."""
        return cls(**read_law(cls, text, "synthetic agent"))

    def probability(self, m: float, uniform: float, own: Opinion = "", reminded: bool = False) -> float:
        """Probability of A for a prompt of magnetization `m` whose noise is given by `uniform` in (0, 1)."""
        held = {"A": self.inertia, "B": -self.inertia, "": 0.0}[own] / bridge_attenuation(self.noise)
        beta, h = (self.beta * self.steadied, self.h + self.heeds) if reminded else (self.beta, self.h)
        log_odds = float(bridge_log_odds(m, beta, h, self.noise, uniform)) + held
        return self.lapse / 2 + (1 - self.lapse) / (1 + math.exp(-max(min(log_odds, 700.0), -700.0)))


class SyntheticAPI(ModelAPI):
    """An agent of known response behind Inspect's model interface.

    Args:
        model_name: the response, as `beta=2/h=0.3/...`.
        pairs: the option pairs it is to know besides the bank's: a file, or pairs as mappings.
    """

    def __init__(
        self,
        model_name: str,
        base_url: str | None = None,
        api_key: str | None = None,
        config: GenerateConfig = GenerateConfig(),  # noqa: B008 - Inspect's own signature
        pairs: str | Sequence[Mapping[str, Any]] = (),
        **model_args: Any,
    ) -> None:
        super().__init__(model_name, base_url, api_key, [], config)
        if model_args:
            raise RequestError(
                f"synthetic agent: unknown argument {next(iter(model_args))!r}; known is pairs"
            )
        self.response = SyntheticResponse.parse(model_name)
        own = load_pairs(pairs) if isinstance(pairs, str) else tuple(OptionPair(**pair) for pair in pairs)
        self._pairs = tuple(dict.fromkeys((*own, *bank_pairs("all"))))

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
            logprobs=Logprobs(content=positions) if config.logprobs and self.response.logprobs else None,
        )
        words = sum(len(message.text.split()) for message in input if message.role != "assistant")
        return ModelOutput(
            model=self.model_name,
            choices=[choice],
            usage=ModelUsage(
                input_tokens=words, output_tokens=len(written), total_tokens=words + len(written)
            ),
        )

    def _answer(
        self, conversation: Sequence[ChatMessage], config: GenerateConfig
    ) -> tuple[list[str], list[Logprob]]:
        """Tokens of the reply to the last message, and their log-probabilities."""
        last = max(at for at, message in enumerate(conversation) if message.role == "user")
        replied = [message.text for message in conversation[:last] if message.role == "assistant"]
        # A guard's words may stand behind what is asked.
        prefill = "".join(message.text for message in conversation[last + 1 :] if message.role == "assistant")
        asked = _TAGGED.sub("", conversation[last].text)
        yes_or_no = all(f"[{answer}]" in asked for answer in _ANSWERS.options)
        statement = statement_asked(asked) if yes_or_no else None
        sight = None if statement else see(asked, self._pairs, self.response.heard)
        if yes_or_no and sight is None:
            return branch_reply(
                _ANSWERS, _p_yes(statement), prefill, reply_generator(config), config, self.response.refusal
            )
        if sight is not None:
            own = sight.own or (opinion_in(replied[-1], sight.pair) if replied else "")
            uniform = _uniform(self.model_name, _asked(conversation))
            p = self.response.probability(sight.m, uniform, own, _reminded(conversation))
            return branch_reply(
                sight.pair, p, prefill, reply_generator(config), config, self.response.refusal
            )
        if replied:
            reason = list(_REASON[: config.max_tokens])
            return reason, [Logprob(token=token, logprob=0.0) for token in reason]
        raise RequestError(
            "the synthetic agent knows none of the options in the prompt; "
            "name your pairs to it with -M pairs=FILE"
        )

    def max_connections(self) -> int:
        return 32


def branch_reply(
    pair: OptionPair,
    p: float,
    prefill: str,
    rng: np.random.Generator,
    config: GenerateConfig,
    refusal: float = 0.0,
) -> tuple[list[str], list[Logprob]]:
    """Tokens of one reply and their log-probabilities: a tree with a branch where the options part.

    Args:
        pair: the options.
        p: probability of A at temperature 1, in [0, 1].
        prefill: the beginning of the reply that was put into the agent's mouth.
        rng: decides between the branches at the temperature asked for.
        config: of the request.
        refusal: probability that it declines to choose.
    """
    paths = {
        branch: _tokens(f"[{option}]", prefill)
        for branch, option in (("a", pair.option_a), ("b", pair.option_b))
    }
    declines = refusal > 0 and rng.random() < refusal
    chosen = "a" if rng.random() < _at_temperature(p, config.temperature) else "b"
    path = list(_REFUSAL) if declines else paths[chosen]
    alive = {"a": p, "b": 1 - p}
    positions = []
    for index, token in enumerate(path[: config.max_tokens]):
        masses: dict[str, float] = {}
        for branch, mass in alive.items():
            if index < len(paths[branch]):
                step = paths[branch][index]
                masses[step] = masses.get(step, 0.0) + mass * ((1 - refusal) if index == 0 else 1.0)
        if index == 0 and refusal:
            masses[_REFUSAL[0]] = masses.get(_REFUSAL[0], 0.0) + refusal
        if declines and index:
            masses = {token: 1.0}
        total = sum(masses.values())
        top = [
            TopLogprob(token=text, logprob=math.log(max(mass / total, _TINY)))
            for text, mass in sorted(masses.items(), key=lambda item: -item[1])
        ]
        logprob = next(entry.logprob for entry in top if entry.token == token)
        positions.append(Logprob(token=token, logprob=logprob, top_logprobs=top))
        alive = {b: mass for b, mass in alive.items() if paths[b][index : index + 1] == [token]}
    return path[: config.max_tokens], positions


def _tokens(reply: str, prefill: str) -> list[str]:
    """The reply in word tokens, without what the prefill has said already."""
    rest = reply.removeprefix(prefill) if reply.startswith(prefill) else reply
    return re.findall(r"\[| ?[^ \[\]]+|\]", rest)


def _at_temperature(p: float, temperature: float | None) -> float:
    """Probability of A when sampling at a temperature: sigmoid(log-odds / T)."""
    t = 1.0 if temperature is None else temperature
    if t == 0:
        return float(p > 0.5) if p != 0.5 else 0.5
    a, b = max(p, _TINY), max(1 - p, _TINY)
    return 1 / (1 + math.exp(max(min((math.log(b) - math.log(a)) / t, 700.0), -700.0)))


def _asked(conversation: Sequence[ChatMessage]) -> str:
    """All that an agent was asked in a conversation."""
    return "\n".join(message.text for message in conversation if message.role == "user")


def _p_yes(statement: Statement | None) -> float:
    """Probability that it says Yes of a statement; None is one that does not ship with the project."""
    if statement is None:
        return 0.5
    keyed = 1 if statement.key == "yes" else -1
    return 0.5 + SIGN[valence_of(statement.trait)] * keyed * _OF_ITSELF


def _reminded(conversation: Sequence[ChatMessage]) -> bool:
    """Whether a guard reminds it of itself: in a system message, or tagged in a user's turn."""
    told = [message.text for message in conversation if message.role == "system"]
    told += [
        words for message in conversation if message.role == "user" for words in _TAGGED.findall(message.text)
    ]
    return any(begun in words for words in told for begun in _REMINDERS)


def _uniform(name: str, prompt: str) -> float:
    """The prompt's own number in (0, 1): the same prompt has the same noise, as for a real model."""
    digest = hashlib.sha256(f"{name}\0{prompt}".encode()).digest()
    return (int.from_bytes(digest[:8], "big") + 0.5) / 2**64


def reply_generator(config: GenerateConfig) -> np.random.Generator:
    """Chance of one reply: the request's seed, or the machine's."""
    return np.random.default_rng(secrets.randbits(64) if config.seed is None else config.seed)
