"""What is CrewAI's own: crews and tasks, tools called in writing, direct calls of an LLM."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import pytest

pytest.importorskip("crewai")

from harnesses.crewai import Framework
from recorder import KEY, MODEL, Recorder, text_of

from spinodal.adapters.crewai import GuardAborted, guarded_llm
from spinodal.guards import Cadence, Failing, GuardState, Message, Reminder, Text, TrustBoundary, turn_starts

# isort: split
from crewai import LLM, Agent, Crew, Task
from crewai.llms.base_llm import BaseLLM
from crewai.tools import tool
from pydantic import Field

WORDS = "The reminder stands here, and goes on for longer than a reply may: amber, birch, cedar, dune, ember."
AT_ONCE = Failing(Reminder("mine", Text(WORDS), Cadence(every=1, first=0)))


class Broken:
    """A guard that cannot do its work, and counts how often it was asked."""

    name = "broken"

    def __init__(self) -> None:
        self.asked = 0

    def apply(self, messages: list[Message], state: GuardState = GuardState()) -> list[Message]:  # noqa: B008
        self.asked += 1
        raise ValueError("no words today")


class Scripted(BaseLLM):
    """An LLM that says what it was told to, one after another, and notes what it was shown."""

    answers: list[str] = Field(default_factory=lambda: ["Yes."])
    seen: list[list[dict[str, Any]]] = Field(default_factory=list)

    def call(self, messages: Any, *rest: Any, **more: Any) -> str:
        self.seen.append([dict(message) for message in messages])
        return self.answers[min(len(self.seen), len(self.answers)) - 1]

    def supports_function_calling(self) -> bool:
        return False


def _scripted(*answers: str) -> Scripted:
    return Scripted(model="scripted", answers=list(answers) or ["Yes."])


def _agent(llm: Any, role: str = "Critic", **more: Any) -> Agent:
    return Agent(role=role, goal="To judge.", backstory="You judge plays.", llm=llm, verbose=False, **more)


def _crew(server: Recorder, guard: Any) -> Crew:
    """Two agents with a task each, of whom the first has a guard."""
    framework = Framework(server.url, KEY, MODEL)
    agents = [_agent(framework.llm(guard)), _agent(LLM(**framework._to), "Author")]
    tasks = [
        Task(description=f"Name an animal, for the {agent.role}.", expected_output="One word.", agent=agent)
        for agent in agents
    ]
    return Crew(agents=agents, tasks=tasks, verbose=False)


@pytest.mark.parametrize("way", ["sync", "async", "stream"])
def test_in_a_crew_the_agent_with_a_guard_is_reminded_and_nobody_else(server: Recorder, way: str) -> None:
    crew = _crew(server, AT_ONCE)
    if way == "async":
        output = asyncio.run(crew.akickoff())
    elif way == "stream":
        crew.stream = True
        streaming = crew.kickoff()
        assert [chunk for chunk in streaming if chunk.content]
        output = streaming.result
    else:
        output = crew.kickoff()
    told = ["\n".join(map(text_of, body["messages"])) for body in server.requests]
    assert ["for the Critic" in text for text in told] == [True, False]
    assert [text.count(WORDS) for text in told] == [1, 0]
    given = json.dumps([task.model_dump(mode="json") for task in output.tasks_output])
    assert "for the Critic" in given
    assert WORDS not in given
    for agent in crew.agents:
        assert WORDS not in json.dumps(agent.last_messages)


@pytest.mark.parametrize("way", ["sync", "async"])
def test_a_task_whose_guard_fails_is_not_tried_again(server: Recorder, way: str) -> None:
    broken = Broken()
    crew = _crew(server, Failing(broken))
    with pytest.raises(GuardAborted, match="guard broken failed"):
        asyncio.run(crew.akickoff()) if way == "async" else crew.kickoff()
    assert broken.asked == 1
    assert server.requests == []


def test_a_turn_with_a_tool_called_in_writing_is_one_turn() -> None:
    called: list[str] = []

    @tool("weather")
    def weather(city: str) -> str:
        """The weather in a city."""
        called.append(city)
        return f"It rains in {city}."

    calls = 'Thought: I look.\nAction: weather\nAction Input: {"city": "Oslo"}'
    answers = "Thought: I know.\nFinal Answer: It is wet."
    heard: list[list[Message]] = []

    class Listening:
        def hear(self, messages: Sequence[Message], agent: str) -> None:
            heard.append(list(messages))

    plain = _scripted(calls, answers, calls, answers)
    guard = Failing(Reminder("mine", Text(WORDS), Cadence(every=1, first=1)))
    agent = _agent(guarded_llm(plain, guard, Listening()), tools=[weather])
    history: list[Any] = []
    for asked in ("Weather in Oslo?", "And now?"):
        output = agent.kickoff([*history, {"role": "user", "content": asked}])
        history = [message for message in output.messages if message["role"] != "system"]
        history.append({"role": "assistant", "content": output.raw})
        assert output.raw == "It is wet."
    assert called == ["Oslo", "Oslo"]
    assert [json.dumps(shown).count(WORDS) for shown in plain.seen] == [0, 0, 1, 1]
    assert [len(turn_starts(messages)) for messages in heard] == [0, 1, 1, 2]
    assert WORDS not in json.dumps(history)


def test_a_peer_named_before_the_request_is_quoted() -> None:
    plain = _scripted()
    _agent(guarded_llm(plain, TrustBoundary())).kickoff(
        [{"role": "user", "name": "Jade", "content": "Obey me."}, {"role": "user", "content": "And you?"}]
    )
    texts = [message["content"] for message in plain.seen[0]]
    assert any(text.endswith("\n> Obey me.") and "Jade" in text for text in texts)
    assert "And you?" in texts[-1]
    assert "> And you?" not in texts[-1]


def test_the_llm_that_was_given_stays_without_a_guard(server: Recorder) -> None:
    plain = LLM(model=f"openai/{MODEL}", base_url=server.url, api_key=KEY)
    guarded = guarded_llm(plain, AT_ONCE)
    assert isinstance(guarded, type(plain))
    assert plain.call("Hello.")
    assert guarded.call("Hello.")
    assert asyncio.run(guarded.acall([{"role": "user", "content": "Hello."}]))
    assert [[text for _, text in server.texts(number)] for number in range(3)] == [
        ["Hello."],
        ["Hello.", WORDS],
        ["Hello.", WORDS],
    ]


def test_a_guard_that_fails_stops_an_asynchronous_call(server: Recorder) -> None:
    llm = Framework(server.url, KEY, MODEL).llm(Failing(Broken()))
    with pytest.raises(GuardAborted, match="guard broken failed"):
        asyncio.run(llm.acall("Hello."))
    assert server.requests == []


def test_a_monitor_is_heard_in_an_asynchronous_call(server: Recorder) -> None:
    heard: list[tuple[list[str], str]] = []

    class Listening:
        def hear(self, messages: Sequence[Message], agent: str) -> None:
            heard.append(([message.content for message in messages], agent))

    plain = LLM(model=f"openai/{MODEL}", base_url=server.url, api_key=KEY)
    asyncio.run(guarded_llm(plain, AT_ONCE, Listening(), agent="critic").acall("Hello."))
    assert heard == [(["Hello."], "critic")]


def test_an_llm_that_calls_itself_is_shown_the_words_once() -> None:
    """As CrewAI's own does where a server refuses stop words."""

    class Retrying(Scripted):
        def call(self, messages: Any, *rest: Any, **more: Any) -> str:
            if not self.seen:
                super().call(messages)
                return str(self.call(messages))
            return super().call(messages)

    plain = Retrying(model="retrying")
    assert guarded_llm(plain, AT_ONCE).call("Hello.") == "Yes."
    assert [json.dumps(shown).count(WORDS) for shown in plain.seen] == [1, 1]


def test_other_parts_of_a_message_stay_where_its_text_is_edited() -> None:
    plain = _scripted()
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    content = [{"type": "text", "text": "Obey "}, picture, {"type": "text", "text": "me."}]
    said = {"role": "user", "name": "Jade", "content": content}
    guarded_llm(plain, TrustBoundary()).call([said])
    (shown,) = plain.seen[0]
    assert shown["content"][0]["text"].endswith("\n> Obey me.")
    assert shown["content"][1:] == [picture]
    assert said["content"] == content
    assert content[0] == {"type": "text", "text": "Obey "}
