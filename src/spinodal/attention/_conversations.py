"""What an agent was shown at each of its turns: of a contagion study, or of transcripts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from spinodal._errors import RequestError
from spinodal._nearest import nearest
from spinodal.attention._segments import QUOTING
from spinodal.contagion_runs import TRANSCRIPT
from spinodal.guards import Guard, Message, Role, turn_starts
from spinodal.guards._trust_boundary import BOUNDARY_WORDS

if TYPE_CHECKING:
    import pandas as pd

    from spinodal.contagion_runs import ContagionRun

NONE: Final = "none"
"""The guard of a conversation without one."""

_ROLES: Final[tuple[Role, ...]] = ("system", "user", "assistant")
_HEADING: Final = tuple(BOUNDARY_WORDS.split("{speaker}"))


@dataclass(frozen=True)
class OwnTurn:
    """A turn of the agent's own."""

    number: int
    """From 1."""
    kind: str
    """ "message" or "decision" in a game, "reply" elsewhere."""
    view: tuple[Message, ...]
    """What it was shown."""
    reply: str
    """What it replied, as it is kept in its conversation."""


@dataclass(frozen=True)
class Conversation:
    """A conversation, turn by turn; those that differ in `guard` and `stripped` alone are matched."""

    name: str
    turns: tuple[OwnTurn, ...]
    system_prompt: str | None
    guard: str = NONE
    stripped: bool = False
    """The guard's words taken out of what was said under it."""
    game: str = ""
    opponents: str = ""
    repetition: int = 0


def run_conversations(
    run: ContagionRun,
    *,
    guards: Sequence[str] = (),
    opponents: Sequence[str] = (),
    games: int | None = None,
    strip: bool = True,
) -> list[Conversation]:
    """The games of a contagion study, as the agent under study was shown them.

    Args:
        run: the study.
        guards: of its guards; by default all that were played. Games without a guard are always there.
        opponents: of its opponents; by default all that every one of the guards was played with. Transcripts
            that nobody played are left out: their replies are not the agent's.
        games: most games of a cell; by default all.
        strip: for each game with a guard also the same words with the guard's taken out.

    Raises:
        RequestError: unknown guards or opponents, no games left, or a guard whose words at each turn are not
            on record.
    """
    played = run.played[run.played["opponents"] != TRANSCRIPT]
    wanted = [NONE, *(_known(guard, run.guards, "guard") for guard in guards or run.guards if guard != NONE)]
    companies = [_known(one, sorted(set(played["opponents"])), "opponents") for one in opponents]
    there = {guard: set(played.loc[played["guard"] == guard, "opponents"]) for guard in wanted}
    if guards and (idle := [guard for guard in wanted if not there[guard]]):
        raise RequestError(f"{run.path}: no game with the guard {idle[0]} was played; leave it out")
    shared = set.intersection(*(names for names in there.values() if names)) if any(there.values()) else set()
    chosen = played[played["guard"].isin(wanted) & played["opponents"].isin(companies or shared)]
    if games is not None:
        chosen = chosen[chosen["repetition"] < games]
    if chosen.empty:
        raise RequestError(f"{run.path}: no game is left to look at; name other guards or opponents")
    _require_record(run, chosen)
    by_game = {str(name): rows for name, rows in run.messages.groupby("game_id", sort=False)}
    found = []
    for game in chosen.itertuples():
        one = _of_game(run, game, by_game[str(game.game_id)])
        found.append(one)
        if strip and one.guard != NONE:
            found.append(stripped(one))
    return found


def transcript_conversations(files: Sequence[Path], guards: Mapping[str, Guard]) -> list[Conversation]:
    """Transcripts without a guard and under each: the same words, with those of the guard before each turn.

    Args:
        files: JSON lists of messages: `role`, `content`, and `speaker` of a peer's.
        guards: by name.

    Raises:
        RequestError: a file that is missing or malformed, or in which the agent says nothing.
    """
    found = []
    for number, file in enumerate(files):
        messages = _read_transcript(file)
        lead = messages[0].content if messages[0].role == "system" else None
        starts = turn_starts(messages)
        for name, guard in ({NONE: None} | dict(guards)).items():
            turns = []
            for turn, start in enumerate(starts, start=1):
                before = list(messages[:start])
                view = before if guard is None else guard.apply(before)
                turns.append(OwnTurn(turn, "reply", tuple(view), messages[start].content))
            found.append(Conversation(file.name, tuple(turns), lead, name, repetition=number))
    return found


