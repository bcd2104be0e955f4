"""Who carries a study's parts out: this process, others beside it, or a Ray cluster."""

from spinodal.studies.crews._crew import Crew
from spinodal.studies.crews._here import HereCrew
from spinodal.studies.crews._processes import ProcessCrew
from spinodal.studies.crews._ray import RayCrew

__all__ = ["Crew", "HereCrew", "ProcessCrew", "RayCrew"]
