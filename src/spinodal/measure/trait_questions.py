"""Asking an agent for its traits: every statement by itself, in a conversation of its own or after a game."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Literal, Protocol

import anyio
import numpy as np
from inspect_ai.model import ChatMessage

from spinodal.agents.conversations import in_conversation
from spinodal.guards import Message
from spinodal.measure.chat import to_chat, with_user
from spinodal.measure.reading import PrefillAsked, Question, Reader, ReadoutAsked, ReadoutChoice
from spinodal.measure.readout import probability
from spinodal.pairs import OptionPair
from spinodal.traits import Profile, Questionnaire, Statement

ANSWERS: Final = OptionPair("yes-or-no", "questionnaire", "Yes", "No")
"""The two answers, as an option pair: A is Yes."""


Orders = Literal["both", "alternate"]
"""Whether each question is asked with either answer first, or they take turns."""


class TraitPlan(Protocol):
    """What is asked about traits, and how."""

    @property
    def questions(self) -> Questionnaire:
        """The statements."""

    @property
    def orders(self) -> Orders:
        """In what order the answers are named."""

    @property
    def question(self) -> str:
        """The words around a statement, with `{statement}`, `{first}` and `{second}`."""

    @property
    def seed(self) -> int:
        """Seed of the provider's sampling."""


def items(plan: TraitPlan) -> list[tuple[Statement, str]]:
    """Every question of an assessment: the statement, and the answer that is named first."""
    both = plan.orders == "both"
    found = []
    seen: dict[tuple[str, str], int] = {}
    for statement in plan.questions.asked:
        number = seen[statement.trait, statement.key] = seen.get((statement.trait, statement.key), -1) + 1
        # In turn within a keying of a trait; where that has an odd number, the other keying begins otherwise.
        first = "Yes" if (number + (statement.key == "no")) % 2 == 0 else "No"
        found += [(statement, answer) for answer in (("Yes", "No") if both else (first,))]
    return found


def question_words(plan: TraitPlan, statement: Statement, first: str) -> str:
    """A statement as it is asked."""
    second = "No" if first == "Yes" else "Yes"
    return plan.question.format(statement=statement.text, first=first, second=second)


async def settle_answers(
    plan: TraitPlan,
    reader: Reader,
    view: Sequence[Message],
    readout: ReadoutAsked,
    prefill: PrefillAsked,
) -> ReadoutChoice:
    """Settle how answers are read, on the first statement in both orders.

    Args:
        plan: what will be asked.
        reader: the agent.
        view: what it is shown before a question.
        readout, prefill: what was asked for.
    """
    statement = plan.questions.asked[0]
    questions = [
        Question(
            to_chat([*view, Message("user", question_words(plan, statement, first))]),
            number,
            {"probe": f"readout {number}"},
        )
        for number, first in enumerate(("Yes", "No"))
    ]
    return await reader.choose_readout(ANSWERS, questions, readout=readout, prefill=prefill)


async def ask_traits(
    plan: TraitPlan,
    reader: Reader,
    choice: ReadoutChoice,
    conversation: str,
    view: Sequence[Message],
    at_once: int,
    told: Callable[[int], None] = lambda asked: None,
) -> list[dict[str, Any]]:
    """Ask every statement after the same conversation, none knowing of the others; a row each.

    The conversation is a prefix that all of them share. The first is asked alone, so that a provider that
    keeps what it has read can do so before the others come.

    Args:
        plan: what is asked, and how.
        reader: the agent.
        choice: how its replies are read.
        conversation: names the conversation in the cache of finished calls.
        view: what the agent is shown before the question.
        at_once: questions under way at once.
        told: told how many are answered.
    """
    asked = items(plan)
    shared = to_chat(view)
    rows: dict[int, dict[str, Any]] = {}
    limit = anyio.Semaphore(at_once)

    async def one(number: int) -> None:
        statement, first = asked[number]
        async with limit:
            with in_conversation(conversation):
                question = _question(plan, shared, statement, first, conversation)
                reading = await reader.read(ANSWERS, question, choice)
        p_yes = _p_yes(reading, reader.agent.temperature)
        rows[number] = reading | {
            "trait": statement.trait,
            "statement": statement.text,
            "key": statement.key,
            "first": first,
            "p_yes": p_yes,
            "score": statement.score(p_yes),
        }
        told(len(rows))

    await one(0)
    async with anyio.create_task_group() as group:
        for number in range(1, len(asked)):
            group.start_soon(one, number)
    return [rows[number] for number in range(len(asked))]


def profile_of(rows: Sequence[dict[str, Any]]) -> Profile:
    """What the answers come to."""
    return Profile.of(
        (
            Statement(row["statement"], row["trait"], row["key"]),
            math.nan if row["p_yes"] is None else row["p_yes"],
        )
        for row in rows
    )


def _question(
    plan: TraitPlan, shared: tuple[ChatMessage, ...], statement: Statement, first: str, conversation: str
) -> Question:
    text = question_words(plan, statement, first)
    entropy = [plan.seed, zlib.crc32(f"{conversation}\0{statement.text}\0{first}".encode())]
    return Question(
        with_user(shared, text),
        int(np.random.default_rng(entropy).integers(2**31)),
        {"conversation": conversation},
    )


def _p_yes(reading: dict[str, Any], temperature: float) -> float:
    """Probability of Yes at the agent's temperature; NaN where the reply was neither."""
    if reading["readout"] == "sample":
        return math.nan if reading["count_invalid"] else float(reading["count_a"])
    return probability(reading["log_odds"], temperature)


def plain_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row as logs keep it: null for NaN."""
    return {
        name: None if isinstance(value, float) and math.isnan(value) else value for name, value in row.items()
    }
