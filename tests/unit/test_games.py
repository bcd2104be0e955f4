"""Games: payoffs, rounds, what players are told, how moves are read, scripted players, users' own files."""

from __future__ import annotations

import itertools
import json
import re
import signal
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from spinodal import RequestError
from spinodal.games import (
    BANK,
    EVERYBODY,
    VOID_WORDS,
    Game,
    Match,
    asked_form,
    either,
    load_game,
    meetings,
    read_moves,
    targets,
    write_moves,
)
from spinodal.games.bots import BOTS

PD = load_game("prisoners-dilemma")
GOOD = load_game("public-goods")
TWO = ("Jade", "Olive")

THREE_MOVES = Game(
    name="three",
    title="Three",
    moves=("hold back", "wait", "go-on"),
    cooperative="wait",
    payoffs=((0.1, -2.25, 1000000 - 1), (0, 0.2, 0.3), (-0.1, 12, -100.5)),
    rules="[hold back], [wait] or [go-on].",
)


def _toward_all(players: Sequence[str], moves: Mapping[str, str | None]) -> dict[str, dict[str, str]]:
    """The moves of players who do the same toward everybody; None is unreadable."""
    return {
        one: {other: move for other in players if other != one and (move := moves[one]) is not None}
        for one in players
    }


# --- payoffs ---


@pytest.mark.parametrize(
    ("name", "payoffs"),
    [
        ("prisoners-dilemma", {"T": 5, "R": 3, "P": 1, "S": 0}),
        ("chicken", {"T": 5, "R": 3, "S": 1, "P": 0}),
        ("stag-hunt", {"R": 5, "T": 3, "P": 1, "S": 0}),
    ],
)
def test_a_game_of_the_bank_has_the_payoffs_of_its_kind(name: str, payoffs: dict[str, float]) -> None:
    game = load_game(name)
    [other] = [move for move in game.moves if move != game.cooperative]
    assert {
        "T": game.gain(other, game.cooperative),
        "R": game.gain(game.cooperative, game.cooperative),
        "P": game.gain(other, other),
        "S": game.gain(game.cooperative, other),
    } == payoffs


def test_a_row_of_payoffs_is_ones_own_move_and_a_column_the_opponents() -> None:
    assert THREE_MOVES.gain("hold back", "go-on") == 999999
    assert THREE_MOVES.gain("go-on", "hold back") == -0.1


@pytest.mark.parametrize("gives", list(itertools.product([0, 1], repeat=3)))
def test_among_three_the_public_good_is_the_linear_one(gives: tuple[int, ...]) -> None:
    players = ("Amber", "Jade", "Olive")
    given = dict(zip(players, gives, strict=True))
    moves = {name: "give" if g else "keep" for name, g in given.items()}
    result = Match(GOOD, players, 1).resolve(_toward_all(players, moves))
    for name in players:
        share = 1.8 / 3 * sum(gives) - given[name]
        assert sum(result.gains[name].values()) == pytest.approx(share, abs=1e-12)
        assert result.scores[name] == pytest.approx(share, abs=1e-12)


@pytest.mark.parametrize("game", [*map(load_game, BANK), THREE_MOVES], ids=lambda game: game.name)
def test_the_words_of_the_payoffs_are_the_matrix_in_whatever_order(game: Game) -> None:
    form = re.compile(r"- you (.+), the other (.+): you get (\S+), the other (\S+)")
    for order in (game.moves, game.moves[::-1]):
        told = [form.fullmatch(line) for line in game.payoff_words(order).splitlines()]
        assert [(line[1], line[2]) for line in told if line] == list(itertools.product(order, repeat=2))
        for line in told:
            assert line
            assert float(line[3]) == game.gain(line[1], line[2])
            assert float(line[4]) == game.gain(line[2], line[1])


def test_games_that_differ_in_anything_have_different_digests() -> None:
    changes: list[dict[str, Any]] = [
        {},
        {"title": "Another"},
        {"moves": ("wait", "hold back", "go-on")},
        {"cooperative": "go-on"},
        {"payoffs": ((0, 0, 0), (0, 0, 0), (0, 0, 1))},
        {"rules": "[hold back], [wait], [go-on]!"},
        {"decision": "one-for-all"},
    ]
    games = [Game(**vars(THREE_MOVES) | change) for change in changes]
    assert len({game.digest for game in games}) == len(changes)
    assert Game(**vars(THREE_MOVES)).digest == THREE_MOVES.digest


