"""From an agent's spec to an Inspect model that can be called."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from inspect_ai.model import GenerateConfig, Model, get_model

from spinodal.agents._spec import AgentSpec
from spinodal.agents.faults import explain
from spinodal.agents.pacing import put_pace
from spinodal.pairs import OptionPair

DEFAULT_RETRIES = 5
"""Tries after a failed call; the waits between them double from three seconds."""


def open_model(
    agent: AgentSpec,
    pairs: Sequence[OptionPair] = (),
    *,
    retries: int = DEFAULT_RETRIES,
    max_connections: int | None = None,
) -> Model:
    """Open an agent's model. A synthetic agent is told the pairs it will meet.

    Raises:
        RequestError: an unknown model, or a key that is missing from the environment.
        RunError: the embedded engine could not load the file.
    """
    arguments: dict[str, Any] = dict(agent.model_args)
    if agent.model.startswith("synthetic/"):
        arguments.setdefault("pairs", [pair.to_dict() for pair in pairs])
    try:
        model = get_model(
            agent.model,
            config=GenerateConfig(max_retries=retries, max_connections=max_connections),
            base_url=agent.base_url,
            memoize=False,
            **arguments,
        )
    except Exception as error:
        raise explain(error, agent.model, agent.base_url) from error
    return put_pace(model, agent)
