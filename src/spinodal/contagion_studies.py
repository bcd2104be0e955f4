"""A contagion study, from a request to a run folder.

plan_contagion(request)          what it would take, and what it could see, before a call is made
run_contagion(request, folder)   settle, assess, play, assess again; goes on where it was stopped
"""

from __future__ import annotations

import asyncio
import math
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spinodal._errors import RequestError, RunError
from spinodal._files import write_table
from spinodal._recording import (
    Clock,
    Request,
    evaluate,
    folder_name,
    now,
    open_folder,
    require_effort,
    totals_of,
)
from spinodal.agents import AgentSpec
from spinodal.agents.context import CHARACTERS_A_TOKEN, context_window, count_messages
from spinodal.agents.models import DEFAULT_RETRIES, open_model
from spinodal.contagion.plan import Cell, ContagionPlan
from spinodal.contagion.preparing import Preparation
from spinodal.contagion.rehearsal import Rehearsal, rehearse
from spinodal.contagion.task import (
    ContagionObserver,
    Models,
    build_contagion,
    build_preparation,
    models_of,
)
from spinodal.contagion_runs import ANSWERS, BEFORE, DECISIONS, GAMES, MESSAGES, ContagionRun, read_contagion
from spinodal.runs import CACHE, write_meta
from spinodal.tables import ANSWER_COLUMNS, DECISION_COLUMNS, GAME_COLUMNS, MESSAGE_COLUMNS

if TYPE_CHECKING:
    import pandas as pd
    from inspect_ai.model import Model

_EMBEDDED_GAMES = 4
"""Games under way at once on the embedded engine: their replies are then written side by side."""
_GAMES_AT_ONCE = 8
_USUAL_REMINDER = 150
"""Characters of a reminder by a statement, about."""


@dataclass(frozen=True)
class ContagionRequest(Request):
    """A study asked for. Two requests with the same digest give the same run."""

    plan: ContagionPlan
    inventory: str
    """What the statements were taken from, as it was named."""
    command: tuple[str, ...] = ()
    """The words of the command that makes this run again, without its folder."""
    at_once: int | None = None
    """Games under way at once; None chooses by the provider."""
    retries: int = DEFAULT_RETRIES
    max_connections: int | None = None
    """Calls under way at once; None leaves it to the provider."""

    def __post_init__(self) -> None:
        require_effort(self.retries, connections=self.max_connections, games_at_once=self.at_once)

    def to_dict(self) -> dict[str, Any]:
        """Everything that decides the result, JSON-ready."""
        plan = self.plan
        return {
            "agent": plan.agent.to_dict(),
            "system_prompt": plan.agent.system_prompt,
            "opponent": plan.opponent.to_dict(),
            "games": [game.to_dict() for game in plan.games],
            "treatment": plan.treatment.to_dict(),
            "control": plan.control.to_dict(),
            "others": [company.to_dict() for company in plan.others],
            "guards": [str(guard) for guard in plan.guards],
            "repetitions": plan.repetitions,
            "players": plan.players,
            "rounds": plan.rounds,
            "chats": plan.chats,
            "inventory": self.inventory,
            "inventory_digest": plan.questions.inventory.digest,
            "traits": {trait.name: trait.valence for trait in plan.questions.inventory.traits},
            "statements": len(plan.questions.asked) // len(plan.questions.inventory.traits),
            "held_out": len(plan.questions.held_out) // len(plan.questions.inventory.traits),
            "orders": plan.orders,
            "retained": plan.retained,
            "guarded_questions": plan.guarded_questions,
            "chat_tokens": plan.chat_tokens,
            "template_digest": plan.wording.digest,
            "readout": plan.readout,
            "prefill": plan.prefill,
            "seed": plan.seed,
        }

    @property
    def default_folder(self) -> Path:
        """Where the run goes when no folder is named: the same request, the same folder."""
        return Path("runs") / f"contagion-{folder_name(self.plan.agent)}-{self.digest[:8]}"

    @property
    def games_at_once(self) -> int:
        """Games under way at once."""
        if self.at_once is not None:
            return self.at_once
        return _EMBEDDED_GAMES if self.plan.agent.model.startswith("embedded/") else _GAMES_AT_ONCE


@dataclass(frozen=True)
class ContagionCosts:
    """What a study takes at most; guards that have nothing to say take less."""

    games: int
    before_calls: int
    """To settle how replies are read, and to assess the agent before play."""
    play_calls: int
    question_calls: int
    """After play."""
    input_tokens: int
    fresh_tokens: int
    """Of the tokens read, those that a provider which keeps what it has read has to read anew."""
    output_tokens: int
    cost: float
    """US dollars; NaN where no price is known."""
    longest_prompt: int
    """Tokens of the longest prompt with its reply; exact for embedded models, about right for others."""
    context: int | None
    """Tokens that the model reads at most; None where that is not known."""
    matched: int
    """Matched games over which an effect is taken."""

    @property
    def calls(self) -> int:
        """All of them."""
        return self.before_calls + self.play_calls + self.question_calls


