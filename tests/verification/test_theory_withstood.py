"""The share of adversaries withstood: two ways to compute it against each other, fixed points, and the
threshold of the conformity study.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from spinodal.response import EmpiricalResponse, MixtureResponse, ResponseFunction, TanhResponse
from spinodal.theory import (
    Side,
    fixed_points,
    states_of,
    tanh_withstood_share,
    tipping_z,
    withstood_share,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from _page import Record
    from matplotlib.axes import Axes

SIDES: tuple[Side, Side] = ("A", "B")
GRID = 2e-4
"""What the grid of `withstood_share` is good for, with a margin of two."""


def _random_laws(count: int, seed: int, **low_high: tuple[float, float]) -> list[tuple[float, float]]:
    random = np.random.default_rng(seed)
    beta, h = (random.uniform(*low_high[name], size=count) for name in ("beta", "h"))
    return [(float(one), float(other)) for one, other in zip(beta, h, strict=True)]


def _by_fixed_points(response: ResponseFunction, toward: Side, tolerance: float = 1e-5) -> float:
    """The share below which a stable majority against the adversaries stands, by bisection in the share."""
    aligned: Side = "A" if toward == "B" else "B"

    def stands(share: float) -> bool:
        z = share / (1.0 - share)
        zealots = {f"zealots_{toward.lower()}": z}
        return getattr(states_of(fixed_points(response, **zealots)), aligned) is not None

    if not stands(0.0):
        return 0.0
    low, high = 0.0, 1.0 - 1e-6
    if stands(high):
        return 1.0
    while high - low > tolerance:
        middle = 0.5 * (low + high)
        low, high = (middle, high) if stands(middle) else (low, middle)
    return 0.5 * (low + high)


@pytest.mark.verifies(
    "theory",
    "Share of adversaries withstood",
    "Two ways to compute it, a closed form and a grid of the response, on 550 random tanh responses.",
    "2e-4",
)
@pytest.mark.parametrize("toward", SIDES)
def test_the_grid_and_the_closed_form_agree(
    toward: Side, keep_plot: Callable[..., Axes], record: Record
) -> None:
    laws = [
        *_random_laws(400, 1, beta=(-3.0, 6.0), h=(-1.3, 1.3)),
        *_random_laws(100, 2, beta=(0.9, 1.1), h=(-0.1, 0.1)),  # about the critical point
        *_random_laws(50, 3, beta=(6.0, 40.0), h=(-1.3, 1.3)),
    ]
    grid = np.array([withstood_share(TanhResponse(beta, h), toward) for beta, h in laws])
    closed = tanh_withstood_share(*np.array(laws).T, toward)
    _draw(keep_plot(f"theory_withstood_{toward}"), toward, closed, grid)
    worst = int(np.argmax(np.abs(grid - closed)))
    record(f"largest difference {abs(grid[worst] - closed[worst]):.1e}")
    assert abs(grid[worst] - closed[worst]) < GRID, laws[worst]
    assert 0.05 < np.mean((closed > 0) & (closed < 1)) < 0.95  # neither all lost nor all safe
    assert {0.0, 1.0} <= set(closed)


@pytest.mark.parametrize("toward", SIDES)
def test_it_is_where_fixed_points_with_zealots_lose_the_majority(toward: Side) -> None:
    for beta, h in _random_laws(60, 4, beta=(-2.0, 5.0), h=(-1.2, 1.2)):
        response = TanhResponse(beta, h)
        found = _by_fixed_points(response, toward)
        assert withstood_share(response, toward) == pytest.approx(found, abs=GRID), (beta, h)


def test_it_is_so_of_responses_that_are_no_tanh() -> None:
    """A fitted curve with a plateau, and a half-guarded crowd."""
    steps = EmpiricalResponse(
        np.array([-1.0, -0.4, -0.1, 0.3, 0.5, 1.0]), np.array([0.02, 0.05, 0.55, 0.6, 0.9, 0.97])
    )
    mixed = MixtureResponse((TanhResponse(2.5, -0.2), TanhResponse(0.8, 0.5)), (0.6, 0.4))
    for response in (steps, mixed):
        for toward in SIDES:
            found = _by_fixed_points(response, toward)
            assert withstood_share(response, toward) == pytest.approx(found, abs=GRID), toward
    assert 0.0 < withstood_share(mixed, "B") < 1.0


@pytest.mark.parametrize("toward", SIDES)
def test_where_the_population_is_tipped_it_is_the_threshold_as_a_share(toward: Side) -> None:
    beta, h = np.array(_random_laws(3000, 5, beta=(1.0, 8.0), h=(-0.9, 0.9))).T
    z = tipping_z(beta, h, toward)
    tipped = np.isfinite(z)
    assert tipped.sum() > 500
    found = tanh_withstood_share(beta, h, toward)[tipped]
    assert found == pytest.approx(z[tipped] / (1.0 + z[tipped]), abs=1e-12)


@pytest.mark.parametrize(
    ("beta", "h", "toward", "z"),
    [
        (3.0, 0.0, "A", 0.321440),
        (3.0, 0.0, "B", 0.321440),
        (2.943, 0.325, "A", 0.059885),
        (2.943, 0.325, "B", 0.758524),
        (4.0, -0.3, "A", 0.855869),
        (4.0, -0.3, "B", 0.146246),
    ],
)
def test_the_published_thresholds_as_shares(beta: float, h: float, toward: Side, z: float) -> None:
    """Zealots per regular agent of the conformity study (arXiv 2605.10721)."""
    share = z / (1.0 + z)
    assert float(tanh_withstood_share(beta, h, toward)) == pytest.approx(share, abs=1e-6)
    assert withstood_share(TanhResponse(beta, h), toward) == pytest.approx(share, abs=GRID)


def test_the_two_laws_meet_where_the_jump_ends() -> None:
    """At a = 1 the threshold of the jump is where the majority passes."""
    for beta in (1.2, 2.0, 5.0):
        h = 1.0 - 1.0 / beta  # toward B: a = beta (1 - h) = 1
        below, above = tanh_withstood_share(beta * np.array([1.0 - 1e-9, 1.0 + 1e-9]), h, "B")
        assert below == pytest.approx(above, abs=1e-4)


def test_it_grows_with_the_bias_against_the_adversaries() -> None:
    h = np.linspace(-1.2, 1.2, 241)
    for beta in (0.5, 1.5, 3.0):
        assert np.all(np.diff(tanh_withstood_share(beta, h, "B")) >= -1e-12)
        assert np.allclose(tanh_withstood_share(beta, h, "B"), tanh_withstood_share(beta, -h, "A"))


def _draw(axes: Axes, toward: Side, closed: Any, grid: Any) -> None:
    axes.plot([0, 1], [0, 1], color="0.7", lw=1)
    axes.plot(closed, grid, ".", ms=3)
    axes.set_xlabel("share withstood, closed form")
    axes.set_ylabel("on a grid of the response")
    axes.set_title(f"adversaries toward {toward}: {len(closed)} random tanh responses")
