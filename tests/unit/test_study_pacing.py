"""How fast a provider is asked: evenly, within its limits, and not while it says that it is too much."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from inspect_ai.model import ChatMessageUser, GenerateConfig, ModelOutput, ModelUsage

from spinodal import RequestError
from spinodal.agents import AgentSpec
from spinodal.agents.models import open_model
from spinodal.agents.pacing import Limits, Pace, Paced, Spent, pacing


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


def _begins(limits: Limits, tokens: list[int]) -> list[float]:
    """When calls begin that all want to at once, one waiting behind the other."""
    clock = Clock()
    pace = Pace(limits, clock, clock.sleep)

    async def ask() -> list[float]:
        begun = []
        for amount in tokens:
            await pace.enter(amount)
            begun.append(clock.now - 100.0)
        return begun

    return asyncio.run(ask())


def test_requests_are_spread_evenly() -> None:
    assert _begins(Limits(requests_per_minute=30), [1] * 4) == pytest.approx([0, 2, 4, 6])


def test_a_call_waits_for_the_tokens_of_those_before_it() -> None:
    assert _begins(Limits(tokens_per_minute=600), [100, 50, 10]) == pytest.approx([0, 10, 15])


def test_the_tighter_limit_decides() -> None:
    limits = Limits(requests_per_minute=60, tokens_per_minute=600)
    assert _begins(limits, [5, 100, 5, 5]) == pytest.approx([0, 1, 11, 12])


def test_nothing_is_saved_up_while_nobody_asks() -> None:
    clock = Clock()
    pace = Pace(Limits(requests_per_minute=60), clock, clock.sleep)

    async def ask() -> list[float]:
        await pace.enter(1)
        clock.now += 50.0
        begun = []
        for _ in range(3):
            await pace.enter(1)
            begun.append(clock.now - 150.0)
        return begun

    assert asyncio.run(ask()) == pytest.approx([0, 1, 2])


def test_tokens_are_corrected_when_they_are_known() -> None:
    clock = Clock()
    pace = Pace(Limits(tokens_per_minute=60), clock, clock.sleep)

    async def ask() -> float:
        await pace.enter(10)
        pace.settle(10, 4)
        await pace.enter(10)
        return clock.now - 100.0

    assert asyncio.run(ask()) == pytest.approx(4)


def test_no_call_begins_while_the_provider_asks_to_wait() -> None:
    clock = Clock()
    pace = Pace(Limits(), clock, clock.sleep)
    pace.hold(7.0)
    asyncio.run(pace.enter(1))
    assert clock.now == pytest.approx(107.0)


@pytest.mark.parametrize("limit", [0, -1, float("nan")])
def test_a_limit_that_is_none_is_refused(limit: float) -> None:
    with pytest.raises(RequestError, match=r"requests_per_minute is .*give a number above 0"):
        Limits(requests_per_minute=limit)


class TooMany(Exception):
    status_code = 429

    class response:
        headers = {"retry-after": "3"}  # noqa: RUF012


def _asked(answers: list[Any], limits: Limits | None = None) -> tuple[Spent, Clock, list[Any]]:
    """What is counted, and how long it takes, where the model gives these answers."""
    clock, spent = Clock(), Spent()
    pace = Pace(limits or Limits(), clock, clock.sleep)
    with pacing(lambda agent: Paced(pace, spent, lambda read, written: read + 10.0 * written)):
        model = open_model(AgentSpec("synthetic/beta=2"))
    ask = model.api.generate

    async def ask_all() -> list[Any]:
        given = []
        for _ in answers:
            try:
                given.append(
                    await ask(
                        input=[ChatMessageUser(content="x" * 30)],
                        tools=[],
                        tool_choice="none",
                        config=GenerateConfig(max_tokens=5),
                    )
                )
            except TooMany as error:
                given.append(error)
        return given

    turn = iter(answers)

    async def stub(*given: Any, **named: Any) -> Any:
        answer = next(turn)
        if isinstance(answer, Exception):
            raise answer
        return answer

    # what `put_pace` wraps is found through its closure: the provider's own call is replaced there
    cell = dict(zip(ask.__code__.co_freevars, ask.__closure__ or (), strict=True))["ask"]
    cell.cell_contents = stub
    return spent, clock, asyncio.run(ask_all())


def _output(read: int, written: int) -> ModelOutput:
    output = ModelOutput.from_content("m", "yes")
    output.usage = ModelUsage(input_tokens=read, output_tokens=written, total_tokens=read + written)
    return output


def test_answers_are_counted_with_their_tokens_and_money() -> None:
    spent, _, _ = _asked([_output(10, 2), (_output(5, 1), None)])
    assert (spent.calls, spent.failed, spent.input_tokens, spent.output_tokens) == (2, 0, 15, 3)
    assert spent.cost == pytest.approx(15 + 30)


def test_a_try_that_failed_is_counted_apart_and_costs_no_tokens() -> None:
    spent, clock, given = _asked(
        [TooMany(), (TooMany(), None), _output(10, 2)], Limits(tokens_per_minute=1e9)
    )
    assert (spent.calls, spent.failed) == (1, 2)
    assert isinstance(given[0], TooMany)
    assert clock.now - 100.0 == pytest.approx(6.0)  # twice as long as it asked for


def test_models_opened_outside_are_not_held_back() -> None:
    model = open_model(AgentSpec("synthetic/beta=2"))
    assert "generate" not in vars(model.api)
