"""The embedded model as an Inspect provider: `embedded/smollm2-135m`, `embedded/PATH.gguf`."""

from __future__ import annotations

from typing import Any

from inspect_ai.model import GenerateConfig
from inspect_ai.model._providers.openai_compatible import OpenAICompatibleAPI
from openai import AsyncOpenAI

from spinodal.agents._engine import Engine, settings_of, start_engine
from spinodal.agents.conversations import Seats, current_conversation

TOP_LOGPROBS = 100
"""The engine may return more alternatives than the protocol's usual 20, at no cost."""


class EmbeddedAPI(OpenAICompatibleAPI):
    """llama.cpp in this process, through Inspect's OpenAI-compatible client over loopback.

    The engine starts with the first agent that needs it and is shared by all.

    Args:
        reproducible: the same prompt gives the same log-probabilities bit for bit, whatever was asked before
            or is asked beside it. Prompts are then evaluated one at a time and from their first token, at
            about 1.3 times the work; otherwise rounding moves log-odds by some hundredths, now and then by
            tenths.
        slots: prompts evaluated side by side. Each keeps what it read last, so a conversation that says which
            it is (`agents.conversations`) is gone on with where it was left, as long as there is one for it.
        chat_template: a file with the chat template (Jinja) that stands in for the model's own.
    """

    def __init__(
        self,
        model_name: str,
        base_url: str | None = None,
        api_key: str | None = None,
        config: GenerateConfig = GenerateConfig(),  # noqa: B008 - Inspect's own signature
        reproducible: bool = False,
        slots: int | None = None,
        chat_template: str | None = None,
        **model_args: Any,
    ) -> None:
        settings = settings_of({"reproducible": reproducible, "slots": slots, "chat_template": chat_template})
        self._slots = settings.slots
        self._seats = Seats(self._slots) if settings.resume else None
        self._engine: Engine = start_engine(model_name, settings)
        super().__init__(
            model_name=model_name,
            # A constant: the address is part of Inspect's cache key, and the port is another each time.
            base_url="http://embedded",
            api_key="embedded",
            config=config,
            service="embedded",
            **model_args,
        )

    def _create_client(self) -> AsyncOpenAI:
        return AsyncOpenAI(
            api_key=self._engine.key, base_url=self._engine.url, http_client=self.http_client, max_retries=0
        )

    def completion_params(self, config: GenerateConfig, tools: bool) -> dict[str, Any]:
        params = super().completion_params(config, tools)
        if params.get("top_logprobs"):
            params["top_logprobs"] = TOP_LOGPROBS
        conversation = current_conversation()
        if self._seats is not None and conversation is not None:
            slot = {"id_slot": self._seats.seat(conversation)}
            params["extra_body"] = {**params.get("extra_body", {}), **slot}
        return params

    def service_model_name(self) -> str:
        return self._engine.path.stem

    def max_connections(self) -> int:
        return self._slots
