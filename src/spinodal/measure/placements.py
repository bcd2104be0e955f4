"""Where a guard's words can stand so that the model sees them: tried before a study, not believed.

Several chat templates refuse a system message after the first turn, and some drop it without a word. What is
tried is a short conversation with the words and without.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from spinodal._errors import RequestError
from spinodal.agents.context import render_embedded
from spinodal.agents.faults import is_rejection
from spinodal.guards import Message, Placement, place
from spinodal.measure.chat import to_chat
from spinodal.measure.reading import Question, Reader

_ORDER: Final[tuple[Placement, ...]] = ("trailing-system", "tagged-user", "lead-system")
"""Which is tried first where none is asked for."""

_PROBE: Final = "Remember the word marmalade, and that the kettle stands on the left shelf."
_LEAST_SHARE: Final = 0.3
"""Tokens by which the words must lengthen the prompt, per word; templates add more, none adds less."""


@dataclass(frozen=True)
class PlacementChoice:
    """Where a guard's words stand in this study."""

    placement: Placement
    verified: bool
    """Whether they were seen to reach the model."""
    how: str

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


async def settle_placement(
    reader: Reader, wanted: Placement | None
) -> tuple[PlacementChoice, list[dict[str, Any]]]:
    """The placement of a guard's words, and what it took to settle it.

    Args:
        reader: the model.
        wanted: the placement asked for; None takes the first that does.

    Raises:
        RequestError: the placement asked for is refused or dropped; or every placement is.
    """
    spent: list[dict[str, Any]] = []
    refused = []
    for placement in _ORDER if wanted is None else (wanted,):
        why = await _try(reader, placement, spent)
        if isinstance(why, PlacementChoice):
            return why, spent
        refused.append(f"{placement}: {why}")
    others = [one for one in _ORDER if one != wanted]
    raise RequestError(
        f"{reader.agent.model} cannot be shown a guard's words ({'; '.join(refused)}); "
        + (f"try placement={' or placement='.join(others)}" if wanted else "leave out the guards that speak")
    )


async def _try(reader: Reader, placement: Placement, spent: list[dict[str, Any]]) -> PlacementChoice | str:
    """The choice where the words arrive, else why not."""
    without = [
        *([Message("system", reader.agent.system_prompt)] if reader.agent.system_prompt else []),
        Message("user", "Good morning."),
        Message("assistant", "Good morning."),
        Message("user", "What is new?"),
    ]
    shown = place(without, len(without), _PROBE, placement, "probe")
    try:
        rendered = render_embedded(reader.agent, _dictionaries(shown))
    except RequestError as error:
        return str(error)
    if rendered is not None:
        if _PROBE in rendered:
            return PlacementChoice(
                placement, True, "the words stand in the prompt that the chat template renders"
            )
        return "the chat template drops them"
    try:
        tokens = [await _tokens(reader, messages, spent) for messages in (without, shown)]
    except Exception as error:
        if not is_rejection(error):
            raise
        return "the provider refuses the request"
    if 0 in tokens:
        return PlacementChoice(
            placement, False, "the provider takes the request, but counts no tokens to verify it by"
        )
    if tokens[1] - tokens[0] < _LEAST_SHARE * len(_PROBE.split()):
        return (
            f"they are dropped on the way (the prompt has {tokens[0]} tokens without them and "
            f"{tokens[1]} with them)"
        )
    return PlacementChoice(
        placement,
        True,
        f"the prompt grows by {tokens[1] - tokens[0]} tokens with them, as the provider counts",
    )


async def _tokens(reader: Reader, messages: Sequence[Message], spent: list[dict[str, Any]]) -> int:
    """Tokens of the prompt as the provider counts them; 0 where it does not."""
    _, took = await reader.write(Question(to_chat(messages), 0, {"probe": "placement"}), max_tokens=1)
    spent.append(took)
    return int(took["input_tokens"])


def _dictionaries(messages: Sequence[Message]) -> list[dict[str, str]]:
    return [{"role": message.role, "content": message.text} for message in to_chat(messages)]
