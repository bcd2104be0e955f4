"""The three-player Prisoner's Dilemma against TextArena's `ThreePlayerIPD-v0`, move for move.

TextArena (Guertler et al. 2025, arXiv 2504.11442) shares no code with ours. Both get the same replies; what
is compared is what players read, in TextArena's observations and in our broadcasts.
"""

from __future__ import annotations

import asyncio
import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest
import textarena

from contagion_studies_made import plan_of
from spinodal.contagion.play import Played, play
from spinodal.contagion.players import Decided, Moment, Said
from spinodal.games import Match, load_game, meetings, read_moves
from spinodal.guards import Message, NoGuard

PD = load_game("prisoners-dilemma")
GAMES = 1000
ROUNDS = 5
PLAYERS = ("Player 0", "Player 1", "Player 2")
EVERY = 20
"""Each so-manieth game, all that every player is told is read at each of its turns, not at the end alone."""

Pair = tuple[str, str]
Told = tuple[dict[Pair, Pair], dict[Pair, tuple[float, float]], dict[str, float]]
"""Of one round: moves and gains of every pair, and scores so far."""

_THEIR_PAIR = re.compile(
    r"(Player \d) vs (Player \d) chose to (\w+) and (\w+) respectively "
    r"\((Player \d) gained (\d+), (Player \d) gained (\d+)\)"
)
_OUR_PAIR = re.compile(r"(Player \d) and (Player \d): (\w+), (\w+) \(\+(\d+), \+(\d+)\)")


@dataclass
class Seen:
    """A game as TextArena told it."""

    rounds: dict[str, list[Told]]
    """What each player had read in the end."""
    chat: dict[str, str]
    """All the text that it was shown."""
    early: list[tuple[str, int, str]] = field(default_factory=list)
    """Who had read what before its turn in which round, from 0."""
    final: dict[str, float] = field(default_factory=dict)
    rewards: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Script:
    """What the players write in one game, by round and player."""

    messages: list[list[str]]
    decisions: list[list[str]]


def _script(rng: np.random.Generator, number: int) -> Script:
    """Random moves, in random order, spelling and spacing."""
    p = rng.random()  # so that games of nothing but one move are among them

    def token(target: int) -> str:
        move = "cooperate" if rng.random() < p else "defect"
        move = (move, move.upper(), move.title())[rng.integers(3)]
        return (f"[{target} {move}]", f"[ {target}  {move} ]")[rng.integers(2)]

    messages = [
        [f"message {number}.{at}.{player} [1 defect]  all" for player in range(3)] for at in range(ROUNDS)
    ]
    decisions = []
    for _ in range(ROUNDS):
        replies = []
        for player in range(3):
            tokens = [token(target) for target in range(3) if target != player]
            replies.append((" ", ", I say, ")[rng.integers(2)].join(tokens[at] for at in rng.permutation(2)))
        decisions.append(replies)
    return Script(messages, decisions)


def _theirs(text: str) -> list[Told]:
    """TextArena's results in what a player was shown."""
    told = []
    for block in text.split("### Round ")[1:]:
        moves, gains = {}, {}
        for one, other, first, second, *got in _THEIR_PAIR.findall(block):
            assert (got[0], got[2]) == (one, other)
            moves[one, other] = first, second
            gains[one, other] = float(got[1]), float(got[3])
        [line] = re.findall(r"-> Current scores: (.*)", block)
        told.append(
            (moves, gains, {name: float(s) for name, s in re.findall(r"(Player \d) \((\d+)\)", line)})
        )
        assert block.startswith(f"{len(told)} - Results:")
    return told


def _ours(broadcast: str) -> Told:
    """Our results as players read them."""
    *lines, last = broadcast.splitlines()[1:]
    moves, gains = {}, {}
    for line in lines:
        found = _OUR_PAIR.fullmatch(line)
        assert found
        moves[found[1], found[2]] = found[3], found[4]
        gains[found[1], found[2]] = float(found[5]), float(found[6])
    scores = re.fullmatch(r"Scores: (.*)\.", last)
    assert scores
    return moves, gains, {name: float(s) for name, s in re.findall(r"(Player \d) (\d+)", scores[1])}


def _play_theirs(script: Script, watched: bool) -> Seen:
    env = textarena.make("ThreePlayerIPD-v0")
    env.reset(num_players=3, seed=0)
    early = []
    for number, replies in itertools.product(range(ROUNDS), (script.messages, script.decisions)):
        for player in range(3):
            if watched:
                at, text = env.get_observation()
                assert at == player
                early.append((PLAYERS[at], number, text))
            done, _ = env.step(replies[number][player])
    assert done
    shown = {}
    for player in range(3):
        env.state.manually_set_current_player_id(player, force=True)
        at, text = env.get_observation()
        shown[PLAYERS[at]] = text
    rewards, info = env.close()
    final = dict(re.findall(r"P(\d)=(\d+)", info[0]["reason"]))
    return Seen(
        {name: _theirs(text) for name, text in shown.items()},
        shown,
        early,
        {f"Player {player}": float(score) for player, score in final.items()},
        {PLAYERS[player]: reward for player, reward in rewards.items()},
    )


def _play_ours(script: Script) -> Match:
    """The same replies, read and carried out by ours."""
    match = Match(PD, PLAYERS, ROUNDS)
    for replies in script.decisions:
        moves = {}
        for player, reply in enumerate(replies):
            others = [str(target) for target in range(3) if target != player]
            read = read_moves(reply, PD, others)
            moves[PLAYERS[player]] = {f"Player {target}": move for target, move in read.items()}
        match.resolve(moves)
    return match


