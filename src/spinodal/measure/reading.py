"""Reading one agent's choice between two options from its reply to a conversation, whatever that is about."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from inspect_ai.model import (
    CachePolicy,
    ChatMessage,
    ChatMessageAssistant,
    GenerateConfig,
    Logprob,
    Model,
    ModelOutput,
    ResponseSchema,
)

from spinodal._errors import RequestError, RunError
from spinodal.agents import AgentSpec
from spinodal.agents.faults import is_rejection
from spinodal.measure.readout import (
    Branch,
    BranchReading,
    Position,
    classify_reply,
    is_refusal,
    read_branches,
    shared_prefix,
)
from spinodal.pairs import OptionPair

ReadoutName = Literal["logprob", "sample"]
ReadoutAsked = Literal["auto", "logprob", "sample"]
PrefillAsked = Literal["auto", "on", "off"]

BRACKET = "["
"""The assistant prefill: the reply's own opening bracket."""

_TOP_LOGPROBS = 20
_WORTH_FOLLOWING = 0.02
_ENOUGH_DECIDED = 0.05


@dataclass(frozen=True)
class ReadoutChoice:
    """How replies are read in this run, and why."""

    readout: ReadoutName
    prefill: bool
    """Whether the reply's opening bracket is put into the model's mouth."""
    why: str
    calls: int = 0
    """Model calls spent on settling this, and their tokens."""
    input_tokens: int = 0
    output_tokens: int = 0


@dataclass(frozen=True)
class Prices:
    """US dollars a million tokens."""

    input: float
    output: float

    def __post_init__(self) -> None:
        for price in (self.input, self.output):
            if not (math.isfinite(price) and price >= 0):
                raise RequestError(f"a price is {price}; give US dollars a million tokens, 0 or more")

    def cost(self, input_tokens: int, output_tokens: int) -> float:
        """US dollars for so many tokens."""
        return (self.input * input_tokens + self.output * output_tokens) / 1e6


@dataclass(frozen=True)
class Question:
    """A conversation that an agent is to go on with."""

    messages: tuple[ChatMessage, ...]
    seed: int
    """Of the provider's sampling."""
    scopes: Mapping[str, str] = field(default_factory=dict)
    """What tells this call from another of the same words, so that both are made."""


