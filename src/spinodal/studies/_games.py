"""Contagion studies and group sizes of a study file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from spinodal._errors import RequestError
from spinodal.agents import AgentSpec
from spinodal.contagion.companies import Company, company_of
from spinodal.contagion.plan import (
    CHAT_TOKENS,
    DEFAULT_GAMES,
    DEFAULT_REMINDERS,
    DEFAULT_REPETITIONS,
    DEFAULT_ROUNDS,
    DEFAULT_STATEMENTS,
    ContagionPlan,
)
from spinodal.contagion.wording import Wording, load_wording
from spinodal.contagion_studies import ContagionRequest
from spinodal.critical_size import DEFAULT_SIZES, CriticalSizeRequest
from spinodal.games import Game, load_game
from spinodal.guards import GuardSpec
from spinodal.measure.reading import Prices
from spinodal.measure.task import MeasurementPlan
from spinodal.studies._agents import FREE, PREFILLS, READOUTS, path_in, require_model, service_of
from spinodal.studies._conditions import (
    Common,
    prefill_of,
    read_only,
    read_template,
    readout_of,
    slug,
)
from spinodal.studies._societies import read_pair, word
from spinodal.studies._study import Part, StudyAgent
from spinodal.studies._values import Keys, Value, at_line
from spinodal.traits import Questionnaire, load_inventory

CONTAGION_KEYS: Final = (
    "name", "only", "opponent_model", "game", "rounds", "players", "chats", "chat_tokens", "treatment",
    "control", "also", "guard", "keep_reminders", "guarded_questions", "inventory", "trait", "statements",
    "reminders", "orders", "readout", "prefill", "wording", "games", "temperature", "at_once", "seed",
)  # fmt: skip
SIZE_KEYS: Final = (
    "name", "only", "pair", "sizes", "template", "listed", "temperature", "readout", "prefill", "budget",
    "width", "seed",
)  # fmt: skip


def read_sizes(value: Value | None, agents: Sequence[StudyAgent], common: Common) -> Iterator[Part]:
    """The parts over group sizes: one an agent and a section."""
    by_label = {agent.label: agent for agent in agents}
    for item in [] if value is None else value.several():
        keys = item.keys(SIZE_KEYS, "a critical_size section")
        for label in read_only(keys.get("only"), list(by_label)):
            agent = by_label[label]
            with at_line(keys.line_of("pair", "sizes")):
                request = _sizes(keys, agent, common)
            id = f"critical-size-{agent.slug}-{slug(keys.text('name')) or request.pair.id}"
            yield Part(id, "critical-size", label, "", request, (agent.lane,))


def _sizes(keys: Keys, agent: StudyAgent, common: Common) -> CriticalSizeRequest:
    readout, prefill, sizes = keys.get("readout"), keys.get("prefill"), keys.get("sizes")
    pair = read_pair(keys, common)
    return CriticalSizeRequest(
        plan=MeasurementPlan(
            agent=_warmed(agent.spec, keys),
            pairs=(pair,),
            template=read_template(keys.get("template"), common)[0],
            listed=keys.switch("listed", True),
            budget=keys.maybe_whole("budget"),
            width=keys.maybe_number("width"),
            seed=keys.whole("seed", common.seed),
            readout=readout_of("" if readout is None else readout.one_of(READOUTS), agent),
            prefill=prefill_of("" if prefill is None else prefill.one_of(PREFILLS), agent),
            prices=agent.prices,
        ),
        sizes=DEFAULT_SIZES if sizes is None else tuple(item.whole(3) for item in sizes.several()),
        pair_source=pair.id,
        retries=common.retries,
    )


def read_contagion(value: Value | None, agents: Sequence[StudyAgent], common: Common) -> Iterator[Part]:
    """The contagion parts: one an agent and a section."""
    by_label = {agent.label: agent for agent in agents}
    for item in [] if value is None else value.several():
        keys = item.keys(CONTAGION_KEYS, "a contagion section")
        for label in read_only(keys.get("only"), list(by_label)):
            agent = by_label[label]
            with at_line(keys.line):
                request = _contagion(keys, agent, common)
            id = "-".join(filter(None, ("contagion", agent.slug, slug(keys.text("name")))))
            # Players of another provider keep to its limits as well.
            other = request.plan.opponent
            lanes = (agent.lane, *({service_of(other)} - {agent.lane, service_of(agent.spec), other.label}))
            yield Part(id, "contagion", label, "", request, lanes)


def _contagion(keys: Keys, agent: StudyAgent, common: Common) -> ContagionRequest:
    wording, seed = _wording(keys, common), keys.whole("seed", common.seed)
    spec = _warmed(agent.spec, keys)
    guards = []
    for value in _values(keys, "guard"):
        with at_line(value.line):
            guards.append(GuardSpec.parse(value.text()))
    readout, prefill = keys.get("readout"), keys.get("prefill")
    opponent, prices = _opponent(spec, keys, agent)
    inventory = keys.text("inventory", "spinodal-12")
    orders = word(keys, "orders", ("both", "alternate"))
    return ContagionRequest(
        plan=ContagionPlan(
            agent=spec,
            opponent=opponent,
            games=_games(keys, common),
            treatment=_company(keys.get("treatment"), "malicious", wording, common),
            control=_company(keys.get("control"), "benevolent", wording, common),
            others=tuple(_company(value, "", wording, common) for value in _values(keys, "also")),
            questions=_questions(keys, inventory, seed, common),
            guards=(GuardSpec(), *(spec for spec in guards if spec != GuardSpec())),
            repetitions=keys.whole("games", DEFAULT_REPETITIONS, least=1),
            players=keys.whole("players", 3, least=2),
            rounds=keys.whole("rounds", DEFAULT_ROUNDS, least=1),
            chats=keys.whole("chats", 1),
            orders="alternate" if orders == "alternate" else "both",
            retained=keys.switch("keep_reminders", True),
            guarded_questions=keys.switch("guarded_questions", False),
            chat_tokens=keys.whole("chat_tokens", CHAT_TOKENS, least=1),
            wording=wording,
            readout=readout_of("" if readout is None else readout.one_of(READOUTS), agent),
            prefill=prefill_of("" if prefill is None else prefill.one_of(PREFILLS), agent),
            seed=seed,
            prices=prices,
        ),
        inventory=inventory,
        at_once=keys.maybe_whole("at_once"),
        retries=common.retries,
    )


def _values(keys: Keys, name: str) -> list[Value]:
    value = keys.get(name)
    return [] if value is None else value.several()


def _warmed(spec: AgentSpec, keys: Keys) -> AgentSpec:
    """The agent at the section's temperature, where that has one of its own."""
    temperature = keys.maybe_number("temperature")
    return spec if temperature is None else replace(spec, temperature=temperature)


