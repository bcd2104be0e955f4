"""The loop itself, with agents whose response is known: populations of 50 against the exact chain."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, cast

import numpy as np
import pytest
from inspect_ai.model import Model
from numpy.typing import NDArray

from direct import Direct
from spinodal import Kind, Population, TanhResponse
from spinodal.agents import AgentSpec
from spinodal.agents._synthetic import SyntheticAPI
from spinodal.agreement import Forecast, agreement
from spinodal.measure.asking import Asker
from spinodal.measure.prompts import load_template
from spinodal.measure.reading import ReadoutChoice
from spinodal.measure.task import find_pair
from spinodal.society.group import Group
from spinodal.society.life import Life, Voice, live
from spinodal.society.plan import SocietyPlan
from spinodal.theory import Stage

if TYPE_CHECKING:
    from _page import Record
    from matplotlib.axes import Axes

BETA, H = 1.5, 0.05
AGENTS, SWEEPS = 50, 2
RUNS = int(os.environ.get("SPINODAL_SOCIETIES", "200"))
LEVEL = 0.001
"""A correct program fails with this probability, were the seed another."""


@pytest.fixture(scope="module")
def society() -> tuple[SocietyPlan, NDArray[np.float64], NDArray[np.int64]]:
    """A plan, and where each trajectory started and what became of it."""
    agent = AgentSpec(model=f"synthetic/beta={BETA}/h={H}")
    plan = SocietyPlan(
        groups=(Group(agent, AGENTS),),
        pair=find_pair("season"),
        template=load_template("minimal"),
        stages=(Stage(SWEEPS - 1), Stage(1, zealots_b=10)),
        m0=(-0.6, 0.0, 0.4, 0.8),
        trajectories=RUNS // 4,
        seed=2,
    )
    api = SyntheticAPI(f"beta={BETA}/h={H}", pairs=[plan.pair.to_dict()])
    voice = Voice(Asker(cast(Model, Direct(api)), agent), ReadoutChoice("logprob", True, "known"))
    lives = [Life(number, m0) for number, m0 in enumerate(plan.starts)]

    async def all_of_them() -> None:
        for life in lives:
            await live(plan, [voice], {}, life)

    asyncio.run(all_of_them())
    return plan, np.array(plan.starts), np.array([life.agents_a for life in lives])


def _forecast(plan: SocietyPlan, beta: float) -> Forecast:
    population = Population([Kind(TanhResponse(beta, H), AGENTS)])
    return Forecast([population], plan.stages, stop_at_consensus=plan.stop_at_consensus)


@pytest.mark.verifies(
    "simulation",
    "The real loop with agents of known law",
    f"{RUNS} populations of {AGENTS} synthetic agents, asked through prompts and the readout, against the "
    "exact chain.",
    "p above 1e-3",
)
def test_the_loop_lives_as_the_exact_chain_says(
    society: tuple[SocietyPlan, NDArray[np.float64], NDArray[np.int64]],
    keep_plot: Callable[..., Axes],
    record: Record,
) -> None:
    plan, m0, counts = society
    found = agreement(_forecast(plan, BETA), m0, counts, repeats=1999, seed=1)
    record(f"p = {found.p_value:.2g}")
    axes = keep_plot("society_loop")
    sweeps = np.arange(SWEEPS + 1)
    for start in found.by_start:
        trace = _forecast(plan, BETA).trace(start.m0)
        axes.fill_between(sweeps, trace.quantile(0.05), trace.quantile(0.95), alpha=0.2, color="C0")
        axes.plot(sweeps, trace.mean, color="C0")
        axes.plot(sweeps, start.observed_m, "o", color="C1")
    axes.set_title(
        f"{RUNS} populations of {AGENTS} synthetic agents (points: means) in the exact chain's "
        f"90% band: p = {found.p_value:.2f}",
        fontsize=9,
    )
    axes.set_xlabel("sweeps")
    axes.set_ylabel("magnetization m")
    assert found.known
    assert found.runs == RUNS
    assert not found.rejects(LEVEL)


@pytest.mark.parametrize("factor", [0.8, 1.2])
def test_a_conformity_that_is_off_by_a_fifth_is_rejected(
    society: tuple[SocietyPlan, NDArray[np.float64], NDArray[np.int64]], factor: float
) -> None:
    plan, m0, counts = society
    found = agreement(_forecast(plan, factor * BETA), m0, counts, repeats=1999, seed=1)
    assert found.rejects(LEVEL)


def test_a_prediction_without_the_zealots_is_rejected(
    society: tuple[SocietyPlan, NDArray[np.float64], NDArray[np.int64]],
) -> None:
    plan, m0, counts = society
    alone = replace(_forecast(plan, BETA), stages=(Stage(SWEEPS),))
    assert agreement(alone, m0, counts, repeats=1999, seed=1).rejects(LEVEL)
