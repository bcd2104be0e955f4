"""What the adapter of Inspect does beyond what every framework's must."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("inspect_ai")

from inspect_ai import Task, eval
from inspect_ai.dataset import Sample
from inspect_ai.model import (
    ChatMessage,
    ChatMessageSystem,
    ChatMessageUser,
    ContentImage,
    ContentText,
    ModelOutput,
    ModelUsage,
    get_model,
)

from spinodal.adapters.inspect import guarded_model
from spinodal.guards import Cadence, Failing, Placement, Reminder, Text, TrustBoundary

WORDS = "Stay true to that."


def _reminder(placement: Placement = "trailing-system") -> Failing:
    return Failing(Reminder("mine", Text(WORDS), Cadence(every=1, first=0), placement))


def _model(seen: list[list[ChatMessage]]) -> Any:
    def answer(input: list[ChatMessage], *_: Any) -> ModelOutput:
        seen.append(list(input))
        output = ModelOutput.from_content("mockllm/model", "Yes.")
        output.usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)  # or it is counted, online
        return output

    return get_model("mockllm/model", custom_outputs=answer)


def _shown(messages: list[ChatMessage], guard: Any) -> list[ChatMessage]:
    seen: list[list[ChatMessage]] = []
    asyncio.run(guarded_model(_model(seen), guard).generate(messages))
    return seen[0]


def test_a_rewritten_message_keeps_its_pictures_and_the_stored_one_its_text() -> None:
    picture = ContentImage(image="data:image/png;base64,")
    said = ChatMessageUser(content=[picture, ContentText(text="Hi")], metadata={"speaker": "Jade"})
    (shown,) = _shown([said], TrustBoundary())
    assert [part.type for part in shown.content if not isinstance(part, str)] == ["image", "text"]
    assert "> Hi" in shown.text
    assert said.text == "Hi"


def test_a_question_given_as_text_is_guarded() -> None:
    seen: list[list[ChatMessage]] = []
    asyncio.run(guarded_model(_model(seen), _reminder()).generate("Hi"))
    assert [message.text for message in seen[0]] == ["Hi", WORDS]


def test_words_in_the_system_prompt_leave_the_stored_one_alone() -> None:
    lead = ChatMessageSystem(content="Be brief.")
    shown = _shown([lead, ChatMessageUser(content="Hi")], _reminder("lead-system"))
    assert shown[0].text == f"Be brief.\n\n{WORDS}"
    assert lead.text == "Be brief."


def test_an_evaluation_of_a_guarded_model_logs_what_the_model_was_shown_and_stores_none_of_it(
    tmp_path: Path,
) -> None:
    seen: list[list[ChatMessage]] = []
    model = guarded_model(_model(seen), _reminder())
    (log,) = eval(Task(dataset=[Sample(input="Hi")]), model=model, log_dir=str(tmp_path), display="none")
    assert log.status == "success"
    assert log.samples is not None
    sample = log.samples[0]
    assert WORDS not in "\n".join(message.text for message in sample.messages)
    (event,) = [event for event in sample.events if event.event == "model"]
    assert [message.text for message in event.input] == ["Hi", WORDS]
    assert [message.text for message in seen[0]] == ["Hi", WORDS]


def test_a_guarded_model_that_is_closed_is_not_given_out_again() -> None:
    async def close() -> bool:
        model = get_model("openai-api/local/m", base_url="http://127.0.0.1:9/v1", api_key="k")
        async with guarded_model(model, _reminder()):
            pass
        return get_model("openai-api/local/m", base_url="http://127.0.0.1:9/v1", api_key="k") is model

    assert not asyncio.run(close())