# --- rounds ---


def test_a_round_pays_every_pair_and_tells_everybody() -> None:
    match = Match(PD, ("Amber", "Jade", "Olive"), 2)
    moves = {
        "Amber": {"Jade": "cooperate", "Olive": "defect"},
        "Jade": {"Amber": "defect", "Olive": "cooperate"},
        "Olive": {"Amber": "defect", "Jade": "cooperate"},
    }
    result = match.resolve(moves)
    assert result.number == 1
    assert result.moves == moves
    assert result.gains == {
        "Amber": {"Jade": 0, "Olive": 1},
        "Jade": {"Amber": 5, "Olive": 3},
        "Olive": {"Amber": 1, "Jade": 3},
    }
    assert result.scores == {"Amber": 1, "Jade": 8, "Olive": 4}
    assert result.broadcast == (
        "Results of round 1:\n"
        "Amber and Jade: cooperate, defect (+0, +5)\n"
        "Amber and Olive: defect, defect (+1, +1)\n"
        "Jade and Olive: cooperate, cooperate (+3, +3)\n"
        "Scores: Amber 1, Jade 8, Olive 4."
    )


def test_scores_add_up_over_rounds_and_earlier_rounds_keep_theirs() -> None:
    match = Match(PD, TWO, 3)
    both = _toward_all(TWO, {"Jade": "cooperate", "Olive": "cooperate"})
    for _ in range(3):
        match.resolve(both)
    assert [played.scores for played in match.played] == [
        {"Jade": 3, "Olive": 3},
        {"Jade": 6, "Olive": 6},
        {"Jade": 9, "Olive": 9},
    ]
    assert [played.number for played in match.played] == [1, 2, 3]
    assert match.played[2].broadcast.startswith("Results of round 3:\n")


def test_a_negative_gain_has_one_sign() -> None:
    match = Match(GOOD, TWO, 1)
    result = match.resolve(_toward_all(TWO, {"Jade": "give", "Olive": "keep"}))
    assert "Jade and Olive: give, keep (-0.2, +0.6)\n" in result.broadcast
    assert result.broadcast.endswith("Scores: Jade -0.2, Olive 0.6.")


def test_a_score_is_told_without_an_exponent_a_negative_zero_or_what_sums_of_floats_leave_behind() -> None:
    # A player who gives, twice with all and then four times by itself, has nothing: 2 * 0.8 - 4 * 0.4.
    players = ("Amber", "Jade", "Olive")
    match = Match(GOOD, players, 6)
    alone = {"Amber": "give", "Jade": "keep", "Olive": "keep"}
    for moves in [dict.fromkeys(players, "give")] * 2 + [alone] * 4:
        result = match.resolve(_toward_all(players, moves))
    assert result.scores["Amber"] == pytest.approx(0, abs=1e-12)
    assert result.scores["Amber"] != 0  # else this shows nothing
    assert result.broadcast.endswith("Scores: Amber 0, Jade 4, Olive 4.")

    # The other way round what is left behind is negative.
    match = Match(GOOD, players, 6)
    for moves in [alone] * 3 + [dict.fromkeys(players, "give")] * 2 + [alone]:
        result = match.resolve(_toward_all(players, moves))
    assert -1e-12 < result.scores["Amber"] < 0
    assert "Scores: Amber 0," in result.broadcast

    match = Match(THREE_MOVES, TWO, 3)
    for _ in range(3):
        result = match.resolve(_toward_all(TWO, {"Jade": "hold back", "Olive": "go-on"}))
    assert "Jade and Olive: hold back, go-on (+999999, -0.1)\n" in result.broadcast
    assert result.broadcast.endswith("Scores: Jade 2999997, Olive -0.3.")