def _wording(keys: Keys, common: Common) -> Wording:
    value = keys.get("wording")
    if value is None:
        return load_wording()
    with at_line(value.line):
        return load_wording(path_in(common.folder, value.text()))


def _games(keys: Keys, common: Common) -> tuple[Game, ...]:
    games = []
    for value in _values(keys, "game"):
        name = value.text()
        with at_line(value.line):
            own = name.endswith((".yaml", ".yml"))
            games.append(load_game(str(path_in(common.folder, name)) if own else name))
    return tuple(games) or tuple(load_game(name) for name in DEFAULT_GAMES)


def _company(value: Value | None, default: str, wording: Wording, common: Common) -> Company:
    if value is None:
        return company_of(default, wording)
    name = value.text()
    with at_line(value.line):
        return company_of(str(path_in(common.folder, name)) if "." in name else name, wording)


def _questions(keys: Keys, inventory: str, seed: int, common: Common) -> Questionnaire:
    with at_line(keys.line_of("inventory", "trait", "statements")):
        own = inventory.endswith((".yaml", ".yml")) or "/" in inventory
        traits = load_inventory(str(path_in(common.folder, inventory)) if own else inventory)
        named = keys.texts("trait")
        chosen = traits.choose(named) if named else traits
        return chosen.split(
            keys.whole("statements", DEFAULT_STATEMENTS), keys.whole("reminders", DEFAULT_REMINDERS), seed
        )


def _opponent(spec: AgentSpec, keys: Keys, agent: StudyAgent) -> tuple[AgentSpec, Prices | None]:
    """The other players' spec, and what the calls of all of them cost where that is one price."""
    named = keys.get("opponent_model")
    plain = replace(spec, system_prompt=None, label="", guard=None)
    if named is None:
        return plain, agent.prices
    model = named.text()
    with at_line(named.line):
        require_model(model)
    if spec.guard is not None:
        raise RequestError("a guard on the agent of a contagion part; name guards under `guard` instead")
    free = model.startswith(FREE) and spec.model.startswith(FREE)
    prices = agent.prices if free or model == spec.model else None
    return replace(plain, model=model, base_url=None, model_args={}), prices