@dataclass(frozen=True)
class Reader:
    """One agent, ready to be asked.

    Every call goes through Inspect's cache, keyed by the whole request and the question's scopes: a run
    that was killed is replayed from it and repeats no finished call.
    """

    model: Model
    agent: AgentSpec
    prices: Prices | None = None

    async def choose_readout(
        self,
        pair: OptionPair,
        questions: Sequence[Question],
        *,
        readout: ReadoutAsked = "auto",
        prefill: PrefillAsked = "auto",
    ) -> ReadoutChoice:
        """Settle how to read this agent by what its provider really returns for a few questions.

        Log-probabilities are taken where they come back with alternatives and a fair share of their
        mass is on the two options; the prefill where it gains validity.

        Raises:
            RunError: log-probabilities were demanded and did not come.
        """
        prefills = {"on": (True,), "off": (False,), "auto": (False, True)}[prefill]
        spent: list[dict[str, Any]] = []
        why = "as asked"
        if readout != "sample":
            decided: dict[bool, float] = {}
            for prefilled in prefills:
                masses = [
                    await self._probe_logprob(pair, question, prefilled, spent) for question in questions
                ]
                known = [mass for mass in masses if mass is not None]
                if len(known) == len(masses):
                    decided[prefilled] = sum(known) / len(known)
            if decided:
                best = max(decided, key=lambda prefilled: (round(decided[prefilled], 2), not prefilled))
                if decided[best] >= _ENOUGH_DECIDED or readout == "logprob":
                    return _choice("logprob", best, _why_logprob(decided, best), spent)
                why = "log-probabilities came back, but next to none of their mass was on the options"
            elif readout == "logprob":
                raise RunError(
                    f"{self.agent.model} returned no log-probabilities with alternatives; "
                    "use --readout sample, or auto"
                )
            else:
                why = "the provider returned no log-probabilities"
        valid: dict[bool, int] = {}
        for prefilled in prefills:
            choice = ReadoutChoice("sample", prefilled, why)
            try:
                rows = [await self.read(pair, question, choice) for question in questions]
            except Exception as error:
                if not is_rejection(error) or (not valid and prefilled == prefills[-1]):
                    raise
                continue
            spent.extend(rows)
            valid[prefilled] = sum(row["count_a"] + row["count_b"] for row in rows)
        return _choice("sample", max(valid, key=lambda p: (valid[p], not p)), why, spent)

    async def read(self, pair: OptionPair, question: Question, choice: ReadoutChoice) -> dict[str, Any]:
        """Ask once; a row with the columns of a reading: `readout` to `reply`, and what it took.

        Raises:
            RunError: log-probabilities are missing from a reply that should have them.
        """
        if choice.readout == "sample":
            return self._sample_row(pair, *await self._sample(pair, question, choice))
        return await self._logprob_row(pair, question, choice)

    async def write(
        self, question: Question, *, max_tokens: int | None, schema: ResponseSchema | None = None
    ) -> tuple[str, dict[str, Any]]:
        """What the agent replies in its own words, sampled at its temperature, and what that took.

        Args:
            question: the conversation it goes on with.
            max_tokens: most tokens of the reply; None leaves it to the provider.
            schema: the form of the reply, where the provider can be held to one.
        """
        config = GenerateConfig(
            temperature=self.agent.temperature,
            max_tokens=max_tokens,
            seed=question.seed % 2**31,
            response_schema=schema,
        )
        output = await self._generate(list(question.messages), config, question)
        return output.completion, self._spent([output])

    async def weigh(
        self, pair: OptionPair, question: Question, begun: str
    ) -> tuple[BranchReading | None, dict[str, Any]]:
        """How the reply goes on from a beginning: with A or with B, at temperature 1; and what that took.

        Args:
            pair: the options, each of which goes on from what `begun` brackets.
            question: the conversation.
            begun: put into the model's mouth: text with an opening bracket in it.

        Returns:
            None as reading where no log-probabilities came.
        """
        left = max(len(shared_prefix(pair)) - len(begun.rpartition("[")[2]), 0)
        length = 2 + math.ceil(left / 2)
        outputs = [await self._call(pair, question, logprob=True, prefill=begun, max_tokens=length)]
        if not _positions(outputs[0]):
            return None, self._spent(outputs)
        reading = self._read(outputs[0], pair, begun)
        if reading.open_text_mass > max(_WORTH_FOLLOWING, reading.decided_mass):
            outputs.append(await self._call(pair, question, logprob=True, prefill=reading.open_text))
            reading = reading.followed(self._read(outputs[1], pair, reading.open_text))
        return reading, self._spent(outputs)

    async def _probe_logprob(
        self, pair: OptionPair, question: Question, prefilled: bool, spent: list[dict[str, Any]]
    ) -> float | None:
        """Decided mass of one probe, or None where log-probabilities with alternatives do not come."""
        prefill = BRACKET if prefilled else ""
        try:
            output = await self._call(pair, question, logprob=True, prefill=prefill)
            spent.append(self._spent([output]))
            if not _positions(output) and not _said(output, prefill):
                output = await self._call(pair, _again(question), logprob=True, prefill=prefill)
                spent.append(self._spent([output]))
        except Exception as error:
            if not is_rejection(error):
                raise
            return None
        positions = _positions(output)
        if not positions or all(len(position.alternatives) < 2 for position in positions):
            return None
        return read_branches(positions, pair, prefill=BRACKET if prefilled else "").decided_mass

    async def _logprob_row(
        self, pair: OptionPair, question: Question, choice: ReadoutChoice
    ) -> dict[str, Any]:
        prefill = BRACKET if choice.prefill else ""
        outputs = [await self._call(pair, question, logprob=True, prefill=prefill)]
        if not _positions(outputs[0]):  # a slip of the server's, which the cache would repeat for ever
            outputs[0] = await self._call(pair, question, logprob=True, prefill=prefill, anew=True)
        if not _positions(outputs[0]) and not _said(outputs[0], prefill):
            outputs[0] = await self._call(pair, _again(question), logprob=True, prefill=prefill)
        reading = self._read(outputs[0], pair, prefill)
        if choice.prefill and reading.open_text_mass > max(_WORTH_FOLLOWING, reading.decided_mass):
            # The reply left the two options together: go on from what they share.
            outputs.append(await self._call(pair, question, logprob=True, prefill=reading.open_text))
            reading = reading.followed(self._read(outputs[1], pair, reading.open_text))
        decided = reading.decided_mass > 0
        return self._spent(outputs) | {
            "readout": "logprob",
            "temperature": self.agent.temperature,
            "log_odds": reading.log_odds,
            "decided_mass": reading.decided_mass,
            "n_samples": 0,
            "count_a": 0,
            "count_b": 0,
            "count_invalid": int(not decided),
            "censored": reading.censored,
            "refused": not decided and _refused(outputs[0]),
            "reply": _whole(prefill, outputs[0]),
        }

    def _read(self, output: ModelOutput, pair: OptionPair, prefill: str) -> BranchReading:
        positions = _positions(output)
        if not positions:
            raise RunError(
                f"{self.agent.model}: a reply came without log-probabilities; run with --readout sample"
            )
        ended = output.stop_reason != "max_tokens"
        return read_branches(positions, pair, prefill=prefill, ended=ended)

    async def _sample(
        self, pair: OptionPair, question: Question, choice: ReadoutChoice
    ) -> tuple[ModelOutput, str]:
        prefill = BRACKET if choice.prefill else ""
        return await self._call(pair, question, logprob=False, prefill=prefill), prefill

    def _sample_row(self, pair: OptionPair, output: ModelOutput, prefill: str) -> dict[str, Any]:
        reply = _whole(prefill, output)
        branch = classify_reply(reply, pair)
        valid = branch in (Branch.A, Branch.B)
        return self._spent([output]) | {
            "readout": "sample",
            "temperature": self.agent.temperature,
            "log_odds": math.nan,
            "decided_mass": float(valid),
            "n_samples": 1,
            "count_a": int(branch is Branch.A),
            "count_b": int(branch is Branch.B),
            "count_invalid": int(not valid),
            "censored": False,
            "refused": not valid and _refused(output),
            "reply": reply,
        }

    async def _call(
        self,
        pair: OptionPair,
        question: Question,
        *,
        logprob: bool,
        prefill: str,
        max_tokens: int | None = None,
        anew: bool = False,
    ) -> ModelOutput:
        messages = list(question.messages)
        if prefill:
            messages.append(ChatMessageAssistant(content=prefill))
        config = GenerateConfig(
            # At temperature 1 the log-probabilities are the model's own, whether or not a server
            # applies the temperature before it reports them; other temperatures are derived.
            temperature=1.0 if logprob else self.agent.temperature,
            max_tokens=max_tokens or self.agent.max_tokens or _reply_length(pair, logprob, bool(prefill)),
            logprobs=True if logprob else None,
            top_logprobs=_TOP_LOGPROBS if logprob else None,
            seed=question.seed % 2**31,
        )
        return await self._generate(messages, config, question, anew=anew)

    async def _generate(
        self,
        messages: list[ChatMessage],
        config: GenerateConfig,
        question: Question,
        *,
        anew: bool = False,
    ) -> ModelOutput:
        policy = CachePolicy(expiry=None, scopes=dict(question.scopes))
        output = await self.model.generate(messages, config=config, cache=False if anew else policy)
        if not output.choices and not anew:
            output = await self.model.generate(messages, config=config, cache=False)
        if not output.choices:
            raise RunError(f"{self.agent.model} answered with a completion that holds no choice")
        return output

    def _spent(self, outputs: Sequence[ModelOutput]) -> dict[str, Any]:
        usages = [output.usage for output in outputs if output.usage]
        cached = sum(u.input_tokens_cache_read or 0 for u in usages)
        tokens_in = sum(u.input_tokens for u in usages) + cached
        tokens_out = sum(u.output_tokens for u in usages)
        return {
            "calls": len(outputs),
            "input_tokens": tokens_in,
            "cached_tokens": cached,
            "output_tokens": tokens_out,
            "seconds": sum(output.time or 0.0 for output in outputs),
            "cost": self.prices.cost(tokens_in, tokens_out) if self.prices else math.nan,
        }


