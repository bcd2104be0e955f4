"""Guards by name: what a user types, and the guard that it becomes for one agent."""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np

from spinodal._errors import RequestError
from spinodal._nearest import nearest
from spinodal.guards._cadence import Cadence, OnDrift
from spinodal.guards._composed import Composed
from spinodal.guards._guard import Guard, NoGuard
from spinodal.guards._message import Message
from spinodal.guards._neutral import Neutral
from spinodal.guards._own_prior import OwnPrior, Stance
from spinodal.guards._placement import Placement, placement_of
from spinodal.guards._reminder import Reminder, Words
from spinodal.guards._statements import Statements
from spinodal.guards._system_prompt import SystemPrompt
from spinodal.guards._text import Text
from spinodal.guards._trust_boundary import TrustBoundary
from spinodal.traits import Profile, Questionnaire, core_statements, require_threshold

GuardKind = Literal[
    "none",
    "system-prompt",
    "implicit-traits",
    "own-prior",
    "text",
    "neutral",
    "random-traits",
    "trust-boundary",
    "composed",
]

GUARD_KINDS: Final[dict[GuardKind, str]] = {
    "none": "the model is shown what is stored",
    "system-prompt": "the system prompt again (SPR)",
    "implicit-traits": "a statement of one of the agent's own strong traits (SIT)",
    "own-prior": "what the agent itself supported when it was asked alone",
    "text": "words of your own, from a file",
    "neutral": "a placebo: as many words about nothing that matters",
    "random-traits": "a placebo: a statement of a trait drawn at random",
    "trust-boundary": "peers' messages as quoted, untrusted data",
    "composed": "several guards in turn",
}
"""Every guard, and what it shows the model."""

_WHEN_AND_WHERE: Final = ("every", "first", "drift", "placement")
_OPTIONS: Final[dict[str, tuple[str, ...]]] = {
    "system-prompt": _WHEN_AND_WHERE,
    "implicit-traits": (*_WHEN_AND_WHERE, "threshold", "literal"),
    "neutral": (*_WHEN_AND_WHERE, "like"),
    "random-traits": _WHEN_AND_WHERE,
    "own-prior": _WHEN_AND_WHERE,
    "text": (*_WHEN_AND_WHERE, "file"),
}
"""What each guard can be told; the others take nothing."""


