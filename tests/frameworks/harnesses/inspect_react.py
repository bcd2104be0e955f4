"""Inspect's own react agent, each turn a sample of an evaluation, gone on with from the sample's messages."""

from __future__ import annotations

import tempfile

from harness import Mode
from inspect_ai import Task, eval
from inspect_ai.agent import as_solver, react
from inspect_ai.dataset import Sample
from inspect_ai.model import ChatMessageUser, get_model

from harnesses import inspect
from spinodal.adapters.inspect import guarded_model


class Conversation(inspect.Conversation):
    def turn(self, text: str, mode: Mode, speaker: str = "") -> str:
        said = ChatMessageUser(content=text, metadata={"speaker": speaker} if speaker else None)
        model = get_model(**self._to, memoize=False)
        agent = react(
            prompt=None,
            tools=self._tools,
            model=guarded_model(model, self._guard, self._monitor),
            submit=False,
        )
        task = Task(dataset=[Sample(input=[*self._state.messages, said])], solver=as_solver(agent))
        with tempfile.TemporaryDirectory() as folder:
            log = eval(task, model=model, log_dir=folder, display="none")[0]
            (sample,) = log.samples or [None]
        if sample is None or sample.error:
            error = sample.error if sample else log.error
            raise RuntimeError(error.traceback if error else log.status)
        self._state.messages, self._state.output = sample.messages, sample.output
        self._given.append(sample.output.model_dump_json())
        return sample.output.completion


class Framework(inspect.Framework):
    name = "inspect_react"
    modes: tuple[Mode, ...] = ("async",)
    at_once = False
    """Inspect runs one evaluation at a time in a process."""
    conversation = Conversation
