"""Guards: run-time mitigations that edit what the model is shown, never what is stored.

A guard is one pure function over a conversation, `guard.apply(messages, state) -> messages`; nothing here
knows a framework.
"""

from spinodal.guards._cadence import Cadence
from spinodal.guards._guard import Guard, GuardState, NoGuard
from spinodal.guards._message import Message, Role, own_turns
from spinodal.guards._neutral import Neutral
from spinodal.guards._placement import PLACEMENTS, Placement, place, placement_of
from spinodal.guards._reminder import Reminder, Words
from spinodal.guards._spec import GUARD_KINDS, GuardSpec, Materials, reminders_said
from spinodal.guards._statements import STATEMENTS_WORDS, Statements
from spinodal.guards._system_prompt import SystemPrompt
from spinodal.guards._trust_boundary import TrustBoundary

__all__ = [
    "GUARD_KINDS",
    "PLACEMENTS",
    "STATEMENTS_WORDS",
    "Cadence",
    "Guard",
    "GuardSpec",
    "GuardState",
    "Materials",
    "Message",
    "Neutral",
    "NoGuard",
    "Placement",
    "Reminder",
    "Role",
    "Statements",
    "SystemPrompt",
    "TrustBoundary",
    "Words",
    "own_turns",
    "place",
    "placement_of",
    "reminders_said",
]