@pytest.fixture(scope="module")
def played() -> list[tuple[Script, Seen, Match]]:
    rng = np.random.default_rng(2026)
    scripts = [_script(rng, number) for number in range(GAMES)]
    return [
        (script, _play_theirs(script, watched=number % EVERY == 0), _play_ours(script))
        for number, script in enumerate(scripts)
    ]


@dataclass
class Reciter:
    """Says and does in our games what it is told to, and keeps what it heard by the time it last decided."""

    script: Script
    names: tuple[str, ...]
    """At our table, in TextArena's order."""
    at: int
    heard: list[set[tuple[str, str]]] = field(default_factory=list)
    """By round: who wrote what, by TextArena's names."""
    told: list[str] = field(default_factory=list)
    """Results."""

    async def speak(self, view: list[Message], moment: Moment) -> Said:
        return Said(self.script.messages[moment.turn // 2][self.at])

    async def decide(self, view: list[Message], opponents: Sequence[str], moment: Moment) -> Decided:
        self.heard, self.told = [set()], []
        for message in view:
            if message.role == "user" and message.content.startswith("Results of round"):
                self.told.append(self._renamed(message.content))
                self.heard.append(set())
            elif message.speaker or message.content.startswith("message "):
                name = self._renamed(message.speaker) or PLAYERS[self.at]
                self.heard[-1].add((name, " ".join(message.content.split())))
        reply = self.script.decisions[moment.turn // 2][self.at]
        read = read_moves(reply, PD, [str(target) for target in range(3) if target != self.at])
        return Decided({self.names[int(target)]: move for target, move in read.items()}, reply)

    def asked(self, opponents: Sequence[str], number: int, order: Sequence[str]) -> str:
        return "Decide."

    def _renamed(self, text: str) -> str:
        for ours, theirs in zip(self.names, PLAYERS, strict=True):
            text = text.replace(ours, theirs)
        return text


def _converse(script: Script) -> dict[str, Reciter]:
    """A whole game of ours with the script's players, by TextArena's names."""
    plan = plan_of(rounds=ROUNDS, repetitions=1)
    cell = plan.cells[0]
    ours = Played(cell, plan.seating(cell))
    names = ours.seating.players
    cast = {name: Reciter(script, names, at) for at, name in enumerate(names)}
    asyncio.run(play(plan, cast, NoGuard(), dict.fromkeys(names), ours))
    return dict(zip(PLAYERS, cast.values(), strict=True))


def _messages(shown: str) -> set[tuple[str, str]]:
    """Who wrote what, in some of what TextArena shows."""
    lines = re.findall(r"^\[(Player \d)\] (.*)", shown, re.MULTILINE)
    return {(name, " ".join(text.split())) for name, text in lines}


# Nothing below can fail by chance: the games are random, the outcome of each is not.

Games = list[tuple[Script, Seen, Match]]


def test_the_random_games_hold_every_profile_of_moves(played: Games) -> None:
    profiles = {tuple(told[0].values()) for _, seen, _ in played for told in seen.rounds["Player 0"]}
    assert len(profiles) == 2**6


def test_moves_gains_and_scores_are_told_as_textarena_tells_them(played: Games) -> None:
    for _, seen, match in played:
        ours = [_ours(result.broadcast) for result in match.played]
        assert len(ours) == ROUNDS
        assert [seen.rounds[name] for name in PLAYERS] == [ours] * 3


def test_gains_and_scores_are_textarenas(played: Games) -> None:
    for _, seen, match in played:
        for result, (moves, gains, scores) in zip(match.played, seen.rounds["Player 0"], strict=True):
            for (one, other), pair in moves.items():
                assert (result.moves[one][other], result.moves[other][one]) == pair
                assert (result.gains[one][other], result.gains[other][one]) == gains[one, other]
            assert result.scores == scores


def test_final_scores_and_the_order_of_players_are_textarenas(played: Games) -> None:
    for _, seen, match in played:
        assert match.scores == seen.final
        for one, other in itertools.combinations(PLAYERS, 2):
            ranked = np.sign(seen.rewards[one] - seen.rewards[other])
            assert ranked == np.sign(match.scores[one] - match.scores[other])


def test_our_broadcasts_read_back_as_the_moves_that_textarena_carried_out(played: Games) -> None:
    for _, seen, match in played:
        told = "\n".join(result.broadcast for result in match.played)
        for name in PLAYERS:
            toward = []
            for moves, _, _ in seen.rounds[name]:
                for (one, other), (first, second) in moves.items():
                    toward += [(one, first)] if other == name else [(other, second)] if one == name else []
            assert meetings(name, told) == toward


def test_every_player_knows_of_all_earlier_rounds_and_no_other_at_each_of_its_turns(played: Games) -> None:
    turns = 0
    for _, seen, match in played[::EVERY]:
        ours = [_ours(result.broadcast) for result in match.played]
        for _, number, text in seen.early:
            assert _theirs(text) == ours[:number]
            turns += 1
    assert turns == GAMES // EVERY * ROUNDS * 2 * 3


def test_messages_and_results_reach_the_others_as_in_textarena(played: Games) -> None:
    for script, seen, match in played[::EVERY]:
        for name, reciter in _converse(script).items():
            rounds = re.split(r"Starting Round \d", seen.chat[name])[1:]
            theirs = [_messages(block.partition("Chat finished")[0]) for block in rounds]
            assert [len(messages) for messages in theirs] == [3] * ROUNDS
            assert reciter.heard == theirs
            assert reciter.told == [result.broadcast for result in match.played[:-1]]
