"""Which contagion study a picture is of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spinodal._errors import RequestError
from spinodal._nearest import nearest

if TYPE_CHECKING:
    from spinodal.contagion_runs import ContagionRun
    from spinodal.contagion_verdict import ContagionVerdict
    from spinodal.results import Results

_KEPT = "_verdicts_of_figures"


def contagion_study(
    results: Results, study: str | None, *, guarded: bool = False
) -> tuple[str, ContagionRun, ContagionVerdict]:
    """The study of that name, its tables and verdict; without a name the one with most games played.

    `guarded`: of those with a guard. Raises `RequestError` for an unknown name.
    """
    from spinodal.contagion_verdict import judge_contagion

    studies = {name: run for name, run in results.contagion.items() if not guarded or len(run.guards) > 1}
    if study is not None and study not in studies:
        raise RequestError(
            f"{results.path} has no contagion study {study!r}{' with a guard' if guarded else ''}; the "
            "nearest is "
            f"{nearest(study, studies)!r}"
        )
    name = study or max(studies, key=lambda one: len(studies[one].played))
    kept = vars(results).setdefault(_KEPT, {})
    if name not in kept:
        kept[name] = judge_contagion(studies[name])
    return name, studies[name], kept[name]
