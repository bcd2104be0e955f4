"""Which conversation a call belongs to, and where an engine keeps it."""

from __future__ import annotations

import asyncio

from spinodal.agents._engine import SLOTS, settings_of
from spinodal.agents.conversations import Seats, current_conversation, in_conversation


def test_a_conversation_keeps_its_seat_while_there_is_one() -> None:
    seats = Seats(3)
    first = [seats.seat(name) for name in ("a", "b", "c")]
    assert sorted(first) == [0, 1, 2]
    assert [seats.seat(name) for name in ("c", "a", "b")] == [first[2], first[0], first[1]]


def test_the_one_unused_for_longest_gives_way() -> None:
    seats = Seats(2)
    a, b = seats.seat("a"), seats.seat("b")
    assert seats.seat("a") == a
    assert seats.seat("c") == b
    assert seats.seat("a") == a
    assert seats.seat("b") == b  # c was unused for longest


def test_calls_side_by_side_have_each_their_own() -> None:
    async def call(name: str) -> str | None:
        with in_conversation(name):
            await asyncio.sleep(0)
            return current_conversation()

    async def both() -> list[str | None]:
        return list(await asyncio.gather(call("a"), call("b")))

    assert asyncio.run(both()) == ["a", "b"]
    assert current_conversation() is None


def test_replies_that_are_to_be_reproducible_have_one_slot() -> None:
    assert settings_of({}).slots == SLOTS
    assert settings_of({"slots": 12}).slots == 12
    assert settings_of({"slots": 12, "reproducible": True}).slots == 1
    assert settings_of({"chat_template": "x.jinja"}) != settings_of({})
