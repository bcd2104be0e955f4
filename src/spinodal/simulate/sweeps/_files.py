"""Requests and points from files."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spinodal._errors import RequestError
from spinodal._files import read_table
from spinodal.simulate.sweeps._values import whole

if TYPE_CHECKING:
    from spinodal.simulate.sweeps._plan import Points

_YAML = (".yaml", ".yml")
_TABLES = (".csv", ".parquet", ".pq")
_FIELDS = ("grid", "points", "runs", "seed", "out")


@dataclass(frozen=True)
class SweepRequest:
    """What a file asks for."""

    grid: dict[str, Any] = field(default_factory=dict)
    points: Points | None = None
    runs: int = 1
    seed: int = 0
    out: Path | None = None


def read_request(path: str | Path) -> SweepRequest:
    """The request in a YAML file, or the points in a CSV or Parquet file.

    The YAML has `grid:`, a mapping of parameters to values; `points:`, a list of mappings or the path of a
    table; `runs`, `seed` and `out`. Scalars stay text, so that `1:3:1` is not a time of day.

    Raises:
        RequestError: it cannot be read, or says something else.
    """
    file = Path(path)
    suffix = file.suffix.lower()
    if suffix not in (*_YAML, *_TABLES):
        raise RequestError(f"{file} is neither a request nor a table; name a .yaml, .csv or .parquet file")
    if not file.is_file():
        raise RequestError(f"there is no file {file}; name a request (.yaml) or a table of points")
    return _from_yaml(file) if suffix in _YAML else SweepRequest(points=read_table(file))


def _from_yaml(file: Path) -> SweepRequest:
    import yaml

    try:
        asked = yaml.load(file.read_text("utf-8"), Loader=yaml.BaseLoader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise RequestError(f"{file} is no YAML ({' '.join(str(error).split())}); mend it") from None
    if not isinstance(asked, dict):
        raise RequestError(f"{file} is no request; write {', '.join(f'{name}:' for name in _FIELDS)}")
    unknown = [name for name in asked if name not in _FIELDS]
    if unknown:
        raise RequestError(f"{file} has {unknown[0]!r}; a request has {', '.join(_FIELDS)}")
    grid, points = asked.get("grid") or {}, asked.get("points")
    if not isinstance(grid, dict) or any(isinstance(values, dict) for values in grid.values()):
        raise RequestError(f"{file}: grid is no mapping of values; write beta: [1.5, 2] and so on")
    if isinstance(points, str):
        points = read_table(file.parent / points)
    elif points is not None and not (isinstance(points, list) and all(isinstance(at, dict) for at in points)):
        raise RequestError(f"{file}: points is no list of mappings; write - {{beta: 2, h: 0.1}} and so on")
    if not isinstance(out := asked.get("out", ""), str):
        raise RequestError(f"{file}: out is {out!r}; give the path of a table")
    return SweepRequest(
        grid=grid,
        points=points,
        runs=whole("runs", asked.get("runs", 1)),
        seed=whole("seed", asked.get("seed", 0)),
        out=Path(out) if out else None,
    )
