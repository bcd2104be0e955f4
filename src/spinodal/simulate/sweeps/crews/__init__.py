"""Who does the work of a sweep: one small class a way to get cells lived through."""

from spinodal.simulate.sweeps.crews._crew import Crew, Work
from spinodal.simulate.sweeps.crews._ray import RayCrew
from spinodal.simulate.sweeps.crews._threads import ThreadCrew

__all__ = ["Crew", "RayCrew", "ThreadCrew", "Work"]
