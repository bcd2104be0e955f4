"""A guard ready for use, from a line of text and a profile."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Final

from spinodal._errors import RequestError
from spinodal.guards._agent_profile import AgentProfile
from spinodal.guards._failing import Failing, FailPolicy
from spinodal.guards._guard import Guard
from spinodal.guards._own_prior import Stance
from spinodal.guards._placement import Placement, placement_of
from spinodal.guards._spec import GuardSpec, Materials
from spinodal.traits import Profile, load_inventory

NEED_A_PROFILE: Final = ("implicit-traits", "own-prior")
"""Guards that speak of the agent itself."""

_MAKE_ONE: Final = "make one with `spinodal profile --model MODEL > profile.json`"


class ProfileWarning(UserWarning):
    """A guard is built from the profile of another agent than the one it is for."""


def make_guard(
    spec: str | GuardSpec,
    profile: AgentProfile | str | Path | None = None,
    *,
    model: str | None = None,
    system_prompt: str | None = None,
    pair: str | None = None,
    placement: Placement | None = None,
    retained: bool = False,
    fail: FailPolicy = "closed",
    seed: int = 0,
) -> Guard:
    """The guard that a line of text names, for one agent.

        make_guard("implicit-traits:every=4", "profile.json")
        make_guard("trust-boundary+own-prior", "profile.json", pair="oversight")

    Args:
        spec: as `GuardSpec.parse` reads it.
        profile: what `spinodal profile` wrote of the agent; implicit-traits and own-prior need it.
        model: the model it is for, to be warned where the profile is another's.
        system_prompt: the agent's; by default the profile's. Only placebos as long as it need to know it: a
            guard that repeats the system prompt takes the conversation's own.
        pair: id of the option pair under discussion, so that the own prior states this stance alone.
        placement: where words stand, unless the spec says; by default where the profile found that they reach
            the model, and without a profile "trailing-system".
        retained: whether the model goes on seeing reminders where they once stood.
        fail: what happens to a call in which the guard fails.
        seed: of the statements that placebos draw.

    Raises:
        RequestError: an unknown guard, setting or placement; a missing or malformed profile; a guard that has
            nothing to say to this agent, and so would be silently idle.

    Warns:
        ProfileWarning: the profile is of another model, or of another system prompt.
    """
    asked = GuardSpec.parse(spec) if isinstance(spec, str) else spec
    known = AgentProfile.read(profile) if isinstance(profile, (str, Path)) else profile
    needing = [kind for kind in asked.kinds if kind in NEED_A_PROFILE]
    if needing and known is None:
        raise RequestError(
            f"guard {asked}: {needing[0]} needs the agent's profile; {_MAKE_ONE} and give that"
        )
    if known is not None:
        warn_of_another(known, model, system_prompt)
        system_prompt = system_prompt if system_prompt is not None else known.system_prompt
    if system_prompt is None and "system-prompt" in asked.kinds:
        system_prompt = "the conversation's own"  # read there at each turn; here it only must not be none
    if placement is not None:
        placement_of(placement)
    found = known.placement if known else "trailing-system"
    questions = known.questions if known else load_inventory().split(2, 8, seed)
    traits = known.profile if known else Profile({})
    materials = Materials(
        system_prompt=system_prompt,
        profile=traits,
        questions=questions,
        placement=asked.placement or placement or found,
        retained=retained,
        seed=seed,
        likened=GuardSpec("implicit-traits").own_statements(traits, questions),
        stances=_stances(known, pair) if known and "own-prior" in asked.kinds else (),
    )
    guard = asked.build(materials)
    if guard is None:
        raise RequestError(
            f"guard {asked} has nothing to say to {known.model if known else 'this agent'}: "
            f"{asked.why_silent(materials)}"
        )
    return Failing(guard, fail)


def warn_of_another(known: AgentProfile, model: str | None, system_prompt: str | None) -> None:
    """Warn where a profile is of another agent than the one it is to serve."""
    if model is not None and model != known.model:
        warnings.warn(
            f"the profile is of {known.model}, and the guard is for {model}: another model has other traits "
            f"and other placements; {_MAKE_ONE}",
            ProfileWarning,
            stacklevel=3,
        )
    elif system_prompt is not None and known.system_prompt != system_prompt:
        warnings.warn(
            "the profile was made under another system prompt, which may show other traits; "
            "make it again with --system-prompt",
            ProfileWarning,
            stacklevel=3,
        )


def _stances(known: AgentProfile, pair: str | None) -> tuple[Stance, ...]:
    if pair is None:
        return known.stances
    stance = known.stance(pair)
    if stance is None:
        asked = ", ".join(one.pair for one in known.stances) or "none"
        raise RequestError(
            f"the profile of {known.model} holds no stance on {pair!r} (it holds: {asked}); "
            f"ask it with `spinodal profile --pairs {pair}`"
        )
    return (stance,)