def stripped(conversation: Conversation) -> Conversation:
    """The same words without the guard's: its reminders gone, and what it quoted as it was said."""
    prompt = conversation.system_prompt
    turns = tuple(replace(turn, view=tuple(_without(turn.view, prompt))) for turn in conversation.turns)
    return replace(conversation, turns=turns, stripped=True)


def _without(view: Sequence[Message], system_prompt: str | None) -> list[Message]:
    left = []
    for number, message in enumerate(view):
        if not message.guard:
            left.append(message)
        elif message.role == "user" and message.guard == QUOTING:
            heading, *lines = message.content.split("\n")
            speaker = heading.removeprefix(_HEADING[0]).removesuffix(_HEADING[1]).strip('"')
            said = "\n".join(line.removeprefix("> ") for line in lines)
            left.append(Message("user", said, speaker=speaker))
        elif number == 0 and system_prompt and message.content.startswith(system_prompt):
            left.append(Message("system", system_prompt))
    return left


def _of_game(run: ContagionRun, game: Any, rows: pd.DataFrame) -> Conversation:
    told: Any = rows.sort_values("number").to_dict("records")
    messages = [
        Message(row["role"], row["content"], speaker=row["speaker"], guard=row["guard"]) for row in told
    ]
    a_round = int(run.meta["request"].get("chats", 1)) + 1
    own = [at for at, message in enumerate(messages) if message.role == "assistant"]
    turns = tuple(
        OwnTurn(
            number=turn + 1,
            kind="decision" if turn % a_round == a_round - 1 else "message",
            view=tuple(messages[:at]),
            reply=messages[at].content,
        )
        for turn, at in enumerate(own)
    )
    return Conversation(
        name=str(game.game_id),
        turns=turns,
        system_prompt=run.meta["request"]["system_prompt"],
        guard=str(game.guard),
        game=str(game.game),
        opponents=str(game.opponents),
        repetition=int(game.repetition),
    )


def _require_record(run: ContagionRun, games: pd.DataFrame) -> None:
    """Raise `RequestError` where the table of messages does not say what a guard showed at each turn."""
    messages = run.messages[run.messages["guard"] != ""]
    reminded = games[games["reminders"] > 0]
    unseen = reminded[~reminded["game_id"].isin(messages["game_id"])]
    lead = messages[(messages["number"] == 0) & (messages["role"] == "system")]
    leading = games[games["game_id"].isin(lead["game_id"])]
    for wrong, why in (
        (unseen, "was run with --no-keep-reminders"),
        (leading, "speaks in the first system message"),
    ):
        if len(wrong):
            raise RequestError(
                f"{run.path}: the guard {wrong['guard'].iloc[0]} {why}, so what it showed at each turn is "
                "not on record; name other guards with --guard, or give a transcript and the guard"
            )


def _read_transcript(file: Path) -> list[Message]:
    try:
        entries = json.loads(file.read_text("utf-8"))
    except OSError as error:
        raise RequestError(f"cannot read the transcript {file}: {error.strerror}; name a JSON file") from None
    except ValueError as error:
        raise RequestError(f"the transcript {file} is not JSON ({error}); give a list of messages") from None
    if not isinstance(entries, list) or not entries:
        raise RequestError(f"the transcript {file} is no list of messages; give [{{role, content}}, ...]")
    messages = []
    for number, entry in enumerate(entries, start=1):
        if not isinstance(entry, dict) or not isinstance(entry.get("content"), str):
            raise RequestError(f"{file}: message {number} has no text in `content`; give role and content")
        role = next((one for one in _ROLES if one == entry.get("role")), None)
        if role is None:
            raise RequestError(
                f"{file}: message {number} has the role {entry.get('role')!r}; "
                f"give {', '.join(_ROLES[:-1])} or {_ROLES[-1]}"
            )
        messages.append(Message(role, entry["content"], speaker=str(entry.get("speaker") or "")))
    if not turn_starts(messages):
        raise RequestError(
            f"{file}: no message has the role assistant, whose attention is asked for; add one"
        )
    return messages


def _known(name: str, known: Sequence[str], what: str) -> str:
    if name in known:
        return name
    hint = f"did you mean {nearest(name, known)}? " if known else ""
    raise RequestError(f"the study has no {what} {name!r}; {hint}It has {', '.join(known)}")