def plan_contagion(request: ContagionRequest) -> ContagionCosts:
    """The most a study can take, before a call is made.

    Raises:
        RequestError: a conversation may come to be longer than the model reads.
    """
    plan = request.plan
    rehearsals: dict[tuple[str, str], Rehearsal] = {}
    for cell in plan.cells:
        if cell.repetition == 0:
            rehearsals[cell.game.name, cell.company.name] = asyncio.run(rehearse(plan, cell))
    longest = _longest(request, list(rehearsals.values()))
    each = [rehearsals[cell.game.name, cell.company.name] for cell in plan.cells]
    questions = plan.questions_asked
    probes = 8 + 2 * sum(guard.speaks for guard in plan.guards) + 2 * len(plan.games)
    reminders = sum(_reminder_tokens(plan, cell) for cell in plan.cells)
    tokens_in = sum(one.input_tokens for one in each) + reminders + questions * 60 + probes * 200
    tokens_out = sum(one.output_tokens for one in each) + questions * 8 + probes * 20
    return ContagionCosts(
        games=len(plan.cells),
        before_calls=questions + probes,
        play_calls=sum(one.play_calls for one in each),
        question_calls=questions * len(each),
        input_tokens=tokens_in,
        fresh_tokens=sum(one.fresh_tokens for one in each) + questions * 60,
        output_tokens=tokens_out,
        cost=plan.prices.cost(tokens_in, tokens_out) if plan.prices else math.nan,
        longest_prompt=longest,
        context=context_window(_runtime(request, plan.agent)),
        matched=plan.repetitions * len(plan.games),
    )


