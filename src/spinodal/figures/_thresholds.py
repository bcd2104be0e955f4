"""Tipping thresholds: observed on loops against those of theory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from spinodal._errors import RequestError
from spinodal.figures._choosing import named
from spinodal.figures._curves import between_points, nearest_curve
from spinodal.figures._entry import figure
from spinodal.figures._expected import expected_loop, mean_field_thresholds, paces_in_words
from spinodal.figures._look import counted, finish, panels, plain, signed, title
from spinodal.figures._needs import LOOPS, LOOPS_WITH_CURVES
from spinodal.figures._swept import swept_loops
from spinodal.figures._telling import told
from spinodal.plots._style import COLOR, INK, SOFT, legend
from spinodal.response import FloatArray
from spinodal.theory import loop_thresholds

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from spinodal.results import Results

_DRAWS: Final = 100
_RESAMPLES: Final = 2000


@figure(
    "thresholds",
    title="Observed against theoretical tipping thresholds",
    caption="Zealots per agent at which the majority changes on a loop, against theory from the response "
    "curve alone: "
    "of an infinite population swept infinitely slowly, and of the loop’s own size and rate.",
    needs=(LOOPS, LOOPS_WITH_CURVES),
)
def thresholds(results: Results, *, agent: str | None = None) -> Figure:
    """Where m changes its sign on each loop, against z_c, toward A (way up) and toward B (way back).

    Left: against the mean field of the measured (monotone) response, bars 95% intervals by its draws. Right:
    against the same crossing of the exact expected loop. Slopes are least squares through the origin;
    intervals of slope and correlation by 2,000 resamples of loops, seed 0.
    """
    loops = swept_loops(results, named(results, results.loops, agent, None))
    rows = []
    for one in told(loops):
        curve = nearest_curve(results, one.agent, one.pair, one.agents, one.temperature)
        if curve is None:
            continue
        response, fit = curve.in_a_population, curve.monotone
        observed = loop_thresholds(one.zealots, one.up, one.down, one.agents)
        up, down = expected_loop(response, one.agents, one.steps, one.pace, float(one.up[0]))
        exact = loop_thresholds(one.zealots, up, down, one.agents)
        mean_field, spread = [], []
        for side in ("A", "B"):
            mean_field.append(float(mean_field_thresholds(*between_points(fit.m, fit.p), side)))
            drawn_z = mean_field_thresholds(*between_points(fit.m, fit.draws[:_DRAWS]), side)
            known = drawn_z[np.isfinite(drawn_z)]
            spread.append(np.quantile(known, [0.025, 0.975]) if known.size else np.full(2, np.nan))
        rows.append((observed, mean_field, spread, exact))
    if not rows:
        raise RequestError(
            f"cannot draw thresholds from {results.path}: no loop has the response curve of its agent and "
            "pair; "
            "`spinodal assess` measures it"
        )
    observed_z = np.array([row[0] for row in rows])
    theory = np.array([row[1] for row in rows])
    ends = np.array([row[2] for row in rows])
    exact_z = np.array([row[3] for row in rows])
    figure_drawn, axes = panels(1, 2, height=3.4, sharex=True, sharey=True)
    sentences = []
    ways = (
        (axes[0], theory, "infinite population, swept infinitely slowly", "the mean field"),
        (
            axes[1],
            np.where(np.isfinite(theory), exact_z, np.nan),
            "the loop’s own size and rate",
            "the exact chain",
        ),
    )
    shown = np.isfinite(observed_z) & np.isfinite(theory)
    if not shown.any():
        raise RequestError(
            f"cannot draw thresholds from {results.path}: none of {len(rows)} loops tips where theory has a "
            "threshold"
        )
    most = 1.08 * max(float(np.nanmax(theory[shown])), float(observed_z[shown].max()), 0.1)
    least = min(-0.03, float(observed_z[shown].min()) - 0.03)
    for ax, predicted, words, of in ways:
        ax.axline((0.0, 0.0), slope=1.0, color=SOFT, linewidth=0.9)
        for column, (side, marker) in enumerate((("A", "^"), ("B", "v"))):
            way = "way up" if side == "A" else "way back"
            both = np.isfinite(observed_z[:, column]) & np.isfinite(predicted[:, column])
            color = COLOR["A" if side == "A" else "B"]
            if ax is axes[0]:
                for x, y in zip(ends[both, column], observed_z[both, column], strict=True):
                    ax.plot(np.clip(x, -0.09, most), [y, y], color=color, linewidth=0.5, alpha=0.3, zorder=2)
            ax.plot(
                predicted[both, column], observed_z[both, column], marker, color=color, markersize=3.6,
                alpha=0.75, markeredgewidth=0, zorder=3, label=f"toward {side}, {way} ({both.sum()})",
            )  # fmt: skip
        found = _agreement(predicted, observed_z)
        ax.axline((0.0, 0.0), slope=found.slope, color=INK, linewidth=1.1, linestyle=(0, (4, 2)))
        title(ax, words)
        sentences.append(f"{of}: {found.in_words}")
        ax.set(xlim=(-0.09, most), ylim=(least, most), xlabel="$z_c$ of theory, zealots per agent")
        legend(ax, loc="lower right", handletextpad=0.2, borderaxespad=0.1)
    axes[0].set_ylabel("$z_c$ observed, zealots per agent")
    missed = int((np.isfinite(theory) & ~np.isfinite(observed_z)).sum())
    left = f" {counted(missed, 'threshold')} of theory were not reached on the loop." if missed else ""
    return finish(
        figure_drawn,
        f"Tipping thresholds of {counted(len(rows), 'loop')}: where the mean m changes its sign on the way "
        "up (toward A) "
        "and back (toward B), interpolated between steps, against theory from the measured response alone. "
        "Against "
        f"{'; against '.join(sentences)}. Dashed: the slope through the origin; grey: equality; bars: 95% "
        "intervals of "
        f"the mean field's by the curve's uncertainty. Exact chain: "
        f"{paces_in_words(one.pace for one in loops)}.{left}",
    )


@dataclass(frozen=True)
class _Agreement:
    slope: float
    slope_interval: tuple[float, float]
    correlation: float
    correlation_interval: tuple[float, float]
    excess: float
    """Median of observed minus predicted."""
    number: int

    @property
    def in_words(self) -> str:
        """With intervals."""
        low, high = self.slope_interval
        r_low, r_high = self.correlation_interval
        return (
            f"slope {plain(self.slope)} (95% {plain(low)} to {plain(high)}), correlation "
            f"{plain(self.correlation)} "
            f"({plain(r_low)} to {plain(r_high)}), observed minus predicted {signed(self.excess, 3)} in the "
            "median, "
            f"{self.number} thresholds"
        )


def _agreement(x: FloatArray, y: FloatArray) -> _Agreement:
    """Of (L, 2) thresholds of L loops; loops are resampled whole, as both ways share one population."""

    def of(rows: np.ndarray) -> tuple[float, float]:
        a, b = x[rows].ravel(), y[rows].ravel()
        known = np.isfinite(a) & np.isfinite(b)
        a, b = a[known], b[known]
        if a.size < 3 or not (np.ptp(a) > 0.0 and np.ptp(b) > 0.0):
            return float((a @ b) / (a @ a)) if a.size and a @ a > 0.0 else float("nan"), float("nan")
        return float((a @ b) / (a @ a)), float(np.corrcoef(a, b)[0, 1])

    number = x.shape[0]
    random = np.random.default_rng(0)
    slope, correlation = of(np.arange(number))
    drawn = np.array([of(rows) for rows in random.integers(0, number, (_RESAMPLES, number))])
    ends = np.full((2, 2), np.nan)
    for column in (0, 1):
        known = drawn[:, column][np.isfinite(drawn[:, column])]
        if number >= 6 and known.size:
            ends[column] = np.quantile(known, [0.025, 0.975])
    gaps = (y - x)[np.isfinite(x) & np.isfinite(y)]
    return _Agreement(
        slope,
        (float(ends[0, 0]), float(ends[0, 1])),
        correlation,
        (float(ends[1, 0]), float(ends[1, 1])),
        float(np.median(gaps)),
        int(gaps.size),
    )
