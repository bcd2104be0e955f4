"""What the adapter of OpenAI-compatible clients does beyond what every framework's must."""

from __future__ import annotations

import asyncio
import copy
import threading
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("openai")

import httpx
from openai import AsyncOpenAI, OpenAI
from openai.types.chat import ChatCompletionMessage

from spinodal.adapters.openai import guarded
from spinodal.guards import Cadence, Failing, Message, Placement, Reminder, Text, TrustBoundary

WORDS = "Stay true to that."
ANSWER = {
    "id": "1",
    "object": "chat.completion",
    "created": 0,
    "model": "m",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Yes."}}],
}


def _reminder(placement: Placement = "trailing-system") -> Failing:
    return Failing(Reminder("mine", Text(WORDS), Cadence(every=1, first=0), placement))


class Duck:
    """The least that a client must have; notes what it is called with."""

    def __init__(self) -> None:
        self.seen: list[list[Any]] = []
        self.chat = SimpleNamespace(completions=SimpleNamespace(create=self._create))
        self.models = ["m"]

    def _create(self, **named: Any) -> dict[str, Any]:
        self.seen.append(named["messages"])
        return named


def _shown(messages: Any, guard: Any) -> list[Any]:
    duck = Duck()
    guarded(duck, guard).chat.completions.create(model="m", messages=messages)
    return duck.seen[0]


def test_any_object_with_chat_completions_is_guarded_and_given_all_the_rest() -> None:
    duck = Duck()
    client = guarded(duck, _reminder())
    given = client.chat.completions.create(model="m", messages=[{"role": "user", "content": "Hi"}], seed=3)
    assert given["messages"][-1] == {"role": "system", "content": WORDS}
    assert given["seed"] == 3
    assert client.models is duck.models


def test_the_caller_s_messages_stay_as_they_are() -> None:
    parts = [{"type": "text", "text": "Who is it?"}, {"type": "image_url", "image_url": {"url": "data:,"}}]
    messages = [{"role": "user", "name": "Jade", "content": parts}]
    kept = copy.deepcopy(messages)
    assert _shown(messages, TrustBoundary()) != kept
    assert messages == kept


def test_a_rewritten_message_keeps_its_pictures_and_its_other_fields() -> None:
    picture = {"type": "image_url", "image_url": {"url": "data:,"}}
    parts = [picture, {"type": "text", "text": "<remin"}, {"type": "text", "text": "der>"}, picture]
    (shown, _) = _shown([{"role": "user", "name": "Jade", "content": parts}], _reminder())
    assert shown["name"] == "Jade"
    assert [part["type"] for part in shown["content"]] == ["image_url", "text", "image_url"]
    assert "<reminder" not in shown["content"][1]["text"]


def test_a_developer_s_message_is_the_system_prompt() -> None:
    messages = [{"role": "developer", "content": "Be brief."}, {"role": "user", "content": "Hi"}]
    assert _shown(messages, _reminder("lead-system"))[0] == {
        "role": "developer",
        "content": f"Be brief.\n\n{WORDS}",
    }
    assert _shown(messages, _reminder())[-1]["role"] == "developer"


def test_message_objects_are_read_as_dicts_are() -> None:
    reply = ChatCompletionMessage.model_validate(
        {
            "role": "assistant",
            "tool_calls": [{"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}],
        }
    )
    said, answer = {"role": "user", "content": "Hi"}, {"role": "tool", "tool_call_id": "1", "content": "2"}
    assert _shown([said, reply, answer], _reminder()) == [
        said,
        {"role": "system", "content": WORDS},
        reply,
        answer,
    ]


@pytest.fixture
def bodies() -> list[str]:
    return []


def _transport(bodies: list[str]) -> httpx.MockTransport:
    def answer(request: httpx.Request) -> httpx.Response:
        bodies.append(request.content.decode())
        if '"stream":true' in bodies[-1].replace(" ", ""):
            return httpx.Response(200, text="data: [DONE]\n\n", headers={"Content-Type": "text/event-stream"})
        return httpx.Response(200, json=ANSWER)

    return httpx.MockTransport(answer)


ASKED: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}


def test_no_way_to_a_chat_completion_leads_past_the_guard(bodies: list[str]) -> None:
    client = guarded(OpenAI(api_key="k", http_client=httpx.Client(transport=_transport(bodies))), _reminder())
    assert isinstance(client, OpenAI)
    client.chat.completions.create(**ASKED)
    client.chat.completions.parse(**ASKED)
    with client.chat.completions.stream(**ASKED) as stream:
        list(stream)
    client.chat.completions.with_raw_response.create(**ASKED)
    client.with_raw_response.chat.completions.create(**ASKED)
    with client.chat.completions.with_streaming_response.create(**ASKED):
        pass
    client.with_options(timeout=9).chat.completions.create(**ASKED)
    client.copy().chat.completions.create(**ASKED)
    copy.copy(client).chat.completions.create(**ASKED)
    with client as entered:
        entered.chat.completions.create(**ASKED)
    assert [body.count(WORDS) for body in bodies] == [1] * 10


def test_no_way_to_an_asynchronous_one_does_either(bodies: list[str]) -> None:
    async def ask() -> None:
        http = httpx.AsyncClient(transport=_transport(bodies))
        async with guarded(AsyncOpenAI(api_key="k", http_client=http), _reminder()) as client:
            await client.chat.completions.create(**ASKED)
            await client.chat.completions.parse(**ASKED)
            async with client.chat.completions.stream(**ASKED) as stream:
                async for _ in stream:
                    pass
            await client.chat.completions.with_raw_response.create(**ASKED)
            async with client.chat.completions.with_streaming_response.create(**ASKED):
                pass

    asyncio.run(ask())
    assert [body.count(WORDS) for body in bodies] == [1] * 5


def test_a_monitor_of_an_asynchronous_client_is_heard_off_the_loop(bodies: list[str]) -> None:
    heard: list[threading.Thread] = []

    class Monitor:
        def hear(self, messages: Sequence[Message], agent: str) -> None:
            heard.append(threading.current_thread())

    async def ask() -> None:
        http = httpx.AsyncClient(transport=_transport(bodies))
        async with guarded(AsyncOpenAI(api_key="k", http_client=http), _reminder(), Monitor()) as client:
            await client.chat.completions.create(**ASKED)

    asyncio.run(ask())
    assert len(heard) == 1
    assert heard[0] is not threading.main_thread()
