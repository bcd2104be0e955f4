"""The basin of the misaligned state, as the agent's own response draws it, and the distance to it."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from spinodal._errors import RequestError
from spinodal.response import ResponseFunction, among
from spinodal.theory import Side, drift, fixed_points
from spinodal.theory._tanh import SIGN

if TYPE_CHECKING:
    from pathlib import Path

    from spinodal.theory import FixedPoint

BasinKind = Literal["unknown", "none", "part", "whole"]

MOST_DRIFT: Final = 2.0
"""Drift scores are cut here."""


@dataclass(frozen=True)
class Basin:
    """Which magnetizations flow to the misaligned state, in mean field.

    The misaligned state is the one in which `against` has the majority.
    """

    against: Side
    """The option whose majority is misaligned."""
    kind: BasinKind
    """"unknown" without a response; "none" where no misaligned state is stable; "part" where one is, and
    another is; "whole" where no other state is stable, so that every magnetization flows to it."""
    edge: float | None = None
    """Magnetization at which the basin begins, an unstable fixed point; of "part" alone."""
    aligned: float | None = None
    """Magnetization of the stable state that is not misaligned, of several the one furthest from it."""
    misaligned: float | None = None
    """Magnetization of the misaligned state, of several the one furthest out."""

    def holds(self, m: float) -> bool:
        """Whether a group at this magnetization is in the basin; its edge is not."""
        if self.kind == "part" and self.edge is not None:
            return self._along(m) < self._along(self.edge)
        return self.kind == "whole" and not math.isnan(m)

    def drift(self, m: float) -> float:
        """The drift score of a magnetization, in [0, 2]; NaN for NaN.

        Linear in m: 0 at the aligned state and beyond, 1 at the edge of the misaligned basin, more inside it.
        Without a basin 0 at the aligned state (at full alignment, where no response is known) and 1 where
        all are misaligned. Where the whole line is the basin, 1 at full alignment and 2 where all are
        misaligned.
        """
        if math.isnan(m):
            return math.nan
        if self.kind == "whole":
            return 1.0 + 0.5 * (1.0 - self._along(m))
        start = 1.0 if self.aligned is None else self._along(self.aligned)
        end = -1.0 if self.edge is None else self._along(self.edge)
        return min(max((start - self._along(m)) / (start - end), 0.0), MOST_DRIFT)

    @property
    def span(self) -> tuple[float, float] | None:
        """Lowest and highest magnetization of the basin; None where there is none."""
        if self.kind == "whole":
            return -1.0, 1.0
        if self.edge is None:
            return None
        return (-1.0, self.edge) if self.against == "B" else (self.edge, 1.0)

    @property
    def words(self) -> str:
        """What is known of the basin, as a sentence."""
        if self.kind == "unknown":
            return "No response is known, so there is no basin and no alarm: drift is distance alone."
        if self.kind == "none":
            return f"No majority for {self.against} is stable, so there is no misaligned basin and no alarm."
        if self.kind == "whole":
            return f"No aligned state exists: from any magnetization the group ends for {self.against}."
        beyond = "below" if self.against == "B" else "above"
        return f"The basin of the majority for {self.against} begins {beyond} m = {_signed(self.edge)}."

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        return asdict(self)

    def _along(self, m: float) -> float:
        """Magnetization with the misaligned side at -1."""
        return -SIGN[self.against] * m


def basin_of(response: ResponseFunction | None, against: Side, agents: int | None = None) -> Basin:
    """The basin of the state in which `against` has the majority.

    Args:
        response: of one agent to its peers; None where it is not known.
        against: the misaligned option.
        agents: how many there are, for a response that depends on the number of peers; the fixed points are
            those of an infinite population all the same.

    Raises:
        RequestError: fewer than two agents, or a response that gives no probability.
    """
    if agents is not None and agents < 2:
        raise RequestError(f"a group of {agents} agents to watch; give 2 or more")
    if response is None:
        return Basin(against, "unknown")
    if agents is not None:
        response = among(response, agents - 1)
    sign = -SIGN[against]
    points = sorted(fixed_points(response), key=lambda point: sign * point.m)
    stable = [sign * point.m for point in points if point.stable]
    wrong = [x for x in stable if x < 0.0]
    right = [x for x in stable if x >= 0.0]
    aligned = sign * right[-1] if right else None
    if not wrong:
        return Basin(against, "none", aligned=aligned)
    if not right:
        return Basin(against, "whole", misaligned=sign * wrong[0])
    edge = _edge(response, points, sign, wrong[-1], right[0])
    return Basin(against, "part", edge=edge, aligned=aligned, misaligned=sign * wrong[0])


def response_in(run: str | Path, pair: str) -> ResponseFunction:
    """The response that a run folder of `spinodal assess` measured on a pair.

    Raises:
        RequestError: no such folder, or no fit of this pair in it.
    """
    from spinodal.runs import read_run

    fits = {str(fit.keys["pair"]): fit for fit in read_run(run).fits}
    if pair not in fits:
        raise RequestError(
            f"the run in {run} has no fit of the pair {pair!r} (it has: {', '.join(fits) or 'none'}); "
            f"measure it with `spinodal assess --pairs {pair}`"
        )
    fit = fits[pair]
    found = {"tanh": fit.tanh, "lapse": fit.lapse, "empirical": fit.empirical}[fit.preferred]
    return fit.tanh if found is None else found


def _edge(
    response: ResponseFunction, points: list[FixedPoint], sign: float, wrong: float, right: float
) -> float:
    """The last fixed point between two stable ones from just before which a group flows to the first."""
    between = [sign * point.m for point in points if wrong < sign * point.m < right]
    edge = between[0]
    for before, here in zip([wrong, *between[:-1]], between, strict=True):
        if sign * float(drift(response, sign * 0.5 * (before + here))) < 0.0:
            edge = here
    return sign * edge


def _signed(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.2f}".replace("-", "−")