@pytest.mark.parametrize("dumb", [("Jade",), ("Amber", "Jade")])
def test_an_unreadable_move_voids_the_meeting_for_both_and_everybody_is_told(dumb: tuple[str, ...]) -> None:
    players = ("Amber", "Jade", "Olive")
    moves = {name: None if name in dumb else "defect" for name in players}
    result = Match(PD, players, 1).resolve(_toward_all(players, moves))
    for one, other in itertools.permutations(players, 2):
        void = one in dumb or other in dumb
        assert result.gains[one][other] == (0 if void else 1)
    said = {name: VOID_WORDS if name in dumb else "defect" for name in players}
    for one, other in itertools.combinations(players, 2):
        gain = 0 if one in dumb or other in dumb else 1
        assert f"{one} and {other}: {said[one]}, {said[other]} (+{gain}, +{gain})\n" in result.broadcast


def test_a_move_toward_one_opponent_may_be_unreadable_and_the_other_not() -> None:
    moves = {
        "Amber": {"Olive": "defect"},
        "Jade": {"Amber": "defect", "Olive": "cooperate"},
        "Olive": {"Amber": "cooperate", "Jade": "cooperate"},
    }
    result = Match(PD, ("Amber", "Jade", "Olive"), 1).resolve(moves)
    assert result.gains["Amber"] == {"Jade": 0, "Olive": 5}
    assert result.gains["Jade"] == {"Amber": 0, "Olive": 3}
    assert f"Amber and Jade: {VOID_WORDS}, defect (+0, +0)\n" in result.broadcast


# --- what broadcasts say is what was played ---

# Names that begin, end or continue others.
NAMES = ("Jade", "Jad", "Jade 1", "Jade 11", "1", "11", "An Jade", "Ana", "andy", "Scores", "Ö", "jade")


def _matches(number: int) -> Iterator[tuple[np.random.Generator, Match]]:
    """Random games of random players, a tenth of whose moves are unreadable."""
    rng = np.random.default_rng(11)
    games = [*map(load_game, BANK), THREE_MOVES]
    for _ in range(number):
        names = [NAMES[at] for at in rng.permutation(len(NAMES))[: rng.integers(2, 7)]]
        match = Match(games[rng.integers(len(games))], names, 5)
        for _ in range(5):
            match.resolve(
                {
                    one: {
                        other: match.game.moves[rng.integers(len(match.game.moves))]
                        for other in names
                        if other != one and rng.random() > 0.1
                    }
                    for one in names
                }
            )
        yield rng, match


def test_meetings_reads_the_broadcasts_of_any_match_back_for_every_player() -> None:
    # A correct program never fails this.
    voided = 0
    for _, match in _matches(200):
        told = "\n\n".join(
            ["Round 1 of 5. Everybody writes."] + [played.broadcast for played in match.played]
        )
        for name in match.players:
            expected = [
                (other, played.moves[other].get(name))
                for played in match.played
                for other in match.players
                if other != name
            ]
            assert meetings(name, told) == expected
            voided += sum(move is None for _, move in expected)
    assert voided > 100


def test_meetings_of_somebody_who_did_not_play_are_none() -> None:
    result = Match(PD, TWO, 1).resolve(_toward_all(TWO, {"Jade": "defect", "Olive": "defect"}))
    assert [
        meetings(name, result.broadcast) for name in ("Amber", "Jad", "ade", "live", "Jade and Olive")
    ] == [[] for _ in range(5)]


def test_what_players_read_before_a_round_holds_no_meeting() -> None:
    for name in BANK:
        game = load_game(name)
        told = f"You are Jade. You play {game.title} with Amber and Olive, over 5 rounds.\n{game.rules}\n"
        told += game.payoff_words() + "\n" + asked_form(("Amber", "Olive"), game.moves)
        assert meetings("Jade", told) == []


# --- decisions: asked for and written ---


def test_a_decision_is_for_each_opponent_or_for_all_of_them() -> None:
    assert targets(PD, ["Jade", "Olive"]) == TWO
    assert targets(GOOD, ["Jade", "Olive"]) == (EVERYBODY,)


@pytest.mark.parametrize("game", [*map(load_game, BANK), THREE_MOVES], ids=lambda game: game.name)
def test_the_form_that_is_asked_for_shows_every_move_behind_every_name(game: Game) -> None:
    for order in (game.moves, game.moves[::-1]):
        form = asked_form(TWO, order)
        shown = dict(re.findall(r"\[(\w+): ([^\]]*)\]", form))
        assert list(shown) == list(TWO)
        for words in shown.values():
            assert words == either(order)
            assert re.split(", | or ", words) == list(order)


