"""How fast a provider may be asked, and what was asked of it: every call of every verb can pass through here.

A study's worker says with `pacing` which pace goes with which agent; `open_model` puts it into the model. A
call that is answered from the cache never reaches the provider, so it is neither held back nor counted.
"""

from __future__ import annotations

import math
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import anyio

from spinodal._errors import RequestError

if TYPE_CHECKING:
    from inspect_ai.model import Model

    from spinodal.agents._spec import AgentSpec

_CHARACTERS_A_TOKEN: Final = 3
_USUAL_REPLY: Final = 64
"""Tokens of a reply whose length nobody limits, until it is known."""
_PAUSE: Final = 1.0
"""Seconds without calls after a provider said that there were too many, where it does not say how long."""


@dataclass(frozen=True)
class Limits:
    """What a provider allows; None is no limit.

    Raises:
        RequestError: a limit that is not above 0.
    """

    max_connections: int | None = None
    """Calls under way at once."""
    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None
    """Tokens read and written together."""

    def __post_init__(self) -> None:
        for name in ("max_connections", "requests_per_minute", "tokens_per_minute"):
            value = getattr(self, name)
            if value is not None and not (math.isfinite(value) and value > 0):
                raise RequestError(f"{name} is {value}; give a number above 0, or leave it out")

    def shared(self, workers: int) -> Limits:
        """Each worker's share, where so many keep to these limits together."""
        if workers == 1:
            return self
        connections, requests, tokens = (
            self.max_connections,
            self.requests_per_minute,
            self.tokens_per_minute,
        )
        return replace(
            self,
            max_connections=None if connections is None else max(1, connections // workers),
            requests_per_minute=None if requests is None else requests / workers,
            tokens_per_minute=None if tokens is None else tokens / workers,
        )


@dataclass
class Spent:
    """What was asked of providers since it was made."""

    calls: int = 0
    """Calls that were answered."""
    failed: int = 0
    """Tries that were not."""
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float = 0.0
    """US dollars, of the calls whose price is known."""


class Pace:
    """Calls of one provider, spread over time: buckets of requests and of tokens, that hold no burst.

    A worker that begins cannot know what another asked the second before, so nothing is saved up while
    nobody asks.
    """

    def __init__(
        self,
        limits: Limits,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
    ) -> None:
        self._clock, self._sleep = clock, sleep
        rates = (limits.requests_per_minute, limits.tokens_per_minute)
        self._seconds = [None if rate is None else 60.0 / rate for rate in rates]
        """Of one request, and of one token."""
        self._free = [-math.inf, -math.inf]
        """When the next call may begin, by either limit."""
        self._held = -math.inf

    async def enter(self, tokens: int) -> None:
        """Wait for a call's turn; `tokens` is about what it will read and write."""
        begin = max(self._clock(), *self._free)
        for which, amount in enumerate((1, tokens)):
            seconds = self._seconds[which]
            if seconds is not None:
                self._free[which] = begin + amount * seconds
        while (wait := max(begin, self._held) - self._clock()) > 0:
            await self._sleep(wait)

    def settle(self, estimated: int, used: int) -> None:
        """Correct a call's tokens, now that they are known."""
        if self._seconds[1] is not None:
            self._free[1] += (used - estimated) * self._seconds[1]

    def hold(self, seconds: float) -> None:
        """Begin no call for so long: the provider said that there were too many."""
        self._held = max(self._held, self._clock() + seconds)


@dataclass(frozen=True)
class Paced:
    """What goes with an agent's calls."""

    pace: Pace
    spent: Spent
    price: Callable[[int, int], float] = lambda read, written: 0.0


PaceOf = Callable[["AgentSpec"], "Paced | None"]

_current: PaceOf | None = None


@contextmanager
def pacing(pace_of: PaceOf) -> Iterator[None]:
    """Models opened within keep to the pace that `pace_of` gives their agent."""
    global _current
    before, _current = _current, pace_of
    try:
        yield
    finally:
        _current = before


def put_pace(model: Model, agent: AgentSpec) -> Model:
    """The model, its calls held back and counted where its agent has a pace."""
    paced = None if _current is None else _current(agent)
    if paced is None:
        return model
    ask = model.api.generate

    async def generate(*given: Any, **named: Any) -> Any:
        messages = named.get("input", given[0] if given else ())
        config = named.get("config", given[3] if len(given) > 3 else None)
        estimated = _tokens(messages, config)
        await paced.pace.enter(estimated)
        try:
            answer = await ask(*given, **named)
        except Exception as error:
            _failed(paced, error, estimated)
            raise
        output = answer[0] if isinstance(answer, tuple) else answer
        if isinstance(output, Exception):
            _failed(paced, output, estimated)
            return answer
        _answered(paced, output, estimated)
        return answer

    model.api.generate = generate  # type: ignore[method-assign]
    return model


def _tokens(messages: Any, config: Any) -> int:
    """Tokens that a call reads and writes, about."""
    characters = sum(len(message.text) for message in messages)
    longest = getattr(config, "max_tokens", None) or _USUAL_REPLY
    return characters // _CHARACTERS_A_TOKEN + 1 + int(longest)


def _answered(paced: Paced, output: Any, estimated: int) -> None:
    spent, usage = paced.spent, output.usage
    spent.calls += 1
    if usage is None:
        return
    read = int(usage.input_tokens + (usage.input_tokens_cache_read or 0))
    spent.input_tokens += read
    spent.output_tokens += int(usage.output_tokens)
    spent.cost += paced.price(read, int(usage.output_tokens))
    paced.pace.settle(estimated, read + int(usage.output_tokens))


def _failed(paced: Paced, error: BaseException, estimated: int) -> None:
    paced.spent.failed += 1
    paced.pace.settle(estimated, 0)
    if getattr(error, "status_code", None) == 429:
        paced.pace.hold(_asked_to_wait(error))


def _asked_to_wait(error: BaseException) -> float:
    """Seconds that the provider asks for in `Retry-After`; a second where it does not, a minute at most."""
    headers = getattr(getattr(error, "response", None), "headers", None) or {}
    try:
        return min(max(float(headers.get("retry-after", _PAUSE)), 0.0), 60.0)
    except (TypeError, ValueError):
        return _PAUSE
