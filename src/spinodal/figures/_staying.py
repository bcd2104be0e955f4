"""How often populations that start misaligned stay so, over the plane of conformity and bias."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from spinodal.figures._curves import Curve, conditions_in_words, fitted, main_curves, undetermined_in_words
from spinodal.figures._entry import figure
from spinodal.figures._look import brief, counted, finish, panels, short_names
from spinodal.figures._misaligned import misaligned_sign
from spinodal.figures._needs import CURVES
from spinodal.figures._plane import arrow_beyond, edge_place, extent
from spinodal.figures._telling import told
from spinodal.plots._style import INK, REGION
from spinodal.response import ResponseFunction, TanhResponse
from spinodal.theory import Chain, evolve, spinodal_h

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from spinodal.results import Results

START: Final = 0.8
"""|m| that populations start from, on the misaligned side."""
SWEEPS: Final = 10.0
_MISALIGNED_START: Final = 0.5
"""Least |m0| on that side of real populations that count as started there."""
_LIGHT: Final = 0.6
"""Chances above it have a colour light enough for a dark edge."""
_GRID: Final = (64, 48)
"""Cells of the background along beta and h."""


@figure(
    "staying",
    title="How often runs stay misaligned",
    caption="The share of populations started with a misaligned majority that still have it after some "
    "sweeps, "
    "over conformity and the bias toward the aligned side.",
    needs=(CURVES,),
)
def staying(
    results: Results,
    *,
    agent: str | None = None,
    template: str | None = None,
    temperature: float | None = None,
    peers: int | None = None,
    sweeps: float = SWEEPS,
) -> Figure:
    """The chance to be still misaligned after `sweeps`, from |m| = 0.8 on the misaligned side.

    Of each curve by the exact chain of its fitted response; where real or imported populations started on the
    misaligned side (|m| of 0.5 or more), as often as these did, drawn as squares. The background is the exact
    chain of a tanh response with that (beta, h). Agents are one more than the peers shown.
    """
    found = main_curves(results, agent, template=template, temperature=temperature, peers=peers)
    curves = fitted([curve for own in found.values() for curve in own])
    number = [curve.condition.n_peers + 1 for curve in curves]
    agents = max(set(number), key=number.count)
    up = [-misaligned_sign(results, curve) for curve in curves]
    observed = _observed(results, curves, up)
    share = [
        stay_probability(curve.tanh, agents, -side, sweeps)
        for curve, side in told(list(zip(curves, up, strict=True)))
    ]
    sound = [
        (curve.beta, side * curve.h) for curve, side in zip(curves, up, strict=True) if curve.identifiable
    ]
    betas, reach = extent(sound)
    least = min(-0.12, max(-reach, min((h for beta, h in sound if beta > 0.0), default=0.0) - 0.08))
    drawn, [ax] = panels(1, 1, width=5.4, height=3.9)
    edges = np.linspace(*betas, _GRID[0] + 1), np.linspace(least, reach, _GRID[1] + 1)
    middle_x, middle_y = (0.5 * (edge[1:] + edge[:-1]) for edge in edges)
    field = np.array(
        [
            [stay_probability(TanhResponse(b or 1e-9, h), agents, -1.0, sweeps) for b in middle_x]
            for h in middle_y
        ]
    )
    scale: dict[str, Any] = {"cmap": "cividis", "vmin": 0.0, "vmax": 1.0}
    image = ax.imshow(
        field, extent=(*betas, least, reach), origin="lower", aspect="auto", interpolation="bilinear",
        alpha=0.85, zorder=0, **scale,
    )  # fmt: skip
    _edge(ax, betas)
    real = 0
    alike: dict[tuple[str, str, float, bool], list[tuple[float, float, float]]] = {}
    for curve, side, chance in zip(curves, up, share, strict=True):
        seen = observed.get((curve.agent, curve.pair))
        real += seen is not None
        h = side * curve.h
        marker = "s" if seen else "o"
        if curve.identifiable:
            place = float(np.clip(curve.beta, *betas)), float(np.clip(h, least, reach))
            marker = arrow_beyond(curve.beta, h, betas, reach) or marker
        else:
            (x, y), marker = edge_place(curve, betas, reach, up=side)
            place = x, max(y, least)
        value = seen[0] if seen else chance
        look = (
            marker,
            INK if value > _LIGHT else "white",
            1.0 if curve.identifiable else 0.6,
            seen is not None,
        )
        alike.setdefault(look, []).append((*place, value))
    for (marker, edge, alpha, is_real), marks in alike.items():
        at_beta, at_h, values = zip(*marks, strict=True)
        ax.scatter(
            at_beta, at_h, c=values, marker=marker, s=60 if is_real else 17, edgecolors=edge,
            linewidths=1.4 if is_real else 0.5, alpha=alpha, zorder=5 if is_real else 4, clip_on=False,
            **scale,
        )  # fmt: skip
    bar = drawn.colorbar(image, ax=ax, ticks=(0, 0.25, 0.5, 0.75, 1), pad=0.02)
    bar.set_label(f"chance to be misaligned\nafter {sweeps:g} sweeps", fontsize=10.5)
    bar.outline.set_visible(False)
    ax.set(xlim=betas, ylim=(least, reach), xlabel="conformity β", ylabel="bias toward the aligned side")
    _key(drawn, ax, real, len(curves) - real)
    stay = sum(chance > 0.5 for chance in share)
    declared = sum((pair := results.pairs.get(curve.pair)) is not None and pair.aligned for curve in curves)
    of_real = ""
    if real:
        parts = [
            f"{brief(short_names([label])[label], 30)}, {pair}: {stayed:.0%} of {runs}"
            for (label, pair), (stayed, runs) in list(observed.items())[:6]
        ]
        of_real = (
            f" Squares: real or imported populations, as often as they ended so ({'; '.join(parts)}"
            f"{'; …' if len(observed) > 6 else ''})."
        )
    misaligned = (
        "against the agent's own bias (neutral pairs)"
        if not declared
        else "against the option declared aligned"
        if declared == len(curves)
        else f"against the option declared aligned ({declared} pairs of {len(curves)}), else against the "
        f"agent's "
        "own bias"
    )
    return finish(
        drawn,
        f"Chance that {agents} agents who start at |m| = {START:g} on the misaligned side, {misaligned}, "
        "have a "
        f"majority there after {sweeps:g} sweeps. Circles: computed for "
        f"{counted(len(curves) - real, 'curve')} by the "
        f"exact chain of the fitted response; above one half for {stay} of {len(curves)}. Background: the "
        "same for "
        f"every (β, h); line: the spinodal.{of_real}"
        f"{undetermined_in_words(curves, '; they are arrows on the frame')} {conditions_in_words(curves)}",
    )


def stay_probability(response: ResponseFunction, agents: int, side: float, sweeps: float = SWEEPS) -> float:
    """Probability of a majority on `side` (+1: A, -1: B) after `sweeps` from m = 0.8 on that side, exactly.

    Half of the probability of a tie counts.
    """
    chain = Chain(response, agents)
    start = np.zeros(agents + 1)
    start[chain.nearest(side * START)] = 1.0
    law = evolve(chain, start, sweeps)
    m = side * chain.magnetization
    return float(law[m > 1e-9].sum() + 0.5 * law[np.abs(m) <= 1e-9].sum())


def _observed(
    results: Results, curves: list[Curve], up: list[float]
) -> dict[tuple[str, str], tuple[float, int]]:
    """By agent and pair: the share still misaligned of populations that started so, and their number."""
    if results.paths.empty:
        return {}
    sides = {(curve.agent, curve.pair): -side for curve, side in zip(curves, up, strict=True)}
    ends = (
        results.paths.sort_values("sweep")
        .groupby(["agent", "pair", "m0", "trajectory"], sort=False)["m"]
        .last()
    )
    found: dict[tuple[str, str], tuple[float, int]] = {}
    for (agent, pair), m in ends.groupby(["agent", "pair"], sort=False):
        side = sides.get((str(agent), str(pair)))
        if side is None:
            continue
        started = m[side * m.index.get_level_values("m0") >= _MISALIGNED_START]
        if len(started):
            found[(str(agent), str(pair))] = (float((side * started > 0.0).mean()), len(started))
    return found


def _key(drawn: Figure, ax: Axes, real: int, computed: int) -> None:
    style: dict[str, Any] = {"color": "white", "markeredgecolor": INK, "linestyle": ""}
    if computed:
        ax.plot([], [], marker="o", markersize=4.5, label=f"computed from the response ({computed})", **style)
    if real:
        ax.plot(
            [],
            [],
            marker="s",
            markersize=7,
            markeredgewidth=1.4,
            label=f"populations of agents ({real})",
            **style,
        )
    ax.plot([], [], color=REGION, linewidth=1.8, label="spinodal")
    handles, labels = ax.get_legend_handles_labels()
    drawn.legend(
        handles, labels, loc="outside lower center", ncols=3, frameon=False, fontsize=9, handletextpad=0.4,
        columnspacing=1.4,
    )  # fmt: skip


def _edge(ax: Axes, betas: tuple[float, float]) -> None:
    beta = 1.0 + (betas[1] - 1.0) * np.linspace(0.0, 1.0, 300) ** 2
    for sign in (1.0, -1.0):
        ax.plot(beta, sign * spinodal_h(beta), color=REGION, linewidth=1.8, zorder=3)
