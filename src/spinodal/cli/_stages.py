"""A schedule of zealots, as typed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from spinodal.theory import Side, Stage

Stages = Annotated[
    list[str] | None,
    typer.Option(
        "--stage",
        metavar="SWEEPS:ZEALOTS_A:ZEALOTS_B",
        help="A stretch of time with its zealots, instead of the other ways to say so. Repeat it.",
    ),
]


def stage_of(text: str) -> Stage:
    """The stage that "10:0:8" stands for: 10 sweeps with no zealots for A and 8 for B."""
    from spinodal._errors import RequestError
    from spinodal.theory import Stage

    try:
        length, for_a, for_b = text.split(":")
        return Stage(float(length), int(for_a), int(for_b))
    except ValueError:
        raise RequestError(f"--stage {text} is not SWEEPS:ZEALOTS_A:ZEALOTS_B; 10:0:8, say") from None


def side_of(text: str) -> Side:
    """The option that --toward names."""
    from spinodal._errors import RequestError

    if text == "A":
        return "A"
    if text == "B":
        return "B"
    raise RequestError(f"--toward {text} is no option; give A or B")