@dataclass(frozen=True)
class GuardSpec:
    """A guard as asked for: its kind and settings, before there is a profile to build it from.

    Raises:
        RequestError: a setting out of its range.
    """

    kind: GuardKind = "none"
    every: int = 2
    """Own turns from one reminder to the next."""
    first: int | None = None
    """Own turns before the first; None takes `every`."""
    drift: float | None = None
    """The group's drift score from which on it speaks, at every turn and only then; None counts turns."""
    placement: Placement | None = None
    """Where the words stand; None takes the first placement that the model's provider shows the model."""
    threshold: float = 0.85
    """Of implicit-traits: a trait is the agent's own above this score."""
    literal: bool = False
    """Of implicit-traits: any trait above the threshold, not pro-social ones alone."""
    like: Literal["implicit-traits", "system-prompt"] = "implicit-traits"
    """Of neutral: whose length its words have."""
    file: str = ""
    """Of text: where its words are from."""
    words: str = ""
    """Of text: what it says."""
    parts: tuple[GuardSpec, ...] = ()
    """Of composed: the guards, in turn."""

    def __post_init__(self) -> None:
        require_kind(self.kind)
        Cadence(self.every, self.first)
        if self.drift is not None:
            OnDrift(self.drift)
            if (self.every, self.first) != (GuardSpec.every, None):
                raise RequestError(
                    f"guard {self.kind}: it counts turns or follows the drift; give one of the two"
                )
        if self.kind == "text" and not self.words.strip():
            raise RequestError("guard text: it has no words; give text:file=FILE with some in the file")
        if (
            (self.kind == "composed") != bool(self.parts)
            or len(self.parts) == 1
            or any(part.kind in ("none", "composed") for part in self.parts)
        ):
            raise RequestError("a composition of no guards; join two or more, as in trust-boundary+own-prior")
        places = {part.placement for part in self.parts} - {None}
        if len(places) > 1:
            raise RequestError(
                f"guard {self}: its parts are placed at {' and '.join(sorted(map(str, places)))}; "
                "give them one place"
            )
        if places:
            object.__setattr__(self, "placement", places.pop())
        require_threshold(self.threshold)
        if self.like not in ("implicit-traits", "system-prompt"):
            raise RequestError(
                f"a neutral reminder like {self.like!r}; give implicit-traits or system-prompt"
            )

    @classmethod
    def parse(cls, text: str) -> GuardSpec:
        """Read `KIND` or `KIND:NAME=VALUE,...`, as in `implicit-traits:threshold=0.8,every=4`.

        Several are joined by `+`: `trust-boundary+own-prior`.
        """
        if "+" in text:
            return cls("composed", parts=tuple(cls.parse(part.strip()) for part in text.split("+")))
        kind, _, rest = text.partition(":")
        named = require_kind(kind.strip())
        values: dict[str, Any] = {}
        for part in filter(None, (part.strip() for part in rest.split(","))):
            name, equals, value = (piece.strip() for piece in part.partition("="))
            known = _OPTIONS.get(kind.strip(), ())
            if name not in known or not equals:
                mend = f"give NAME=VALUE with {', '.join(known)}" if known else "it takes no settings"
                raise RequestError(f"guard {kind}: cannot read {part!r}; {mend}")
            if name in values:
                raise RequestError(f"guard {kind}: {name} is given twice in {text!r}; give it once")
            values[name] = _value(kind, name, value)
        if named == "composed":
            raise RequestError("guard composed: join guards by +, as in trust-boundary+own-prior")
        if "file" in values:
            values["words"] = _read_words(values["file"])
        return cls(named, **values)

    @property
    def speaks(self) -> bool:
        """Whether it puts words of its own before the model, which then must have a place."""
        if self.parts:
            return any(part.speaks for part in self.parts)
        return self.kind not in ("none", "trust-boundary")

    @property
    def kinds(self) -> tuple[GuardKind, ...]:
        """Its kind; of a composition those of its parts."""
        return tuple(part.kind for part in self.parts) or (self.kind,)

    @property
    def follows_drift(self) -> bool:
        """Whether it, or a part of it, speaks by the drift of a group that somebody watches."""
        return self.drift is not None or any(part.follows_drift for part in self.parts)

    @property
    def digest(self) -> str:
        """SHA-256 over all that decides what it does, the words of a file included, in hexadecimal."""
        told = "\0".join([str(self), self.words, *(part.words for part in self.parts)])
        return hashlib.sha256(told.encode()).hexdigest()

    def at_every_turn(self) -> GuardSpec:
        """The same, speaking before every turn from the first on.

        Raises:
            RequestError: it counts turns otherwise, or follows a drift.
        """
        if self.parts:
            return replace(self, parts=tuple(part.at_every_turn() for part in self.parts))
        if not self.speaks:
            return self
        if self.drift is not None or self.first not in (None, 0) or self.every not in (GuardSpec.every, 1):
            raise RequestError(
                f"guard {self}: an agent without memory has no turns to count and nobody watches it; "
                "leave out every, first and drift"
            )
        return replace(self, every=1, first=0)

    def shortened(self) -> GuardSpec:
        """The same without its cadence, for where it is understood that it speaks at every turn."""
        if self.parts:
            return replace(self, parts=tuple(part.shortened() for part in self.parts))
        return replace(self, every=GuardSpec.every, first=None)

    def __str__(self) -> str:
        if self.parts:
            return "+".join(map(str, self.parts))
        default = {field.name: field.default for field in fields(self)}
        changed = [
            f"{field.name}={_written(getattr(self, field.name))}"
            for field in fields(self)
            if field.name not in ("kind", "words", "parts")
            and getattr(self, field.name) != default[field.name]
        ]
        return f"{self.kind}:{','.join(changed)}" if changed else self.kind

    @property
    def silence(self) -> str:
        """Why it has nothing to say, where it has nothing to say."""
        if self.parts:
            return "; ".join(part.silence for part in self.parts if part.speaks)
        if self.kind == "own-prior":
            return "the agent was not asked alone; make its profile with `spinodal profile --pairs ...`"
        if self.kind == "implicit-traits":
            which = "trait" if self.literal else "pro-social trait"
            return f"no {which} of the agent scores above {self.threshold:g}"
        if self.kind == "system-prompt" or self.like == "system-prompt":
            return "the agent has no system prompt"
        return "no statement is held out of the questions"

    def why_silent(self, materials: Materials) -> str:
        """The same for one agent: of a composition, why those of its parts are silent that are."""
        silent = [part.why_silent(materials) for part in self.parts if part.build(materials) is None]
        return "; ".join(silent) or self.silence

    def build(self, materials: Materials) -> Guard | None:
        """The guard for one agent; None where it has nothing to say.

        So it is with implicit traits where no trait of the agent is above the threshold, with the system
        prompt where there is none, and with placebos where no statement is held out of the questions.
        """
        if self.kind == "none":
            return NoGuard()
        if self.kind == "trust-boundary":
            return TrustBoundary(str(self))
        if self.parts:
            built = [part.build(materials) for part in self.parts]
            made = tuple(guard for guard in built if guard is not None)
            return Composed(made) if len(made) == len(built) else None
        words = self._words(materials)
        if words is None:
            return None
        cadence = Cadence(self.every, self.first) if self.drift is None else OnDrift(self.drift)
        return Reminder(str(self), words, cadence, materials.placement, materials.retained)

    def own_statements(self, profile: Profile, questions: Questionnaire) -> tuple[str, ...]:
        """Of implicit-traits: held-out statements of the agent's own traits; none of other guards."""
        if self.parts:
            return next(filter(None, (part.own_statements(profile, questions) for part in self.parts)), ())
        if self.kind != "implicit-traits":
            return ()
        return core_statements(questions, profile.core(questions.inventory, self.threshold, self.literal))

    def _words(self, materials: Materials) -> Words | None:
        match self.kind:
            case "system-prompt":
                return SystemPrompt() if materials.system_prompt else None
            case "implicit-traits":
                own = self.own_statements(materials.profile, materials.questions)
                return Statements(own) if own else None
            case "own-prior":
                return OwnPrior(materials.stances) if materials.stances else None
            case "text":
                return Text(self.words)
            case "random-traits":
                drawn = materials.any_statements()
                return Statements(drawn) if drawn else None
            case _:
                return self._neutral(materials)

    def _neutral(self, materials: Materials) -> Neutral | None:
        if self.like == "system-prompt":
            return Neutral.as_long_as([materials.system_prompt]) if materials.system_prompt else None
        likened = Statements(materials.likened or materials.any_statements())
        said = [likened.say([], occasion) for occasion in range(len(likened.statements))]
        return Neutral.as_long_as(said) if said else None


