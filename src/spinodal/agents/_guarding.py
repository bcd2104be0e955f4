"""The guard that an agent carries wherever it is asked."""

from __future__ import annotations

import hashlib
import json
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from spinodal._errors import RequestError
from spinodal.guards import AgentProfile, Guard, GuardSpec, Placement, ProfileWarning, make_guard


@dataclass(frozen=True)
class Guarding:
    """A guard as asked for, with the profile that it is built from: part of what an agent is.

    An agent that is asked afresh at every update, or sees a window of its past, has no turns to count: its
    guard speaks at every prompt.

    Raises:
        RequestError: a guard that counts turns or follows a drift.
    """

    spec: GuardSpec
    profile: AgentProfile | None = None
    source: str = field(default="", compare=False)
    """File that the profile was read from."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "spec", self.spec.at_every_turn())

    def build(
        self, model: str, system_prompt: str | None, pair: str, placement: Placement | None = None
    ) -> Guard:
        """The guard of one agent, for a discussion of one option pair; raises and warns as `make_guard`.

        An agent without a system prompt has none to repeat, and none that a profile could be made under.
        """
        if system_prompt is None:
            if "system-prompt" in self.spec.kinds:
                raise RequestError(
                    f"guard {self.name} has nothing to say to {model}: the agent has no system prompt; "
                    "give it one with --system-prompt, or leave the guard out"
                )
            if self.profile is not None and self.profile.system_prompt is not None:
                warnings.warn(
                    "the profile was made under a system prompt, and the agent has none; "
                    "make it again without one",
                    ProfileWarning,
                    stacklevel=2,
                )
        return make_guard(
            self.spec,
            self.profile,
            model=model,
            system_prompt=system_prompt,
            pair=pair,
            placement=placement,
        )

    @property
    def known_placement(self) -> Placement | None:
        """Where words are known to reach the model, or are to stand; None where that is to be found out."""
        if self.spec.placement is None and self.profile is not None and self.profile.placement_verified:
            return self.profile.placement
        return None

    @property
    def name(self) -> str:
        """The guard as it is written on the command line, without what every such guard has."""
        return str(self.spec.shortened())

    def to_dict(self) -> dict[str, Any]:
        """What decides what it does, JSON-ready."""
        profile = None if self.profile is None else json.dumps(self.profile.to_dict(), sort_keys=True)
        return {
            "guard": str(self.spec),
            "guard_digest": self.spec.digest,
            "profile_digest": None if profile is None else hashlib.sha256(profile.encode()).hexdigest(),
        }


def guarding_of(guard: str | None, profile: str | Path | None) -> Guarding | None:
    """The guard and the profile that a user names; None for no guard.

    Raises:
        RequestError: an unknown guard or setting, or a profile that cannot be read.
    """
    known = None if profile is None else AgentProfile.read(profile)
    spec = GuardSpec() if guard is None else GuardSpec.parse(guard)
    if spec.kind == "none":
        return None
    return Guarding(spec, known, "" if profile is None else str(profile))
