"""Putting one prompt to one agent, and reading the reply into a row of `observations.parquet`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from inspect_ai.model import ChatMessage, ChatMessageAssistant, ChatMessageSystem, ChatMessageUser

from spinodal.measure.prompts import Prompt
from spinodal.measure.reading import (
    PrefillAsked,
    Question,
    Reader,
    ReadoutAsked,
    ReadoutChoice,
)
from spinodal.pairs import OptionPair


class Asker(Reader):
    """An agent that is shown what its peers hold."""

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
        messages: list[ChatMessage] = []
        if self.agent.system_prompt is not None:
            messages.append(ChatMessageSystem(content=self.agent.system_prompt))
        for turn in prompt.earlier:
            messages += [ChatMessageUser(content=turn.asked), ChatMessageAssistant(content=turn.replied)]
        messages.append(ChatMessageUser(content=prompt.text))
        return Question(tuple(messages), prompt.seed, {"pair": pair.id, "draw": str(draw)})
