"""An agent's profile as a file: all that a guard needs to know of the agent it speaks to."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from spinodal._errors import RequestError
from spinodal.guards._own_prior import Stance
from spinodal.guards._placement import Placement, placement_of
from spinodal.traits import Inventory, Key, Profile, Questionnaire, Statement, Trait

FORMAT: Final = 1


@dataclass(frozen=True)
class AgentProfile:
    """One agent's traits, the statements to remind it of them by, and its stances when asked alone.

    `spinodal profile` measures it; guards are built from it, in a study and in deployment alike.
    """

    model: str
    system_prompt: str | None
    profile: Profile
    questions: Questionnaire
    """What was asked, and the statements held out of it, which guards say."""
    stances: tuple[Stance, ...] = ()
    placement: Placement = "trailing-system"
    """Where this model can be shown a guard's words."""
    placement_verified: bool = False
    """Whether words placed there were seen to reach the model."""
    placement_how: str = ""
    temperature: float = 1.0
    measured: Mapping[str, Any] | None = None
    """How and when: readout, calls, tokens, date, version; JSON-ready."""

    def stance(self, pair: str) -> Stance | None:
        """What the agent supports of a pair; None where it was not asked."""
        return next((stance for stance in self.stances if stance.pair == pair), None)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        scores = self.profile.to_dict()
        return {
            "spinodal_profile": FORMAT,
            "model": self.model,
            "system_prompt": self.system_prompt,
            "temperature": self.temperature,
            "traits": [
                {
                    "name": trait.name,
                    "valence": trait.valence,
                    "about": trait.about,
                    "score": scores.get(trait.name),
                    "statements": [
                        {"text": one.text, "key": one.key}
                        for one in self.questions.held_out
                        if one.trait == trait.name
                    ],
                }
                for trait in self.questions.inventory.traits
            ],
            "stances": [asdict(stance) for stance in self.stances],
            "placement": {
                "placement": self.placement,
                "verified": self.placement_verified,
                "how": self.placement_how,
            },
            "measured": dict(self.measured or {}),
        }

    @classmethod
    def from_dict(cls, kept: Mapping[str, Any]) -> AgentProfile:
        """As `to_dict` gives it; `KeyError`, `TypeError`, `ValueError`, `RequestError` for other forms."""
        if kept["spinodal_profile"] != FORMAT:
            raise ValueError(f"its format is {kept['spinodal_profile']!r}, and {FORMAT} is read here")
        told = kept["traits"]
        held = [
            Statement(one["text"], trait["name"], _key(one["key"]))
            for trait in told
            for one in trait["statements"]
        ]
        traits = tuple(
            Trait(
                trait["name"],
                trait["valence"],
                tuple(one["text"] for one in trait["statements"] if one["key"] == "yes"),
                tuple(one["text"] for one in trait["statements"] if one["key"] == "no"),
                trait["about"],
            )
            for trait in told
        )
        scores = {
            trait["name"]: math.nan
            if trait["score"] is None
            else _fraction(trait["score"], f"the score of {trait['name']}")
            for trait in told
        }
        stances = tuple(Stance(**stance) for stance in kept["stances"])
        for stance in stances:
            _fraction(stance.p_a, f"p_a of {stance.pair}")
        place = kept["placement"]
        return cls(
            model=kept["model"],
            system_prompt=kept["system_prompt"],
            profile=Profile(scores),
            questions=Questionnaire(Inventory("profile", traits), (), tuple(held)),
            stances=stances,
            placement=placement_of(place["placement"]),
            placement_verified=bool(place["verified"]),
            placement_how=place["how"],
            temperature=float(kept["temperature"]),
            measured=kept["measured"],
        )

    @classmethod
    def read(cls, file: str | Path) -> AgentProfile:
        """The profile in a file; `RequestError` where it holds none."""
        path = Path(file).expanduser()
        mend = "make one with `spinodal profile --model MODEL > profile.json`"
        try:
            kept = json.loads(path.read_text("utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise RequestError(f"cannot read the profile {path} ({error}); {mend}") from error
        except ValueError as error:
            raise RequestError(f"the profile {path} is not JSON ({error}); {mend}") from error
        try:
            return cls.from_dict(kept)
        except (KeyError, TypeError, ValueError, AttributeError, RequestError) as error:
            told = f"no {error}" if isinstance(error, KeyError) else " ".join(str(error).split())
            raise RequestError(f"the profile {path} cannot be used ({told}); {mend}") from error


def _key(text: str) -> Key:
    if text not in ("yes", "no"):
        raise ValueError(f"a statement is keyed {text!r}, not yes or no")
    return "yes" if text == "yes" else "no"


def _fraction(value: float, what: str) -> float:
    if not 0.0 <= value <= 1.0:
        raise ValueError(f"{what} is {value}, which is not in 0 to 1")
    return float(value)
