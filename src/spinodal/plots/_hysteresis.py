"""The hysteresis loop over the states of the infinite population."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spinodal.plots._style import COLOR, REGION, SOFT, legend, new_axes, note
from spinodal.response import FloatArray, ResponseFunction, probabilities
from spinodal.theory import HysteresisLoop, Side, tipping_threshold

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def hysteresis_loop(loop: HysteresisLoop, ax: Axes | None = None) -> Axes:
    """Both branches, the mean-field states, and the zealots at which a state disappears."""
    ax = new_axes(ax)
    most = float(loop.zealots.max())
    ax.fill_between(loop.zealots, loop.up, loop.down, color=REGION, alpha=0.10, linewidth=0)
    zealots, m, stable = mean_field_states(loop.response, loop.agents)
    for shown, style, name in (
        (stable, "-", "infinite population, stable"),
        (~stable, (0, (3, 2)), "unstable"),
    ):
        ax.plot(
            np.where(shown, zealots, np.nan),
            m,
            color=SOFT,
            linewidth=1.0,
            linestyle=style,
            label=name,
            zorder=1,
        )
    ax.plot(loop.zealots, loop.up, color=COLOR["A"], linewidth=2.0, label="zealots for A growing")
    ax.plot(loop.zealots, loop.down, color=COLOR["B"], linewidth=2.0, label="zealots for B growing")
    sides: tuple[tuple[Side, int], ...] = (("A", 1), ("B", -1))
    for toward, sign in sides:
        z = tipping_threshold(loop.response, toward).zealots_per_agent
        if z is not None and z * loop.agents <= most:
            at = sign * z * loop.agents
            ax.axvline(at, color=COLOR[toward], linewidth=1.0, linestyle=":")
            place = {"ha": "left" if sign > 0 else "right", "va": "center", "xytext": (4 * sign, 0)}
            note(
                ax,
                f"{at:+.1f}".replace("-", "−"),
                at,
                -0.85 * sign,
                textcoords="offset points",
                color=COLOR[toward],
                **place,
            )
    ax.set(
        xlim=(-most, most),
        ylim=(-1.08, 1.08),
        xlabel=f"zealots beside {loop.agents:,} regular agents: for B (−), for A (+)",
        ylabel="mean magnetization m of the regular agents",
    )
    legend(ax, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
    return ax


def mean_field_states(
    response: ResponseFunction, agents: int
) -> tuple[FloatArray, FloatArray, NDArray[np.bool_]]:
    """Signed zealots beside `agents`, m, and whether it is stable, of every state of the infinite population.

    In order of what an agent perceives there: each perceived mu is a state for one number of zealots,
    m = g(mu) = mu (1 + z) - s z.
    """
    mu = np.sin(np.linspace(-0.5, 0.5, 4001) * np.pi)[1:-1]
    m = 2.0 * probabilities(response, mu) - 1.0
    z = np.where(mu >= m, (mu - m) / (1.0 - mu), (mu - m) / (1.0 + mu))
    stable = np.gradient(z) * np.sign(np.gradient(m) + 1e-300) > 0.0
    return z * agents, m, stable
