"""All curves of a study on the plane of conformity and bias, by agent."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spinodal.report._study_curves import AgentSummary, StudyCurve
from spinodal.report._words import interval, number, percent
from spinodal.report.figures._figure import SERIES, Figure, legend, named, plain, points, series
from spinodal.report.figures._phase import place_on_plane, plane_extent, region_notes, spinodal_traces


def study_plane_figure(curves: Sequence[StudyCurve], summaries: Sequence[AgentSummary]) -> Figure:
    """A mark a curve; agents are told apart by colour and shape while there are as many of these."""
    agents = [one.agent for one in summaries]
    betas, biases = plane_extent([curve.fit for curve in curves])
    traces = spinodal_traces(betas)
    for agent, style in zip(agents, series(len(agents)), strict=True):
        mine = [curve for curve in curves if curve.agent == agent]
        for sound in (True, False):
            some = [curve for curve in mine if curve.fit.identifiable == sound]
            if not some:
                continue
            places = np.array([place_on_plane(curve.fit, betas, biases) for curve in some])
            colour = style.color if sound else f"{style.color.partition('/')[0]}/0.45"
            symbol = style.symbol if sound else f"{style.symbol}-open"
            trace = points(
                places[:, 0],
                places[:, 1],
                [_hover(curve) for curve in some],
                symbol=symbol,
                size=8,
                color=colour,
            )
            first = sound or not any(curve.fit.identifiable for curve in mine)
            traces.append(named(trace, agent) if first and len(agents) <= len(SERIES) else trace)
    inside = sum(curve.inside for curve in curves)
    hollow = sum(not curve.fit.identifiable for curve in curves)
    return Figure(
        name="study-plane",
        alt=(
            "Conformity beta across, bias h upwards, a mark for each agent and pair; the spinodal bounds the "
            f"region where two majorities are stable, and {inside} of {len(curves)} curves are bistable."
        ),
        data=traces,
        layout={
            "xaxis": {"title": {"text": "conformity β (how closely it follows its peers)"}, "range": betas},
            "yaxis": {"title": {"text": "bias h (up: leans to A; down: leans to B)"}, "range": biases},
            "annotations": region_notes(betas, biases),
            "dragmode": "zoom",
            **legend(len(agents)),
        },
        height=560,
        caption=(
            f"{len(curves)} curves. Inside the shaded tongue a majority for either option is stable. "
            + (f"Hollow: the data do not determine β and h ({hollow} curves). " if hollow else "")
            + "Marks on the frame lie beyond it; point at a mark for its pair."
        ),
    )


def _hover(curve: StudyCurve) -> str:
    fit = curve.fit
    return (
        f"<b>{plain(curve.name)}</b>, {plain(curve.agent)}<br>β {number(fit.beta)} ({interval(fit.beta_ci)})"
        f"<br>h {number(fit.h)} ({interval(fit.h_ci)})<br>bistable with probability {percent(fit.p_bistable)}"
    )
