"""Studies of many agents from one file: run folders beside one another, many providers, many machines.

load_study(file)           what the file asks for; every fault in it is told with its line
plan_study(study, parts)   what it would take, before a call is made
run_study(study, where)    carry it out; goes on where an earlier command was stopped
study_status(study, where) how far it is
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spinodal.studies._file import load_study
    from spinodal.studies._plan import StudyPlan, plan_study
    from spinodal.studies._run import StudyRun, run_study
    from spinodal.studies._status import StudyStatus, study_status
    from spinodal.studies._study import Part, Study

_HOMES = {
    "Part": "_study",
    "Study": "_study",
    "StudyPlan": "_plan",
    "StudyRun": "_run",
    "StudyStatus": "_status",
    "load_study": "_file",
    "plan_study": "_plan",
    "run_study": "_run",
    "study_status": "_status",
}

__all__ = [
    "Part",
    "Study",
    "StudyPlan",
    "StudyRun",
    "StudyStatus",
    "load_study",
    "plan_study",
    "run_study",
    "study_status",
]


def __getattr__(name: str) -> Any:
    """Public names load on first use: a page that reads a study's folder needs no Inspect."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