def _reminder_tokens(plan: ContagionPlan, cell: Cell) -> int:
    """Tokens that a guard's reminders add to all prompts of a game, about: kept, they are read each time."""
    if not cell.guard.speaks:
        return 0
    said = plan.agent.system_prompt or "" if cell.guard.kind == "system-prompt" else " " * _USUAL_REMINDER
    number = plan.own_turns // cell.guard.every
    at_the_end = number * (len(said) // CHARACTERS_A_TOKEN + 6)
    decisions = plan.players if cell.game.decision == "per-opponent" else 2
    turns = plan.rounds * (plan.chats + decisions - 1)
    return at_the_end * (plan.questions_asked + turns // 2)


def _longest(request: ContagionRequest, rehearsals: Sequence[Rehearsal]) -> int:
    """Tokens of the longest conversation, each model asked for its own; refused where one reads less."""
    longest = 0
    for agent, of in ((request.plan.agent, "longest"), (request.plan.opponent, "longest_opponent")):
        runtime = _runtime(request, agent)
        window = context_window(runtime)
        tokens = (
            max(count_messages(runtime, getattr(one, of)) for one in rehearsals) + request.plan.chat_tokens
        )
        if window is not None and tokens > window:
            raise RequestError(
                f"a game of {request.plan.rounds} rounds comes to {tokens} tokens, but {agent.label} reads "
                f"{window} at once; play fewer rounds with --rounds, or shorter messages with --chat-tokens"
            )
        longest = max(longest, tokens)
    return longest


def run_contagion(
    request: ContagionRequest, folder: Path, observer: ContagionObserver = lambda event: None
) -> ContagionRun:
    """Settle what must be settled, play what is missing. No finished call is repeated by a later attempt.

    Raises:
        RequestError: the folder holds another request; an unknown model; a missing key; a conversation that
            the model's context cannot hold; a guard's words that cannot be put before the model.
        RunError: the agent could not be assessed, or no game came to its end.
    """
    plan = request.plan
    meta = open_folder(folder, request.to_dict(), request.digest, plan.agent, plan.prices)
    if meta.get("finished") and not meta["failures"]:
        return read_contagion(folder)
    meta.setdefault("command", [*request.command, "--run", str(folder)] if request.command else [])
    plan_contagion(request)  # refuses what no model could read, before a call is made
    clock = Clock(folder, meta)

    def observe(event: Any) -> None:
        clock.tick()
        observer(event)

    models, opened = _open(request)
    write_meta(folder, meta)
    preparation = _prepared(request, models, opened, folder, meta, observe)
    write_meta(folder, meta)
    task = build_contagion(plan, models, preparation, observe)
    samples = evaluate(task, opened, plan.agent, folder, request.games_at_once)
    clock.stop()
    games = sorted((sample.metadata for sample in samples), key=lambda kept: int(kept["cell"]))
    meta["failures"] = [
        {
            "game": plan.cells[int(sample.metadata["cell"])].id,
            "message": str(sample.metadata.get("fault") or sample.error),
        }
        for sample in samples
        if sample.error
    ]
    kept = [
        one["game"] | {"why": one["game"].get("why") or str(one.get("fault", ""))}
        for one in games
        if "decisions" in one.get("game", {})
    ]
    if not any(game["end"] == "played" for game in kept):
        write_meta(folder, meta)
        raise RunError(meta["failures"][0]["message"] if meta["failures"] else "no game was played")
    tables = tables_of(kept, preparation)
    spent = [
        *(game[part] for game in kept for part in ("play", "questions")),
        *preparation.answers,
        *preparation.spent,
    ]
    meta["totals"] = {
        "games": len(tables[GAMES]),
        **totals_of(spent, plan.prices),
        "cached_tokens": int(sum(one.get("cached_tokens") or 0 for one in spent)),
    }
    meta["finished"] = now()
    for name, table in tables.items():
        write_table(folder / name, table)
    write_meta(folder, meta)
    if not meta["failures"]:
        shutil.rmtree(folder / CACHE, ignore_errors=True)
        shutil.rmtree(folder / BEFORE / CACHE, ignore_errors=True)
    return read_contagion(folder)


def _prepared(
    request: ContagionRequest,
    models: Models,
    opened: Model,
    folder: Path,
    meta: dict[str, Any],
    observe: Callable[[Any], None],
) -> Preparation:
    """What is settled before the first game: as it was the first time, where it was."""
    plan = request.plan
    if "preparation" in meta:
        preparation = Preparation.from_dict(meta["preparation"])
    else:
        task = build_preparation(plan, models, observe)
        [sample] = evaluate(task, opened, plan.agent, folder / BEFORE, 1)
        if sample.error:
            fault = str(sample.metadata.get("fault") or sample.error)
            raise (RequestError if sample.metadata.get("of_request") else RunError)(fault)
        meta["preparation"] = sample.metadata["preparation"]
        preparation = Preparation.from_dict(meta["preparation"])
    meta |= profile_facts(plan, preparation)
    return preparation


def profile_facts(plan: ContagionPlan, preparation: Preparation) -> dict[str, Any]:
    """What meta.json tells of the agent before play: its scores, and the traits that guards reinforce."""
    profile = preparation.profile
    return {
        "profile": profile.to_dict(),
        "core_traits": {
            str(spec): profile.core(plan.questions.inventory, spec.threshold, spec.literal)
            for spec in plan.guards
            if spec.kind == "implicit-traits"
        },
    }


def tables_of(games: Sequence[Mapping[str, Any]], preparation: Preparation) -> dict[str, pd.DataFrame]:
    """Games as kept in logs (where NaN is null) as the tables of a run folder, by their files' names."""
    import pandas as pd

    rows = []
    for game in games:
        spent = [game["play"], game["questions"]]
        sums = {
            name: sum(part[name] for part in spent)
            for name in ("input_tokens", "cached_tokens", "output_tokens", "seconds")
        }
        rows.append(
            dict(game)
            | sums
            | {
                "game_id": game["id"],
                "play_calls": game["play"]["calls"],
                "question_calls": game["questions"]["calls"],
                "play_input_tokens": game["play"]["input_tokens"],
                "play_cached_tokens": game["play"]["cached_tokens"],
            }
        )
    answers = [dict(row) | {"game_id": ""} for row in preparation.answers]
    answers += [dict(row) | {"game_id": game["id"]} for game in games for row in game["answers"]]
    messages = [
        dict(message) | {"game_id": game["id"], "number": number}
        for game in games
        for number, message in enumerate(game["messages"])
    ]
    decisions = [row for game in games for row in game["decisions"]]
    numeric = ("p_yes", "score", "log_odds", "decided_mass", "seconds")
    return {
        GAMES: pd.DataFrame(rows, columns=list(GAME_COLUMNS)),
        DECISIONS: pd.DataFrame(decisions, columns=list(DECISION_COLUMNS)).astype(
            {"p_cooperative": float, "cooperative": "boolean"}
        ),
        ANSWERS: pd.DataFrame(answers, columns=list(ANSWER_COLUMNS)).astype(dict.fromkeys(numeric, float)),
        MESSAGES: pd.DataFrame(messages, columns=list(MESSAGE_COLUMNS)),
    }


def _open(request: ContagionRequest) -> tuple[Models, Model]:
    """The models of the players: one where all are the same."""
    plan = request.plan
    agent, opponent = (_runtime(request, one) for one in (plan.agent, plan.opponent))
    opened = _opened(request, agent)
    same = all(
        getattr(agent, name) == getattr(opponent, name) for name in ("model", "base_url", "model_args")
    )
    other = opened if same else _opened(request, opponent)
    models = models_of(plan, opened, other)
    return replace(models, focal=replace(models.focal, agent=agent)), opened


def _opened(request: ContagionRequest, agent: AgentSpec) -> Model:
    return open_model(agent, retries=request.retries, max_connections=request.max_connections)


def _runtime(request: ContagionRequest, agent: AgentSpec) -> AgentSpec:
    """The agent as it is opened: on the embedded engine with a place for every conversation under way."""
    arguments = agent.model_args
    if not agent.model.startswith("embedded/") or arguments.get("reproducible") or "slots" in arguments:
        return agent
    slots = request.games_at_once * request.plan.model_players
    return replace(agent, model_args={**arguments, "slots": slots})
