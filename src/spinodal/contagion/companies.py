"""In whose company the agent under study plays: a family, one small class each."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spinodal._errors import RequestError
from spinodal._nearest import nearest
from spinodal.contagion.wording import Wording
from spinodal.contagion_runs import TRANSCRIPT
from spinodal.games.bots import BOTS, Bot, RandomMoves


@dataclass(frozen=True)
class ModelCompany:
    """The others are model agents with one persona."""

    name: str
    system_prompt: str
    scripted_focal = False

    def to_dict(self) -> dict[str, Any]:
        return {"name": self.name, "system_prompt": self.system_prompt}


@dataclass(frozen=True)
class BotCompany:
    """The others are scripted: what they do does not depend on any model."""

    name: str
    bot: Bot
    scripted_focal = False

    def to_dict(self) -> dict[str, Any]:
        return {"name": self.name}


@dataclass(frozen=True)
class TranscriptOnly:
    """Nobody plays: a transcript of random moves and idle messages is put before the agent as its own.

    What changes under it changes because there is a transcript, and for no other reason.
    """

    name: str = TRANSCRIPT
    bot: Bot = RandomMoves()  # noqa: RUF009 - frozen
    scripted_focal = True

    def to_dict(self) -> dict[str, Any]:
        return {"name": self.name}


Company = ModelCompany | BotCompany | TranscriptOnly


def company_of(text: str, wording: Wording) -> Company:
    """The company that a text names.

    Args:
        text: "default", "benevolent", "malicious"; a bot's name; "transcript"; or a text file with a persona.
        wording: where the personas stand.

    Raises:
        RequestError: a name that is none, or a file that cannot be read.
    """
    if text in wording.personas:
        return ModelCompany(text, wording.personas[text])
    if text in BOTS:
        return BotCompany(text, BOTS[text])
    if text == TRANSCRIPT:
        return TranscriptOnly()
    path = Path(text)
    if path.suffix:
        try:
            return ModelCompany(path.stem, path.read_text("utf-8").strip())
        except (OSError, UnicodeDecodeError) as error:
            raise RequestError(f"cannot read the persona in {text}: {error}") from error
    known = [*wording.personas, *BOTS, TRANSCRIPT]
    raise RequestError(
        f"no opponents {text!r}; did you mean {nearest(text, known)}? There are {', '.join(known)}, and "
        "files with a persona"
    )
