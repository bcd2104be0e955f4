"""One game from its first message to its last score; every player keeps its own view of the conversation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import anyio

from spinodal.contagion.plan import Cell, ContagionPlan, Seating
from spinodal.contagion.players import Decided, Moment, Player
from spinodal.games import EVERYBODY, Match
from spinodal.guards import Guard, GuardState, Message


@dataclass
class Played:
    """What has become of one game so far."""

    cell: Cell
    seating: Seating
    view: list[Message] = field(default_factory=list)
    """The focal agent's conversation as it is stored: without any guard's words."""
    decisions: list[dict[str, Any]] = field(default_factory=list)
    """A row a decision toward one opponent."""
    scores: dict[str, float] = field(default_factory=dict)
    spent: list[dict[str, Any]] = field(default_factory=list)
    """What each turn of a model took."""
    where: str = "before the first round"
    """How far it came, in words."""


@dataclass(frozen=True)
class Turned:
    """A player took its turn."""

    game: str
    turn: int
    """Turns of all players so far."""


async def play(
    plan: ContagionPlan,
    cast: Mapping[str, Player],
    guard: Guard,
    personas: Mapping[str, str | None],
    played: Played,
    observer: Callable[[Turned], None] = lambda event: None,
) -> None:
    """Let one game be played; `played` grows with it, whatever happens.

    Args:
        plan: the study.
        cast: everybody at the table, by name.
        guard: what the focal agent's model is shown instead of what is stored.
        personas: system prompt of each; None for none.
        played: a new one, with its cell and its seating.
        observer: told of every turn.
    """
    cell, seating = played.cell, played.seating
    game, names = cell.game, seating.players
    match = Match(game, names, plan.rounds)
    opponents = {name: [other for other in names if other != name] for name in names}
    views: dict[str, list[Message]] = {}
    for name in names:
        persona = personas[name]
        views[name] = [Message("system", persona)] if persona else []
        views[name].append(Message("user", begin_words(plan, cell, seating, name)))
    played.view = views[seating.focal]
    turns = 0

    def shown(name: str) -> list[Message]:
        return guard.apply(views[name]) if name == seating.focal else views[name]

    def moment(name: str, number: int, step: int) -> Moment:
        place = names.index(name)
        turn = (plan.chats + 1) * (number - 1) + step
        return Moment(conversation_of(cell, name), turn, plan.random(cell, number, step, place))

    def taken(spent: Mapping[str, Any]) -> None:
        nonlocal turns
        turns += 1
        if spent:
            played.spent.append(dict(spent))
        observer(Turned(cell.id, turns))

    for number in range(1, plan.rounds + 1):
        for step, speakers in enumerate(seating.speaking[number - 1]):
            _tell(views, plan.wording.chat.format(round=number, rounds=plan.rounds))
            for name in speakers:
                played.where = f"round {number}, message of {name}"
                said = await cast[name].speak(shown(name), moment(name, number, step))
                taken(said.spent)
                for other in names:
                    mine = Message("assistant", said.text)
                    views[other].append(mine if other == name else Message("user", said.text, speaker=name))
        for name in names:
            asked = cast[name].asked(opponents[name], number, seating.moves[number - 1])
            views[name].append(Message("user", asked))
        played.where = f"round {number}, decisions"
        decided: dict[str, Decided] = {}

        async def decide(name: str, number: int = number, decided: dict[str, Decided] = decided) -> None:
            turn = moment(name, number, plan.chats)
            decided[name] = await cast[name].decide(shown(name), opponents[name], turn)
            taken(decided[name].spent)

        async with anyio.create_task_group() as group:
            for name in names:
                group.start_soon(decide, name)
        moves = {name: _toward(decided[name].moves, opponents[name]) for name in names}
        result = match.resolve(moves)
        for name in names:
            views[name].append(Message("assistant", decided[name].text))
            p = decided[name].p_cooperative
            for other in opponents[name]:
                move, theirs = moves[name].get(other), moves[other].get(name)
                played.decisions.append(
                    {
                        "game_id": cell.id,
                        "round": number,
                        "player": name,
                        "opponent": other,
                        "focal": name == seating.focal,
                        "toward_focal": other == seating.focal,
                        "move": move or "",
                        "cooperative": None if move is None else move == game.cooperative,
                        "p_cooperative": p.get(other, p.get(EVERYBODY)),
                        "their_move": theirs or "",
                        "gain": result.gains[name][other],
                        "reply": decided[name].text,
                    }
                )
        _tell(views, result.broadcast)
        played.scores = dict(result.scores)
    played.where = "after the last round"


def view_after(plan: ContagionPlan, played: Played, guard: Guard) -> list[Message]:
    """What the focal agent is shown of a game when it is asked about itself afterwards."""
    return guard.apply(played.view, GuardState(pending=plan.guarded_questions))


def conversation_of(cell: Cell, name: str) -> str:
    """Names one player's conversation in one game."""
    return f"{cell.id}/{name}"


def begin_words(plan: ContagionPlan, cell: Cell, seating: Seating, name: str) -> str:
    """The first thing a player reads: who it is, with whom it plays, and what."""
    others = [other for other in seating.players if other != name]
    listed = others[0] if len(others) == 1 else f"{', '.join(others[:-1])} and {others[-1]}"
    return plan.wording.begin.format(
        name=name,
        title=cell.game.title,
        opponents=listed,
        rounds=plan.rounds,
        rules=cell.game.rules,
        payoffs=cell.game.payoff_words(seating.moves[0]),
        course=plan.wording.talk if plan.chats else plan.wording.mute,
    )


def _tell(views: Mapping[str, list[Message]], text: str) -> None:
    for view in views.values():
        view.append(Message("user", text))


def _toward(moves: Mapping[str, str], opponents: Sequence[str]) -> dict[str, str]:
    """Moves by opponent, of a player who may have decided for all of them at once."""
    if EVERYBODY in moves:
        return dict.fromkeys(opponents, moves[EVERYBODY])
    return {name: move for name, move in moves.items() if name in opponents}