def test_the_form_that_is_asked_for_is_no_decision_when_it_is_sent_back() -> None:
    for game in (PD, GOOD, THREE_MOVES):
        for whom in (TWO, ("Jade",)):
            assert read_moves(asked_form(whom, game.moves), game, whom) == {}


def test_a_decision_is_read_back_as_it_is_kept() -> None:
    for game in (PD, THREE_MOVES):
        for pair in itertools.product(game.moves, repeat=2):
            moves = dict(zip(TWO, pair, strict=True))
            assert read_moves(write_moves(moves), game, TWO) == moves
    assert write_moves({"Jade": "cooperate", "Olive": "defect"}) == "[Jade: cooperate] [Olive: defect]"


# --- decisions: read ---

BOTH = {"Jade": "cooperate", "Olive": "defect"}


@pytest.mark.parametrize(
    "reply",
    [
        "[Jade: cooperate] [Olive: defect]",
        "[Olive: defect] [Jade: cooperate]",
        "[Jade:cooperate][Olive:defect]",
        "[Jade cooperate] [Olive defect]",
        "[ jade :  COOPERATE ]\n\n[OLIVE\tDefect]",
        "I trust Jade, so [Jade: cooperate], but as for Olive: [Olive: defect]. Good luck!",
        "[Jade: cooperate] [Olive: defect] [Amber: defect] [note: none] [see above] []",
        "[Jade: cooperate] [Jade: cooperate] [Olive: defect]",
        '{"Jade": "cooperate", "Olive": "defect"}',
        '{"olive": " Defect ", "JADE": "Cooperate"}',
        'Here:\n```json\n{"Jade": "cooperate", "Olive": "defect", "why": null, "sure": [0.5]}\n```',
        'In short {"Jade": "cooperate"} and [Olive: defect].',
        'Not JSON: {Jade}. [Jade: cooperate] [Olive: defect] {"Jade"',
    ],
)
def test_a_decision_is_read_however_it_is_written(reply: str) -> None:
    assert read_moves(reply, PD, TWO) == BOTH


@pytest.mark.parametrize(
    ("reply", "moves"),
    [
        ("[Jade: cooperate]", {"Jade": "cooperate"}),
        ("[Jade: cooperate] [Olive: whatever]", {"Jade": "cooperate"}),
        ("[Jade: cooperate or defect] [Olive: defect]", {"Olive": "defect"}),
        ("[Jade: cooperate] [Oliver: defect]", {"Jade": "cooperate"}),
        ('{"Jade": "cooperate", "Olive": 1}', {"Jade": "cooperate"}),
        ('{"Jade": ["cooperate"], "Olive": "defect"}', {"Olive": "defect"}),
        ("[Jade: cooperate] [Olive: defect", {"Jade": "cooperate"}),
    ],
)
def test_what_cannot_be_read_is_missing_and_the_rest_is_read(reply: str, moves: dict[str, str]) -> None:
    assert read_moves(reply, PD, TWO) == moves


@pytest.mark.parametrize(
    "reply",
    [
        "[Jade: cooperate] [Olive: defect] [Jade: defect]",
        "[Jade cooperate] [jade: defect] [Olive: defect]",
        '{"Jade": "cooperate", "Olive": "defect", "Jade": "defect"}',
        '{"Jade": "cooperate", "jade": "defect", "Olive": "defect"}',
        '[Jade: defect] {"Jade": "cooperate", "Olive": "defect"}',
    ],
)
def test_two_different_moves_for_a_name_are_none(reply: str) -> None:
    assert read_moves(reply, PD, TWO) == {"Olive": "defect"}


@pytest.mark.parametrize(
    "reply",
    ["cooperate", " Cooperate.\n", '"cooperate"', "[cooperate]", "I say [Cooperate] and mean [ cooperate ]."],
)
def test_whoever_decides_for_one_alone_may_leave_the_name_out(reply: str) -> None:
    assert read_moves(reply, PD, ("Jade",)) == {"Jade": "cooperate"}


@pytest.mark.parametrize(
    "reply", ["keep", "[keep]", "[all: keep]", "[ALL keep]", '{"all": "keep"}', "[all: keep], [Jade: give]"]
)
def test_a_decision_for_all_is_read_as_one(reply: str) -> None:
    assert read_moves(reply, GOOD, (EVERYBODY,)) == {EVERYBODY: "keep"}


