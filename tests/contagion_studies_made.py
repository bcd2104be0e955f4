"""Small contagion studies of a synthetic player, for tests."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from inspect_ai.model import Model

from direct import Direct
from spinodal.agents import AgentSpec
from spinodal.contagion._synthetic_player import SyntheticPlayerAPI
from spinodal.contagion.companies import company_of
from spinodal.contagion.plan import Cell, ContagionPlan
from spinodal.contagion.play import Played
from spinodal.contagion.preparing import Preparation, prepare
from spinodal.contagion.task import Models, play_and_ask, record_of
from spinodal.contagion.wording import load_wording
from spinodal.contagion_runs import ContagionRun
from spinodal.contagion_studies import ContagionRequest, profile_facts, tables_of
from spinodal.games import load_game
from spinodal.guards import GuardSpec
from spinodal.measure.reading import Reader
from spinodal.traits import load_inventory


def plan_of(
    law: str = "",
    *,
    games: Sequence[str] = ("prisoners-dilemma",),
    treatment: str = "always-defect",
    control: str = "always-cooperate",
    also: Sequence[str] = (),
    guards: Sequence[str] = (),
    traits: Sequence[str] = ("cooperativeness", "hostility", "curiosity"),
    statements: int = 2,
    **settings: Any,
) -> ContagionPlan:
    """A plan of a few scripted games, unless told otherwise."""
    wording = load_wording()
    agent = AgentSpec(model=f"synthetic-player/{law}")
    usual = {"repetitions": 2, "rounds": 2, "orders": "alternate"}
    return ContagionPlan(
        agent=agent,
        opponent=agent,
        games=tuple(load_game(name) for name in games),
        treatment=company_of(treatment, wording),
        control=company_of(control, wording),
        others=tuple(company_of(name, wording) for name in also),
        questions=load_inventory().choose(traits).split(statements, 4, settings.get("seed", 0)),
        guards=(GuardSpec(), *(GuardSpec.parse(text) for text in guards)),
        **(usual | settings),
    )


def study(plan: ContagionPlan, **settings: Any) -> ContagionRequest:
    """A request for it."""
    return ContagionRequest(plan, "spinodal-12", **settings)


def models_of_law(plan: ContagionPlan) -> Models:
    """The plan's synthetic player, called without Inspect."""
    api = SyntheticPlayerAPI(plan.agent.model.removeprefix("synthetic-player/"))
    model = cast(Model, Direct(api))
    return Models(Reader(model, plan.agent), Reader(model, plan.opponent), 1)


async def _live(plan: ContagionPlan) -> tuple[Preparation, list[dict[str, Any]]]:
    models = models_of_law(plan)
    before = await prepare(plan, models.focal, 1)
    guards = before.guards(plan)
    games = []
    for cell in plan.cells:
        played, answers = Played(cell, plan.seating(cell)), list[dict[str, Any]]()
        guard = guards[str(cell.guard)]
        end = "skipped" if guard is None else "played"
        if guard is not None:
            await play_and_ask(plan, models, before, guard, played, answers, lambda event: None)
        why = before.why_skipped(plan, cell.guard) if guard is None else ""
        games.append(record_of(plan, played, guard, end, why, answers))
    return before, games


def lived(plan: ContagionPlan) -> ContagionRun:
    """A study carried out in this process, without a folder."""
    before, games = asyncio.run(_live(plan))
    tables = list(tables_of(games, before).values())
    meta = {
        "request": study(plan).to_dict(),
        **profile_facts(plan, before),
        "preparation": before.to_dict(),
        "failures": [],
    }
    return ContagionRun(Path("nowhere"), meta, *tables)


def cell_of(plan: ContagionPlan, **wanted: Any) -> Cell:
    """The first cell with these: opponents, guard, game, repetition."""
    for cell in plan.cells:
        there = {
            "opponents": cell.company.name,
            "guard": str(cell.guard),
            "game": cell.game.name,
            "repetition": cell.repetition,
        }
        if all(there[name] == value for name, value in wanted.items()):
            return cell
    raise LookupError(wanted)