_NEAR: Final = 5
"""Statements nearest in length among which a placebo's is drawn."""
_USUAL: Final = 8
"""Statements that placebos take where the agent has none of its own."""


@dataclass(frozen=True)
class Materials:
    """What guards are built from, for one agent."""

    system_prompt: str | None
    profile: Profile
    questions: Questionnaire
    placement: Placement = "trailing-system"
    retained: bool = False
    seed: int = 0
    likened: tuple[str, ...] = ()
    """Statements of the agent's own traits that another guard says, for placebos to be as long as."""
    stances: tuple[Stance, ...] = ()
    """What the agent supports when it is asked alone."""

    def any_statements(self) -> tuple[str, ...]:
        """Held-out statements of any trait and keying, as long as those that `likened` holds.

        Each is drawn among the few nearest to one of them in length, and none of them is taken; where there
        are none, a few of any length.
        """
        rng = np.random.default_rng([self.seed, zlib.crc32(b"random-traits")])
        left = [one.text for one in self.questions.held_out if one.text not in self.likened]
        left = [left[at] for at in rng.permutation(len(left))]
        drawn = []
        for statement in self.likened:
            near = sorted(left, key=lambda text: abs(len(text) - len(statement)))[:_NEAR]
            if near:
                drawn.append(near[int(rng.integers(len(near)))])
                left.remove(drawn[-1])
        return tuple(drawn) if self.likened else tuple(left[:_USUAL])


def require_kind(kind: str) -> GuardKind:
    """The kind of guard of that name; `RequestError` where there is none."""
    for known in GUARD_KINDS:
        if kind == known:
            return known
    raise RequestError(
        f"no guard {kind!r}; did you mean {nearest(kind, GUARD_KINDS)}? There are "
        f"{', '.join(one for one in GUARD_KINDS if one != 'composed')}, and several joined by +"
    )


def reminders_said(guard: Guard, turns: int, system_prompt: str | None) -> list[str]:
    """All that a guard puts before the model over so many own turns."""
    if isinstance(guard, Composed):
        return [words for part in guard.guards for words in reminders_said(part, turns, system_prompt)]
    if not isinstance(guard, Reminder):
        return []
    lead = [Message("system", system_prompt)] if system_prompt else []
    due = [guard.cadence.occasion(turn) for turn in range(turns) if guard.cadence.due(turn)]
    return [guard.words.say(lead, occasion) for occasion in due]


def _value(kind: str, name: str, value: str) -> Any:
    try:
        if name in ("every", "first"):
            return int(value)
        if name in ("threshold", "drift"):
            return float(value)
        if name == "literal":
            return {"yes": True, "no": False, "true": True, "false": False}[value.casefold()]
    except (ValueError, KeyError):
        wanted = {
            "threshold": "a number in 0 to 1",
            "drift": "a number above 0",
            "literal": "yes or no",
        }.get(name, "a whole number")
        raise RequestError(f"guard {kind}: {name} is {value!r}; give {wanted}") from None
    return placement_of(value) if name == "placement" else value


def _read_words(file: str) -> str:
    try:
        return Path(file).expanduser().read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise RequestError(
            f"guard text: cannot read {file!r} ({error}); give a file of plain text"
        ) from error


def _written(value: Any) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
