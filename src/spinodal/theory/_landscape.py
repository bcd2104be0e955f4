"""The potential over magnetization, with the states in its valleys."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from spinodal.response import FloatArray, ResponseFunction
from spinodal.theory._barrier import Barriers, barriers, potential
from spinodal.theory._mean_field import FixedPoint, fixed_points

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, eq=False)
class Landscape:
    """The potential Phi(m) of a response: pi(m) ~ exp(-N Phi(m)), per agent."""

    m: FloatArray
    """Magnetizations, ascending from -1 to 1, shape (K,)."""
    phi: FloatArray
    """Phi at each, shape (K,), with Phi(0) = 0."""
    fixed_points: tuple[FixedPoint, ...]
    """Ascending in m: its valleys (stable) and its tops."""
    phi_at_fixed_points: FloatArray
    """Phi at each of them."""
    barriers: Barriers
    zealots_a: float
    """Per regular agent."""
    zealots_b: float
    response: ResponseFunction = field(repr=False)

    def to_dict(self) -> dict[str, Any]:
        """The curve as lists, the fixed points with their potential, and the barriers."""
        return {
            "m": self.m.tolist(),
            "potential": self.phi.tolist(),
            "fixed_points": [
                {**point.to_dict(), "potential": float(phi)}
                for point, phi in zip(self.fixed_points, self.phi_at_fixed_points, strict=True)
            ],
            "barriers": self.barriers.to_dict(),
        }

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the potential with its states, its tops and the barriers between."""
        from spinodal.plots import landscape

        return landscape(self, ax)


def landscape(
    response: ResponseFunction, *, zealots_a: float = 0.0, zealots_b: float = 0.0, points: int = 401
) -> Landscape:
    """The potential on `points` magnetizations from -1 to 1. Zealots are per regular agent."""
    m = np.linspace(-1.0, 1.0, points)
    z = {"zealots_a": zealots_a, "zealots_b": zealots_b}
    found = fixed_points(response, **z)
    return Landscape(
        m=m,
        phi=potential(response, m, **z),
        fixed_points=found,
        phi_at_fixed_points=potential(response, np.array([point.m for point in found]), **z),
        barriers=barriers(response, **z),
        zealots_a=zealots_a,
        zealots_b=zealots_b,
        response=response,
    )
