"""What a population of agents with a given response will do.

Mean field, tipping by zealots, barriers and exact finite populations, for any response function;
closed forms for the tanh response, vectorised over arrays of (beta, h).
"""

from spinodal.theory._barrier import Barriers, barriers, log_kramers_time, potential
from spinodal.theory._chain import Chain, EscapeTimes, escape_times, tanh_log_escape
from spinodal.theory._evolve import Stage, Trace, evolve, follow_protocol, run_protocol
from spinodal.theory._group_size import CriticalSizes, GroupSizeTable, SizeLaw, SizeRange, critical_sizes
from spinodal.theory._hysteresis import HysteresisLoop, hysteresis, zealots_swept
from spinodal.theory._kinds import (
    CriticalShare,
    MeanFieldPath,
    SocietyOutlook,
    SocietyState,
    critical_share,
    mean_field_path,
    society_drift,
    society_outlook,
    society_states,
)
from spinodal.theory._landscape import Landscape, landscape
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
from spinodal.theory._outlook import Outlook, outlook, outlooks
from spinodal.theory._relaxation import log_relaxation_time
from spinodal.theory._samples import OutlookSamples, Spread, propagate
from spinodal.theory._swept import LoopThresholds, loop_thresholds, swept_means
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
from spinodal.theory._tipping import TippingThreshold, spinodal_shifts, tipping_threshold
from spinodal.theory._trial import (
    TippingCurve,
    TippingTrial,
    operational_threshold,
    start_against,
    tipping_curve,
    tipping_trial,
    tipping_watershed,
)
from spinodal.theory._withstood import tanh_withstood_share, withstood_share

__all__ = [
    "Barriers",
    "Chain",
    "CriticalShare",
    "CriticalSizes",
    "EscapeTimes",
    "FixedPoint",
    "GroupSizeTable",
    "HysteresisLoop",
    "Landscape",
    "LoopThresholds",
    "MeanFieldPath",
    "Outlook",
    "OutlookSamples",
    "Phase",
    "Side",
    "SizeLaw",
    "SizeRange",
    "SocietyOutlook",
    "SocietyState",
    "Spread",
    "Stage",
    "States",
    "TanhFixedPoints",
    "TippingCurve",
    "TippingThreshold",
    "TippingTrial",
    "Trace",
    "barriers",
    "consensus",
    "critical_share",
    "critical_sizes",
    "drift",
    "effective_parameters",
    "escape_times",
    "evolve",
    "fixed_points",
    "follow_protocol",
    "hysteresis",
    "is_bistable",
    "landscape",
    "log_kramers_time",
    "log_relaxation_time",
    "loop_thresholds",
    "mean_field_path",
    "operational_threshold",
    "outlook",
    "outlooks",
    "phase",
    "potential",
    "propagate",
    "run_protocol",
    "society_drift",
    "society_outlook",
    "society_states",
    "spinodal_h",
    "spinodal_shifts",
    "start_against",
    "states_of",
    "swept_means",
    "synchronous_cycle",
    "tanh_fixed_points",
    "tanh_log_escape",
    "tanh_withstood_share",
    "tipping_curve",
    "tipping_threshold",
    "tipping_trial",
    "tipping_watershed",
    "tipping_z",
    "withstood_share",
    "zealots_swept",
]
