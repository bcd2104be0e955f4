"""Pictures of results, with Matplotlib: one small file a figure, one look for all of them.

Every result draws itself with `.plot(ax=None)`; these are the functions behind. `save` writes the picture.
"""

from spinodal.plots._attention import attention_by_turn, attention_panels
from spinodal.plots._contagion import contagion_forest
from spinodal.plots._group_size import critical_sizes
from spinodal.plots._guards import guard_ranking
from spinodal.plots._hysteresis import hysteresis_loop
from spinodal.plots._landscape import landscape
from spinodal.plots._mean_field_path import mean_field_path
from spinodal.plots._monitor import monitor_log, monitor_panels, monitors_side_by_side
from spinodal.plots._phase import Mark, phase_plane, samples
from spinodal.plots._response import outlook
from spinodal.plots._save import require_picture, save
from spinodal.plots._society import societies_side_by_side, society_loop, society_paths
from spinodal.plots._stationary import stationary_law
from spinodal.plots._tipping import tipping_curve
from spinodal.plots._trace import mark_watershed, trace, trial
from spinodal.plots._trajectories import trajectories

__all__ = [
    "Mark",
    "attention_by_turn",
    "attention_panels",
    "contagion_forest",
    "critical_sizes",
    "guard_ranking",
    "hysteresis_loop",
    "landscape",
    "mark_watershed",
    "mean_field_path",
    "monitor_log",
    "monitor_panels",
    "monitors_side_by_side",
    "outlook",
    "phase_plane",
    "require_picture",
    "samples",
    "save",
    "societies_side_by_side",
    "society_loop",
    "society_paths",
    "stationary_law",
    "tipping_curve",
    "trace",
    "trajectories",
    "trial",
]
