"""Putting one prompt to one agent, and reading the reply into a row of `observations.parquet`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from inspect_ai.model import ChatMessageAssistant, ChatMessageUser

from spinodal._errors import RequestError
from spinodal.agents import AgentSpec
from spinodal.guards import Guard, Message, Placement
from spinodal.measure.chat import to_chat
from spinodal.measure.placements import PlacementChoice, settle_placement
from spinodal.measure.prompts import Prompt, PromptTemplate
from spinodal.measure.reading import (
    PrefillAsked,
    Question,
    Reader,
    ReadoutAsked,
    ReadoutChoice,
)
from spinodal.pairs import OptionPair

PEERS: Final = "the other agents"
"""Who wrote the part of a prompt that shows the peers, as a guard is told."""


@dataclass(frozen=True)
class Asker(Reader):
    """An agent that is shown what its peers hold, its guard at work."""

    placement: Placement | None = None
    """Where its guard's words stand, once that is settled."""
    guards: dict[str, Guard] = field(default_factory=dict, repr=False, compare=False)
    """Its guard for each option pair, built at the first prompt."""

    async def settle_guard(self) -> tuple[Asker, PlacementChoice | None]:
        """The same with a place for its guard's words that was seen to reach the model, and how.

        Raises:
            RequestError: no placement does, or not the one asked for.
        """
        guarding = self.agent.guard
        if guarding is None or not guarding.spec.speaks or self.placement is not None:
            return self, None
        profile = guarding.profile
        if profile and profile.model == self.agent.model and guarding.known_placement is not None:
            how = f"as the profile says: {profile.placement_how}"
            choice = PlacementChoice(guarding.known_placement, True, how)
        else:
            choice, _ = await settle_placement(self, guarding.spec.placement)
        return replace(self, placement=choice.placement), choice

    async def settle_readout(
        self,
        pair: OptionPair,
        prompts: Sequence[Prompt],
        *,
        readout: ReadoutAsked = "auto",
        prefill: PrefillAsked = "auto",
    ) -> ReadoutChoice:
        """Settle how to read this agent by what its provider really returns for a few prompts.

        Raises:
            RunError: log-probabilities were demanded and did not come.
        """
        questions = [self._question(pair, prompt, draw) for draw, prompt in enumerate(prompts)]
        return await self.choose_readout(pair, questions, readout=readout, prefill=prefill)

    async def ask(self, pair: OptionPair, prompt: Prompt, draw: int, choice: ReadoutChoice) -> dict[str, Any]:
        """Ask once; return a row with every observation column but the ones that name the curve's run.

        Raises:
            RunError: log-probabilities are missing from a reply that should have them.
        """
        reading = await self.read(pair, self._question(pair, prompt, draw), choice)
        return reading | {
            "model": self.agent.model,
            "agent": self.agent.label,
            "pair": pair.id,
            "option_a": pair.option_a,
            "option_b": pair.option_b,
            "n_peers": prompt.n_peers,
            "n_a": prompt.n_a,
            "m": prompt.m,
            "shuffle_seed": prompt.seed,
            "listed": prompt.listed,
            "draw": draw,
        }

    async def say(
        self, pair: OptionPair, prompt: Prompt, draw: int, reply: str, request: str, max_tokens: int
    ) -> tuple[str, dict[str, Any]]:
        """What the agent says to `request` after it was asked `prompt` and gave `reply`.

        The text is sampled at the agent's temperature; with it come what it took: `calls`,
        `input_tokens`, `output_tokens`, `seconds` and `cost`.
        """
        asked = self._question(pair, prompt, draw)
        more = (ChatMessageAssistant(content=reply), ChatMessageUser(content=request))
        question = Question((*asked.messages, *more), asked.seed, asked.scopes)
        return await self.write(question, max_tokens=max_tokens)

    def _question(self, pair: OptionPair, prompt: Prompt, draw: int) -> Question:
        shown = view_of(self.agent, prompt, self._guard_for(pair))
        return Question(to_chat(shown), prompt.seed, {"pair": pair.id, "draw": str(draw)})

    def _guard_for(self, pair: OptionPair) -> Guard | None:
        guarding = self.agent.guard
        if guarding is None:
            return None
        if pair.id not in self.guards:
            self.guards[pair.id] = guarding.build(
                self.agent.model, self.agent.system_prompt, pair.id, self.placement
            )
        return self.guards[pair.id]


def view_of(agent: AgentSpec, prompt: Prompt, guard: Guard | None) -> list[Message]:
    """The conversation as an agent's model is shown it, its guard at work."""
    lead = [] if agent.system_prompt is None else [Message("system", agent.system_prompt)]
    if guard is None:
        for turn in prompt.earlier:
            lead += [Message("user", turn.asked), Message("assistant", turn.replied)]
        return [*lead, Message("user", prompt.text)]
    for turn in prompt.earlier:
        lead += [*_told(turn.asked, turn.peers), Message("assistant", turn.replied)]
    messages = [*lead, *_told(prompt.text, prompt.peers)]
    return _joined(guard.apply([replace(one, at=at) for at, one in enumerate(messages)]))


def require_guard(agent: AgentSpec, template: PromptTemplate, pairs: Sequence[OptionPair]) -> None:
    """`RequestError` where an agent's guard has nothing to say about a pair, or nothing to quote."""
    if agent.guard is None:
        return
    if "trust-boundary" in agent.guard.spec.kinds and not template.shows_entries:
        raise RequestError(
            f"template {template.name} shows totals, so trust-boundary finds no peers' words to quote; "
            "use one with {peers}"
        )
    for pair in pairs:
        agent.guard.build(agent.model, agent.system_prompt, pair.id)


def guard_characters(agent: AgentSpec, pair: OptionPair, prompt: Prompt) -> int:
    """Characters that the guard adds to a prompt, about; 0 without one."""
    if agent.guard is None:
        return 0
    guard = agent.guard.build(agent.model, agent.system_prompt, pair.id)
    with_it, without = (sum(len(one.content) for one in view_of(agent, prompt, by)) for by in (guard, None))
    return with_it - without


def _told(text: str, peers: str) -> list[Message]:
    """A prompt as what the host says and, between, what the peers wrote."""
    before, shown, after = text.partition(peers) if peers else (text, "", "")
    parts = [Message("user", before), Message("user", shown, speaker=PEERS), Message("user", after)]
    return [part for part in parts if part.content]


def _joined(shown: Sequence[Message]) -> list[Message]:
    """Parts of one prompt as one message again, what a guard says in the user's turn a paragraph of it."""
    joined: list[Message] = []
    for message in shown:
        last = joined[-1] if joined else None
        if last is None or (last.role, message.role) != ("user", "user"):
            joined.append(replace(message, speaker=""))
            continue
        parts = last.at is not None and message.at == last.at + 1
        between = "" if parts else "\n\n"
        joined[-1] = replace(last, content=f"{last.content}{between}{message.content}", at=message.at)
    return joined