@pytest.mark.parametrize(
    "reply",
    [
        "[cooperate] or [defect]?",
        "[cooperate or defect]",
        "I will cooperate with you",
        "cooperate, defect",
        "[Olive: cooperate]",
        "[Olive cooperate]",
        "[Jade: cooperate] [Jade: defect]",
        "[Jade: cooperate] [Jade: defect] [cooperate]",
    ],
)
def test_a_bare_move_that_is_not_plainly_one_is_none(reply: str) -> None:
    assert read_moves(reply, PD, ("Jade",)) == {}


def test_a_bare_move_is_none_where_there_are_two_to_decide_for() -> None:
    assert read_moves("[cooperate]", PD, TWO) == read_moves("cooperate", PD, TWO) == {}


@pytest.mark.parametrize("reply", ["[Jade: hold  back]", "[Jade hold\nback]", '{"Jade": "Hold Back"}'])
def test_a_move_of_several_words_is_read_across_spaces_and_lines(reply: str) -> None:
    assert read_moves(reply, THREE_MOVES, TWO) == {"Jade": "hold back"}


@pytest.mark.parametrize(
    "reply",
    [
        "",
        " ",
        "{}",
        "[]",
        "[:]",
        "[ : ]",
        "}{",
        "{[}]",
        "null",
        "[[Jade]: [cooperate]]",
        "Jade: cooperate, Olive: defect",
        '{"moves": {"Jade": "cooperate"}}',
        '{"Jade": {"cooperate": "defect"}}',
        "\0\x1b[2J",
        "\N{ZERO WIDTH SPACE}",
    ],
)
def test_garbage_is_no_decision(reply: str) -> None:
    assert read_moves(reply, PD, TWO) == {}


@pytest.fixture
def at_once() -> Iterator[None]:
    """Ends after half a minute what backtracks for hours; what does not is done in milliseconds."""

    def end(*_: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, end)
    signal.alarm(30)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize(
    "unit", [" ", "\n", "[", "[ ", "[a ", "[a:", ": ", "{", '{"a":', "]", "[Jade: cooperate "]
)
def test_a_reply_that_repeats_itself_without_end_is_read(unit: str, at_once: None) -> None:
    for text in (unit * 20_000, "[" + unit * 20_000, "[Jade" + unit * 20_000 + "}"):
        assert read_moves(text, PD, TWO) == {}
        assert read_moves(text, PD, ("Jade",)) == {}


def test_random_replies_give_moves_of_the_game_for_those_asked_and_no_others() -> None:
    # A correct program never fails this.
    rng = np.random.default_rng(5)
    pieces = ["[", "]", "{", "}", ":", ",", " or ", "[Jade:", "[olive ", "[Amber:", "cooperate]", "DEFECT ]"]
    pieces += ['{"Jade": "', 'defect", "', 'Olive": "', 'cooperate"}']
    some = 0
    for _ in range(20_000):
        text = "".join(pieces[at] for at in rng.integers(len(pieces), size=rng.integers(1, 14)))
        read = read_moves(text, PD, TWO)
        assert set(read) <= set(TWO)
        assert set(read.values()) <= set(PD.moves)
        some += bool(read)
    assert some > 10


# --- scripted players ---


def _plays(bot: str, theirs: Sequence[str | None], game: Game = PD, seed: int = 0) -> str:
    return BOTS[bot].move(game, theirs, np.random.default_rng(seed))


HISTORIES: list[list[str | None]] = [[], ["defect"], ["cooperate"], [None], ["cooperate", "defect", None]]


@pytest.mark.parametrize("theirs", HISTORIES)
def test_a_bot_that_always_does_the_same_does_so_whatever_others_did(theirs: list[str | None]) -> None:
    assert _plays("always-cooperate", theirs) == "cooperate"
    assert _plays("always-defect", theirs) == "defect"


@pytest.mark.parametrize("name", BANK)
def test_bots_know_which_move_is_the_co_operative_one(name: str) -> None:
    game = load_game(name)
    assert _plays("always-cooperate", [], game) == _plays("tit-for-tat", [], game) == game.cooperative
    assert _plays("always-defect", [], game) in set(game.moves) - {game.cooperative}


