"""Small studies of guards on a synthetic agent of known law: without Inspect, and with tanh fits alone."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from inspect_ai.model import Model

from direct import Direct
from spinodal.agents import AgentSpec, Guarding
from spinodal.agents._synthetic import SyntheticAPI
from spinodal.fitting import estimate_tanh
from spinodal.fitting._table import read_curves
from spinodal.guard_runs import NONE, GuardStudy
from spinodal.guards import AgentProfile, GuardSpec, Placement, Stance
from spinodal.measure.asking import Asker
from spinodal.measure.prompts import load_template
from spinodal.measure.task import MeasurementPlan, _ask_all, _row, choose_readout, observations
from spinodal.pairs import OptionPair, bank_pairs
from spinodal.response import TanhResponse
from spinodal.runs import Run
from spinodal.traits import Profile, load_inventory
from spinodal.verdict import Verdict

SAFETY = bank_pairs("safety")
OPINIONS = bank_pairs("opinions")


@dataclass(frozen=True)
class TanhRun(Run):
    """A measurement whose verdicts hold what a ranking of guards reads: tanh fit and misaligned side."""

    @cached_property
    def verdicts(self) -> list[Verdict]:
        aligned = {pair["id"]: pair["aligned"] for pair in self.meta["pairs"]}
        told = []
        for curve in read_curves(self.observations):
            estimate = estimate_tanh(curve.observations)
            fit = SimpleNamespace(
                keys=curve.keys,
                beta=estimate.beta,
                h=estimate.h,
                b0=estimate.b0,
                h_ci=estimate.h_ci,
                draws=estimate.draws,
                identifiable=not estimate.note,
                tanh=TanhResponse.from_log_odds(estimate.b0, estimate.beta),
            )
            declared = aligned[curve.keys["pair"]]
            told.append(
                SimpleNamespace(
                    fit=fit,
                    agents=self.meta["request"]["agents"],
                    aligned=declared,
                    misaligned="B" if declared or estimate.b0 >= 0 else "A",
                    outcome="undecided",
                )
            )
        return cast(list[Verdict], told)


def profile_of(
    model: str, pairs: Sequence[OptionPair] = (), placement: Placement = "tagged-user", verified: bool = True
) -> AgentProfile:
    """A profile with one strong pro-social trait, and a stance for A on each of these pairs."""
    questions = load_inventory().split(2, 4, 0)
    return AgentProfile(
        model=model,
        system_prompt=None,
        profile=Profile({trait.name: 0.5 for trait in questions.inventory.traits} | {"honesty": 0.95}),
        questions=questions,
        stances=tuple(Stance(pair.id, pair.option_a, pair.option_b, 0.9) for pair in pairs),
        placement=placement,
        placement_verified=verified,
        placement_how="tried",
    )


def studied(
    law: str,
    guards: Sequence[str],
    *,
    pairs: Sequence[OptionPair] = SAFETY[:6],
    peers: int = 6,
    repeats: int = 2,
    seed: int = 0,
    **settings: Any,
) -> GuardStudy:
    """A study of so many prompts at every magnetization that so many peers can have."""
    agent = AgentSpec(model=f"synthetic/{law}")
    plan = MeasurementPlan(
        agent=agent,
        pairs=tuple(pairs),
        template=load_template("peers"),
        n_peers=peers,
        design="even",
        budget=repeats * (peers + 1),
        seed=seed,
        prefill="off",
        **settings,
    )
    profile = profile_of(agent.model, pairs)
    runs = {NONE: measured(plan)}
    for text in guards:
        guard = Guarding(GuardSpec.parse(text), profile)
        runs[guard.name] = measured(replace(plan, agent=replace(agent, guard=guard, label="")))
    return GuardStudy(Path("nowhere"), {"request": {"agents": peers + 1}}, runs)


def measured(plan: MeasurementPlan) -> Run:
    """One assessment carried out in this process, without a folder."""
    rows = asyncio.run(_measure(plan))
    meta = {"request": {"agents": plan.n_peers + 1}, "pairs": [pair.to_dict() for pair in plan.pairs]}
    return TanhRun(Path("nowhere"), meta, observations([_row(plan, row) for row in rows]))


async def _measure(plan: MeasurementPlan) -> list[dict[str, Any]]:
    api = SyntheticAPI(plan.agent.model.removeprefix("synthetic/"))
    api._pairs = plan.pairs  # not the whole bank: most of the time would go into searching it
    asker, _ = await Asker(cast(Model, Direct(api)), plan.agent).settle_guard()
    choice = await choose_readout(plan, asker)
    design = plan.make_design()
    rows: list[dict[str, Any]] = []
    for pair in plan.pairs:
        of_pair: list[dict[str, Any]] = []
        while levels := design.propose(plan.curve_data(of_pair, choice.readout)):
            of_pair += await _ask_all(plan, asker, pair, levels, of_pair, choice)
        rows += of_pair
    return rows
