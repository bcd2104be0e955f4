"""What a population of agents with a given response will do.

Mean field, tipping by zealots, barriers and exact finite populations, for any response function;
closed forms for the tanh response, vectorised over arrays of (beta, h).
"""

from spinodal.theory._barrier import Barriers, barriers, log_kramers_time, potential
from spinodal.theory._chain import Chain, EscapeTimes, escape_times, tanh_log_escape
from spinodal.theory._mean_field import (
    FixedPoint,
    Phase,
    States,
    drift,
    fixed_points,
    phase,
    states_of,
    synchronous_cycle,
)
from spinodal.theory._outlook import Outlook, outlook
from spinodal.theory._protocol import (
    HysteresisLoop,
    Stage,
    TippingTrial,
    evolve,
    hysteresis,
    operational_threshold,
    run_protocol,
    tipping_trial,
)
from spinodal.theory._relaxation import log_relaxation_time
from spinodal.theory._tanh import (
    Side,
    TanhFixedPoints,
    consensus,
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
    "HysteresisLoop",
    "Outlook",
    "Phase",
    "Side",
    "Stage",
    "States",
    "TanhFixedPoints",
    "TippingThreshold",
    "TippingTrial",
    "barriers",
    "consensus",
    "drift",
    "effective_parameters",
    "escape_times",
    "evolve",
    "fixed_points",
    "hysteresis",
    "is_bistable",
    "log_kramers_time",
    "log_relaxation_time",
    "operational_threshold",
    "outlook",
    "phase",
    "potential",
    "run_protocol",
    "spinodal_h",
    "states_of",
    "synchronous_cycle",
    "tanh_fixed_points",
    "tanh_log_escape",
    "tipping_threshold",
    "tipping_trial",
    "tipping_z",
]