def _choice(readout: ReadoutName, prefill: bool, why: str, spent: Sequence[dict[str, Any]]) -> ReadoutChoice:
    totals = {name: sum(row[name] for row in spent) for name in ("calls", "input_tokens", "output_tokens")}
    return ReadoutChoice(readout, prefill, why, **totals)


def _why_logprob(decided: dict[bool, float], best: bool) -> str:
    shares = ", ".join(
        f"{mass:.0%} of the mass on the two options {'with' if prefilled else 'without'} the prefill"
        for prefilled, mass in sorted(decided.items())
    )
    return f"the provider returns log-probabilities ({shares}; {'with' if best else 'without'} it is used)"


def _reply_length(pair: OptionPair, logprob: bool, prefilled: bool) -> int | None:
    """Tokens enough for the reply: up to the branch for log-probabilities, whole for a sample."""
    if logprob:
        return 2 + math.ceil(len(shared_prefix(pair)) / 2) + (0 if prefilled else 14)
    # Without the prefill a model may think or talk before it answers: its own limit applies.
    return 4 + math.ceil(max(map(len, pair.options)) / 2) if prefilled else None


def _whole(prefill: str, output: ModelOutput) -> str:
    """The reply with what was put into the model's mouth, which some servers repeat and others leave out."""
    text = output.completion
    return text if text.lstrip().startswith(prefill) else prefill + text


def _said(output: ModelOutput, prefill: str) -> str:
    """What the model wrote itself: nothing, where the first token that it drew was the end."""
    return output.completion.strip().removeprefix(prefill.strip())


def _again(question: Question) -> Question:
    """The same question under another seed. The log-probabilities of a first token are the same, but a reply
    that ended before it had one tells none."""
    return replace(question, seed=question.seed + 1_000_003)


def _refused(output: ModelOutput) -> bool:
    return output.stop_reason == "content_filter" or is_refusal(output.completion)


def _positions(output: ModelOutput) -> list[Position]:
    choice = output.choices[0] if output.choices else None
    if choice is None or choice.logprobs is None:
        return []
    return [
        Position(
            token=_text(entry),
            logprob=entry.logprob,
            alternatives=[(_text(top), top.logprob) for top in entry.top_logprobs or []],
        )
        for entry in choice.logprobs.content
    ]


def _text(entry: Any) -> str:
    """A token's text; its bytes where they are given, as servers differ in how they print spaces.
    Bytes that are no whole character stay apart until the rest of it comes (`surrogateescape`)."""
    if isinstance(entry, Logprob) and entry.bytes is None:
        return entry.token
    raw = getattr(entry, "bytes", None)
    if not raw:
        return str(entry.token)
    return bytes(raw).decode("utf-8", errors="surrogateescape")
