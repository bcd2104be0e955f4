"""What a population of agents with a given response will do.

Mean field, tipping by zealots, barriers and exact finite populations, for any response function;
closed forms for the tanh response, vectorised over arrays of (beta, h).
"""

from spinodal.theory._barrier import Barriers, barriers, potential
from spinodal.theory._chain import Chain, EscapeTimes, escape_times, tanh_log_escape
from spinodal.theory._mean_field import (
    FixedPoint,
    Phase,
    States,
    drift,
    fixed_points,
    phase,
    states_of,
)
from spinodal.theory._outlook import Outlook, outlook
from spinodal.theory._tanh import (
    Side,
    TanhFixedPoints,
    effective_parameters,
    is_bistable,
    spinodal_h,
    tanh_fixed_points,
    tipping_z,
)
from spinodal.theory._tipping import TippingThreshold, tipping_threshold

__all__ = [
    "Barriers",
    "Chain",
    "EscapeTimes",
    "FixedPoint",
    "Outlook",
    "Phase",
    "Side",
    "States",
    "TanhFixedPoints",
    "TippingThreshold",
    "barriers",
    "drift",
    "effective_parameters",
    "escape_times",
    "fixed_points",
    "is_bistable",
    "outlook",
    "phase",
    "potential",
    "spinodal_h",
    "states_of",
    "tanh_fixed_points",
    "tanh_log_escape",
    "tipping_threshold",
    "tipping_z",
]
