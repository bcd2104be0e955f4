"""Synthetic agents without Inspect around them, for tests of many calls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from inspect_ai.model import ChatMessage, GenerateConfig, ModelAPI, ModelOutput


@dataclass(frozen=True)
class Direct:
    """A provider behind the one method of a model that is called; the wrapper would take most of the time."""

    api: ModelAPI

    async def generate(self, messages: list[ChatMessage], config: GenerateConfig, cache: Any) -> ModelOutput:
        return await self.api.generate(messages, [], "none", config)
