"""Guards: run-time mitigations that edit what the model is shown, never what is stored.

A guard is one pure function over a conversation, `guard.apply(messages, state) -> messages`; nothing here
knows a framework (`spinodal.adapters` does), and nothing here needs more than NumPy and YAML.

    guard = make_guard("implicit-traits:every=4", "profile.json")
"""

from spinodal.guards._agent_profile import AgentProfile
from spinodal.guards._cadence import Cadence, OnDrift, When
from spinodal.guards._composed import Composed
from spinodal.guards._failing import FAIL_POLICIES, Failing, FailPolicy, GuardError, GuardWarning
from spinodal.guards._guard import Guard, GuardState, NoGuard
from spinodal.guards._make import NEED_A_PROFILE, ProfileWarning, make_guard, warn_of_another
from spinodal.guards._message import Message, Role, in_turn, own_turns, turn_starts
from spinodal.guards._neutral import Neutral
from spinodal.guards._own_prior import OWN_PRIOR_WORDS, OwnPrior, Stance
from spinodal.guards._placement import PLACEMENTS, Placement, place, placement_of
from spinodal.guards._reminder import Reminder, Words
from spinodal.guards._spec import GUARD_KINDS, GuardSpec, Materials, reminders_said
from spinodal.guards._statements import STATEMENTS_WORDS, Statements
from spinodal.guards._system_prompt import SystemPrompt
from spinodal.guards._text import Text
from spinodal.guards._trust_boundary import TrustBoundary

__all__ = [
    "FAIL_POLICIES",
    "GUARD_KINDS",
    "NEED_A_PROFILE",
    "OWN_PRIOR_WORDS",
    "PLACEMENTS",
    "STATEMENTS_WORDS",
    "AgentProfile",
    "Cadence",
    "Composed",
    "FailPolicy",
    "Failing",
    "Guard",
    "GuardError",
    "GuardSpec",
    "GuardState",
    "GuardWarning",
    "Materials",
    "Message",
    "Neutral",
    "NoGuard",
    "OnDrift",
    "OwnPrior",
    "Placement",
    "ProfileWarning",
    "Reminder",
    "Role",
    "Stance",
    "Statements",
    "SystemPrompt",
    "Text",
    "TrustBoundary",
    "When",
    "Words",
    "in_turn",
    "make_guard",
    "own_turns",
    "place",
    "placement_of",
    "reminders_said",
    "turn_starts",
    "warn_of_another",
]