@pytest.mark.parametrize(
    ("theirs", "move"),
    [
        ([], "cooperate"),
        (["defect"], "defect"),
        (["cooperate", "defect"], "defect"),
        (["defect", "cooperate"], "cooperate"),
        ([None], "cooperate"),
        (["defect", None, None], "defect"),
        (["defect", None, "cooperate"], "cooperate"),
    ],
)
def test_tit_for_tat_begins_well_and_repeats_the_last_move_it_could_read(
    theirs: list[str | None], move: str
) -> None:
    assert _plays("tit-for-tat", theirs) == move


def test_tit_for_tat_mirrors_a_defector_from_the_second_round_on() -> None:
    match = Match(PD, TWO, 4)
    for _ in range(4):
        told = "\n".join(played.broadcast for played in match.played)
        theirs = [move for _, move in meetings("Jade", told)]
        match.resolve(_toward_all(TWO, {"Jade": _plays("tit-for-tat", theirs), "Olive": "defect"}))
    assert [played.moves["Jade"]["Olive"] for played in match.played] == ["cooperate"] + ["defect"] * 3


def test_the_random_bot_is_reproducible_from_its_generator_and_takes_every_move() -> None:
    # Each of three moves is missing from 60 with probability 3e-11: so seldom does a correct program fail.
    drawn = []
    for _ in range(2):
        rng = np.random.default_rng(3)
        drawn.append([BOTS["random"].move(THREE_MOVES, [], rng) for _ in range(60)])
    assert drawn[0] == drawn[1]
    assert set(drawn[0]) == set(THREE_MOVES.moves)
    other = np.random.default_rng(4)
    assert [BOTS["random"].move(THREE_MOVES, [], other) for _ in range(60)] != drawn[0]


# --- users' files ---

OK: dict[str, Any] = {
    "title": "Mine",
    "moves": ["share", "grab"],
    "cooperative": "share",
    "payoffs": [[2, 0], [3, 1]],
    "rules": "Either [share] or [grab].",
}


def _refusal(folder: Path, text: str) -> str:
    """The refusal, which is always one line and names the game."""
    path = folder / "mine.yaml"
    path.write_text(text)
    with pytest.raises(RequestError) as refusal:
        load_game(str(path))
    message = str(refusal.value)
    assert "\n" not in message
    assert "mine" in message
    return message


def test_a_game_of_ones_own_loads_from_a_file(tmp_path: Path) -> None:
    for name, extra in (("mine.yaml", {}), ("MINE.YML", {"decision": "one-for-all"})):
        (tmp_path / name).write_text(yaml.safe_dump(OK | extra))
        game = load_game(str(tmp_path / name))
        assert (game.name, game.title, game.moves) == (name[:4], "Mine", ("share", "grab"))
        assert game.gain("grab", "share") == 3
        assert game.decision == extra.get("decision", "per-opponent")


