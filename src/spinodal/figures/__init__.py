"""Figures of many runs, as the papers show them: each a function of results, in a small file of its own.

from spinodal.results import read_results
from spinodal.figures import phase_plane

phase_plane(read_results("runs/study"), agent="gpt-5-mini").savefig("plane.svg")

`spinodal figure` draws them by name. Sizes are those of print; `caption_of` a figure is what belongs under
it. Pictures of one result are in `spinodal.plots`.
"""

from spinodal.figures._trajectories import trajectories  # isort: skip  (the order of the gallery)
from spinodal.figures._responses import responses  # isort: skip
from spinodal.figures._collapse import collapse  # isort: skip
from spinodal.figures._phase_plane import phase_plane  # isort: skip
from spinodal.figures._models import models  # isort: skip
from spinodal.figures._staying import staying  # isort: skip
from spinodal.figures._tipping import tipping  # isort: skip
from spinodal.figures._loop import loop  # isort: skip
from spinodal.figures._thresholds import thresholds  # isort: skip
from spinodal.figures._temperature import temperature  # isort: skip
from spinodal.figures._framing import framing  # isort: skip
from spinodal.figures._group_size import group_size  # isort: skip
from spinodal.figures._correlation import correlation  # isort: skip
from spinodal.figures._families import families  # isort: skip
from spinodal.figures._critical_size import critical_size  # isort: skip
from spinodal.figures._contagion_traits import contagion_traits  # isort: skip
from spinodal.figures._contagion_guards import contagion_guards  # isort: skip
from spinodal.figures._cooperation import cooperation  # isort: skip
from spinodal.figures._entry import FIGURES, FigureEntry, Need, caption_of, find_figure
from spinodal.figures._telling import telling

__all__ = [
    "FIGURES",
    "FigureEntry",
    "Need",
    "caption_of",
    "collapse",
    "contagion_guards",
    "contagion_traits",
    "cooperation",
    "correlation",
    "critical_size",
    "families",
    "find_figure",
    "framing",
    "group_size",
    "loop",
    "models",
    "phase_plane",
    "responses",
    "staying",
    "telling",
    "temperature",
    "thresholds",
    "tipping",
    "trajectories",
]
