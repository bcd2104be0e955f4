"""One game: who says what, who sees what, and what chance decides."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest

from contagion_studies_made import cell_of, lived, models_of_law, plan_of
from spinodal._errors import RequestError
from spinodal.contagion.companies import company_of
from spinodal.contagion.plan import Cell, ContagionPlan
from spinodal.contagion.play import Played, play, view_after
from spinodal.contagion.players import Decided, Moment, Said, decision_words, one_message
from spinodal.contagion.preparing import prepare
from spinodal.contagion.task import seated
from spinodal.contagion.wording import load_wording
from spinodal.games import Game, write_moves
from spinodal.guards import Guard, Message, NoGuard
from spinodal.measure.chat import to_chat
from spinodal.measure.trait_questions import items


@dataclass
class Scripted:
    """A player that says and does what it is told, and keeps what it was shown."""

    name: str
    game: Game
    move: str | None
    seen: list[list[Message]] = field(default_factory=list)

    async def speak(self, view: list[Message], moment: Moment) -> Said:
        self.seen.append(list(view))
        return Said(f"{self.name} speaks in turn {moment.turn}")

    async def decide(self, view: list[Message], opponents: Sequence[str], moment: Moment) -> Decided:
        self.seen.append(list(view))
        moves = {} if self.move is None else dict.fromkeys(opponents, self.move)
        return Decided(moves, write_moves(moves) or "no idea")

    def asked(self, opponents: Sequence[str], number: int, order: Sequence[str]) -> str:
        return decision_words(load_wording(), self.game, "text", opponents, number, order)


def _play(
    plan: ContagionPlan, cell: Cell, moves: dict[str, str | None] | None = None, guard: Guard | None = None
) -> tuple[Played, dict[str, Scripted]]:
    played = Played(cell, plan.seating(cell))
    cast = {
        name: Scripted(name, cell.game, (moves or {}).get(name, "cooperate"))
        for name in played.seating.players
    }
    personas = {name: f"You are the persona of {name}." for name in cast}
    asyncio.run(play(plan, cast, guard or NoGuard(), personas, played))
    return played, cast


PLAN = plan_of(rounds=2)
CELL = PLAN.cells[0]


def test_everybody_hears_what_the_others_say_and_nobody_reads_anothers_persona() -> None:
    _, cast = _play(PLAN, CELL)
    for name, player in cast.items():
        last = player.seen[-1]
        assert [m.content for m in last if m.role == "system"] == [f"You are the persona of {name}."]
        heard = {m.speaker for m in last if m.speaker}
        assert heard == set(cast) - {name}
        assert all(m.speaker == "" for m in last if m.role == "assistant")
        own = [m.content for m in last if m.role == "assistant"]
        assert all(f"{name} speaks" in text or text.startswith("[") for text in own)


def test_messages_come_one_after_the_other_and_decisions_at_once() -> None:
    played, cast = _play(PLAN, CELL)
    order = played.seating.speaking[0][0]
    heard = [sum(bool(m.speaker) for m in cast[name].seen[0]) for name in order]
    assert heard == [0, 1, 2]
    decisions = [player.seen[1] for player in cast.values()]
    assert all("Results of round 1" not in m.content for view in decisions for m in view)


def test_results_are_told_to_all_and_scores_add_up() -> None:
    focal = PLAN.seating(CELL).focal
    played, cast = _play(PLAN, CELL, {focal: "defect"})
    assert played.scores[focal] == 2 * 2 * 5
    assert all(score == 2 * (3 + 0) for name, score in played.scores.items() if name != focal)
    for player in cast.values():
        assert any("Results of round 1" in m.content for m in player.seen[-1])
    assert len(played.decisions) == 2 * 3 * 2
    assert {row["gain"] for row in played.decisions if row["focal"]} == {5.0}


def test_an_unreadable_move_is_recorded_as_such_and_no_co_operation() -> None:
    focal = PLAN.seating(CELL).focal
    played, _ = _play(PLAN, CELL, {focal: None})
    rows = [row for row in played.decisions if row["focal"]]
    assert all(row["move"] == "" and row["cooperative"] is None and row["gain"] == 0.0 for row in rows)
    toward = [row for row in played.decisions if row["toward_focal"]]
    assert all(row["gain"] == 0.0 and row["move"] == "cooperate" for row in toward)
    assert "no readable move" in next(m.content for m in played.view if "Results" in m.content)


def test_games_of_one_number_share_names_order_and_seat_whatever_company_and_guard() -> None:
    plan = plan_of(guards=["system-prompt"], also=["transcript"], repetitions=3)
    for repetition in range(3):
        seatings = {plan.seating(cell) for cell in plan.cells if cell.repetition == repetition}
        assert len(seatings) == 1


def test_names_seats_and_order_vary_from_game_to_game() -> None:
    plan = plan_of(repetitions=40)
    seatings = [plan.seating(cell) for cell in plan.cells if cell.company == plan.treatment]
    seats = {seating.players.index(seating.focal) for seating in seatings}
    assert seats == {0, 1, 2}
    assert len({seating.focal for seating in seatings}) > 5
    first = {seating.moves[0] for seating in seatings}
    assert first == {("cooperate", "defect"), ("defect", "cooperate")}


@pytest.mark.parametrize("players", [2, 4])
def test_two_or_more_can_play(players: int) -> None:
    plan = plan_of(players=players)
    played, _ = _play(plan, plan.cells[0])
    assert len(played.scores) == players
    assert len(played.decisions) == plan.rounds * players * (players - 1)


@pytest.mark.parametrize("chats", [0, 2])
def test_a_round_has_as_many_messages_as_asked_for(chats: int) -> None:
    plan = plan_of(chats=chats)
    played, _ = _play(plan, plan.cells[0])
    own = [m for m in played.view if m.role == "assistant"]
    assert len(own) == plan.own_turns == (chats + 1) * plan.rounds
    assert ("everybody writes a short message" in played.view[1].content) == bool(chats)


def test_a_public_good_is_decided_once_for_all() -> None:
    plan = plan_of(games=["public-goods"], treatment="always-defect", control="always-cooperate")
    run = lived(plan)
    rows = run.decisions[(run.decisions["player"] == run.decisions["player"].iloc[0])]
    assert set(rows["reply"].str.count("all:")) == {1}
    by_round = run.decisions.groupby(["game_id", "round", "player"])["move"].nunique()
    assert (by_round == 1).all()


def test_what_is_stored_is_free_of_the_guards_words_and_what_is_shown_holds_them() -> None:
    plan = plan_of("shift=-0.01", guards=["system-prompt"], rounds=3)
    cell = cell_of(plan, guard="system-prompt")
    models = models_of_law(plan)
    before = asyncio.run(prepare(plan, models.focal, 1))
    guard = before.guards(plan)["system-prompt"]
    assert guard is not None
    played = Played(cell, plan.seating(cell))
    cast, personas = seated(plan, models, before, cell, played.seating)
    asyncio.run(play(plan, cast, guard, personas, played))
    assert all(not m.guard for m in played.view)
    shown = view_after(plan, played, guard)
    injected = [m for m in shown if m.guard == "system-prompt"]
    assert len(injected) == 2  # before the own turns 2 and 4 of 6
    assert {m.content for m in injected} == {plan.agent.system_prompt}
    assert [m for m in shown if not m.guard] == played.view


def test_turns_between_two_own_ones_are_one_message_of_the_provider() -> None:
    chat = to_chat(
        [
            Message("system", "persona"),
            Message("user", "Round 1."),
            Message("user", "hello", speaker="Jade"),
            Message("assistant", "hi"),
            Message("user", "next"),
        ]
    )
    assert [(m.role, m.text) for m in chat] == [
        ("system", "persona"),
        ("user", "Round 1.\n\nJade: hello"),
        ("assistant", "hi"),
        ("user", "next"),
    ]


def test_a_transcript_alone_is_played_by_nobody() -> None:
    plan = plan_of(also=["transcript"], rounds=2)
    run = lived(plan)
    rows = run.games[run.games["opponents"] == "transcript"]
    assert (rows["play_calls"] == 0).all()
    assert (rows["question_calls"] == plan.questions_asked).all()
    texts = run.messages[
        run.messages["game_id"].isin(rows["game_id"]) & (run.messages["role"] == "assistant")
    ]
    idle = set(plan.wording.idle)
    assert all(text in idle or text.startswith("[") for text in texts["content"])


def test_a_company_is_a_persona_a_bot_a_transcript_or_a_file(tmp_path) -> None:
    wording = load_wording()
    file = tmp_path / "grumpy.txt"
    file.write_text("You are grumpy.\n")
    assert company_of("malicious", wording).to_dict()["system_prompt"] == wording.malicious
    assert company_of("tit-for-tat", wording).name == "tit-for-tat"
    assert company_of(str(file), wording).to_dict() == {"name": "grumpy", "system_prompt": "You are grumpy."}
    with pytest.raises(RequestError, match="no opponents 'malevolent'; did you mean benevolent"):
        company_of("malevolent", wording)
    with pytest.raises(RequestError, match=r"cannot read the persona in .*missing\.txt"):
        company_of(str(tmp_path / "missing.txt"), wording)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("  Hello\nthere.  And mo", "Hello there."),
        ("no end in sight", "no end in sight"),
        ("A. B! C", "A. B!"),
        ("", ""),
        ("x" * 1000, "x" * 400),
    ],
)
def test_a_message_is_one_line_that_ends_with_a_sentence(written: str, read: str) -> None:
    assert one_message(written) == read


def test_both_orders_ask_every_statement_twice_and_alternate_ones_balance_within_a_trait() -> None:
    both = items(plan_of(statements=4, orders="both"))
    assert len(both) == 2 * 3 * 4
    assert {first for _, first in both} == {"Yes", "No"}
    alternate = items(plan_of(statements=4))
    for trait in ("cooperativeness", "hostility", "curiosity"):
        firsts = [first for statement, first in alternate if statement.trait == trait]
        assert sorted(firsts) == ["No", "No", "Yes", "Yes"]
    two = [first for _, first in items(plan_of(statements=2))]
    assert two.count("Yes") == two.count("No")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"players": 1}, "1 players; give 2 to 11"),
        ({"rounds": 0}, "rounds are 0; give a whole number, 1 or more"),
        ({"chats": -1}, "messages a round are -1"),
        ({"repetitions": 0}, "games a cell are 0"),
        ({"seed": -1}, "the seed is -1"),
        ({"games": []}, "no game to play"),
        ({"games": ["chicken", "chicken"]}, "the game 'chicken' is named twice"),
        ({"control": "always-defect"}, "the company 'always-defect' is named twice"),
        ({"guards": ["neutral", "neutral"]}, "the guard 'neutral' is named twice"),
    ],
)
def test_numbers_that_do_not_go_together_are_refused(settings: dict[str, object], message: str) -> None:
    # no statements can be drawn with a bad seed: it comes after
    later = {name: value for name, value in settings.items() if name == "seed"}
    sooner = {name: value for name, value in settings.items() if name != "seed"}
    with pytest.raises(RequestError) as refused:
        replace(plan_of(**sooner), **later)
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)
