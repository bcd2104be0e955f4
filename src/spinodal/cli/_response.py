"""The response that a verb of the theory is asked about: two numbers, or a measured curve."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from spinodal.response import ResponseFunction

Beta = Annotated[float | None, typer.Option("--beta", help="Conformity: the steepness of the response.")]
Bias = Annotated[float | None, typer.Option("--h", help="Bias: the agent is indifferent at m = -h.")]
Curve = Annotated[
    Path | None,
    typer.Option(
        "--curve", help="Instead of --beta and --h: a CSV file of a measured response, with columns m and p."
    ),
]


Shown = Annotated[
    int | None,
    typer.Option("--shown", help="An agent sees only so many of the others at random (default: all)."),
]


def response_of(
    beta: float | None, h: float | None, curve: Path | None, shown: int | None = None
) -> ResponseFunction:
    """The tanh response with these numbers, or the empirical one through the points of a file.

    To all peers, or to `shown` of them.
    """
    from spinodal.response import SampledPeersResponse

    response = _to_all(beta, h, curve)
    return response if shown is None else SampledPeersResponse(response, shown)


def _to_all(beta: float | None, h: float | None, curve: Path | None) -> ResponseFunction:
    from spinodal._errors import RequestError
    from spinodal.response import TanhResponse

    if curve is not None:
        if beta is not None or h is not None:
            raise RequestError("--curve gives the response; leave --beta and --h out")
        return _empirical(curve)
    if beta is None or h is None:
        raise RequestError("which response? give --beta and --h, or --curve FILE (see --help)")
    return TanhResponse(beta, h)


def _empirical(file: Path) -> ResponseFunction:
    from spinodal._errors import RequestError
    from spinodal._files import read_table
    from spinodal.cli._table import numbers, require_columns
    from spinodal.response import EmpiricalResponse

    table = read_table(file)
    require_columns(table, file, "m", "p")
    table = table.sort_values("m")
    try:
        return EmpiricalResponse(numbers(table, file, "m"), numbers(table, file, "p"))
    except RequestError as error:
        raise RequestError(f"{file}: {error}; `spinodal fit` takes counts as they are") from None