def test_rules_may_break_a_move_over_two_lines(tmp_path: Path) -> None:
    text = yaml.safe_dump(OK | {"moves": ["hold back", "grab"], "cooperative": "grab"} | {"rules": "RULES"})
    path = tmp_path / "mine.yaml"
    path.write_text(text.replace("RULES", "|\n  [hold\n  back] or [grab]"))
    assert load_game(str(path)).moves == ("hold back", "grab")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"moves": ["share"], "payoffs": [[1]]}, ["1 moves", "two or more"]),
        ({"moves": ["share", "grab", "run"]}, ["2 rows of 2, 2", "3 moves", "3 rows of 3"]),
        ({"payoffs": [[2, 0]]}, ["1 rows of 2 payoffs", "2 rows of 2"]),
        ({"payoffs": [[2, 0], [3]]}, ["2 rows of 2, 1", "2 moves"]),
        ({"payoffs": []}, ["no payoffs", "2 moves"]),
        ({"payoffs": 3}, ["payoffs is 3", "a list"]),
        ({"payoffs": [2, 0]}, ["a row of payoffs is 2", "a list"]),
        ({"payoffs": [[2, float("nan")], [3, 1]]}, ["payoff of nan", "a number"]),
        ({"payoffs": [[2, float("inf")], [3, 1]]}, ["payoff of inf", "a number"]),
        ({"payoffs": [[2, "zero"], [3, 1]]}, ["payoff of 'zero'", "a number"]),
        ({"payoffs": [[2, None], [3, 1]]}, ["payoff of None", "a number"]),
        ({"payoffs": [[2, True], [3, 1]]}, ["payoff of True", "a number"]),
        ({"payoffs": [[2, 10**400], [3, 1]]}, [f"payoff of {10**400}", "a number"]),
        ({"rules": "Either [share], [grab] or [run]."}, ["[run]", "which the matrix lacks", "share, grab"]),
        ({"rules": "[share], [grab] or [run\n\naway]"}, ["[run away]", "which the matrix lacks"]),
        ({"rules": "Either [share] or grab."}, ["never name the move [grab]", "square brackets"]),
        ({"rules": ""}, ["never name the move [share]"]),
        ({"rules": None}, ["the rules is None", "a text"]),
        ({"moves": ["share", "share"]}, ["a move twice", "share, share"]),
        ({"moves": ["share", "Share"]}, ["a move twice", "share, Share"]),
        ({"moves": ["share", "gr[ab"]}, ["a move is 'gr[ab'"]),
        ({"moves": ["share", "7"]}, ["a move is '7'"]),
        ({"moves": ["share", ""]}, ["a move is ''"]),
        ({"moves": ["share", "grab\nit"]}, [r"a move is 'grab\nit'"]),
        ({"moves": ["share", "g" * 25]}, ["g" * 25, "24 characters"]),
        ({"moves": [True, False]}, ["a move is True", "quotation marks"]),
        ({"moves": "share"}, ["moves is 'share'", "a list"]),
        ({"cooperative": "give"}, ["the co-operative move is 'give'", "share, grab"]),
        ({"cooperative": True}, ["the co-operative move is True", "quotation marks"]),
        ({"title": None}, ["the title is None"]),
        ({"decision": "both"}, ["decision is 'both'", "per-opponent or one-for-all"]),
        ({"decision": None}, ["decision is None", "per-opponent or one-for-all"]),
        ({"matrix": 1}, ["payoffs", "it has", "'matrix'"]),
    ],
)
def test_a_malformed_game_is_refused_in_a_line_that_says_what(
    tmp_path: Path, change: dict[str, Any], told: list[str]
) -> None:
    message = _refusal(tmp_path, yaml.safe_dump(OK | change))
    assert [words for words in told if words not in message] == []


@pytest.mark.parametrize("missing", OK)
def test_a_game_that_lacks_a_key_is_refused(tmp_path: Path, missing: str) -> None:
    message = _refusal(tmp_path, yaml.safe_dump({key: value for key, value in OK.items() if key != missing}))
    required, _, there = message.partition("it has")
    assert missing in required
    assert f"'{missing}'" not in there


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("title: [", "not valid YAML"),
        ("title: a: b", "not valid YAML"),
        ("title: \0", "not valid YAML"),
        ("title: 2024-13-01", "not valid YAML"),
        ("", "it has none, but None"),
        ("just words", "'just words'"),
        ("- a\n- b", "['a', 'b']"),
    ],
)
def test_a_file_that_holds_no_game_is_refused(tmp_path: Path, text: str, told: str) -> None:
    assert told in _refusal(tmp_path, text)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_bytes(b"title: \xff")
    for wrong in (path, tmp_path / "absent.yaml", tmp_path):
        with pytest.raises(RequestError) as refusal:
            load_game(str(wrong))
        assert str(wrong) in str(refusal.value)
        assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("name", "meant"),
    [("prisoner-dilema", "prisoners-dilemma"), ("Chiken", "chicken"), ("public", "public-goods"), ("", "")],
)
def test_an_unknown_game_is_refused_with_the_nearest_name(name: str, meant: str) -> None:
    with pytest.raises(RequestError, match=f"no game '{name}'; did you mean {meant}") as refusal:
        load_game(name)
    assert all(known in str(refusal.value) for known in BANK)
    assert "\n" not in str(refusal.value)


def test_a_game_survives_its_own_dictionary_as_json() -> None:
    for name in BANK:
        game = load_game(name)
        kept = json.loads(json.dumps(game.to_dict()))
        kept |= {"moves": tuple(kept["moves"]), "payoffs": tuple(map(tuple, kept["payoffs"]))}
        assert Game(**kept) == game
