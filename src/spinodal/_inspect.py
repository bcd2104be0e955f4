"""What Spinodal adds to Inspect: providers and tasks, found through the `inspect_ai` entry point.

Inspect loads this module whenever it meets a name it does not know, so the factories import what
they need when they are called.
"""

from __future__ import annotations

from inspect_ai.model import ModelAPI, modelapi

from spinodal.contagion.task import contagion
from spinodal.measure.task import conformity
from spinodal.society.task import society

__all__ = ["conformity", "contagion", "embedded", "society", "synthetic", "synthetic_player"]


@modelapi("embedded")
def embedded() -> type[ModelAPI]:
    """llama.cpp in this process: `embedded/smollm2-135m` or `embedded/PATH.gguf`."""
    from spinodal.agents._embedded import EmbeddedAPI

    return EmbeddedAPI


@modelapi("synthetic")
def synthetic() -> type[ModelAPI]:
    """An agent of known response: `synthetic/beta=2/h=0.3`."""
    from spinodal.agents._synthetic import SyntheticAPI

    return SyntheticAPI


@modelapi("synthetic-player")
def synthetic_player() -> type[ModelAPI]:
    """A player whose traits change by a known law: `synthetic-player/shift=-0.02`."""
    from spinodal.contagion._synthetic_player import SyntheticPlayerAPI

    return SyntheticPlayerAPI
