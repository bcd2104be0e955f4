"""A cell: one point of parameter space, the unit of a sweep's work."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import MISSING, asdict, dataclass, fields
from functools import cached_property
from typing import Any, Final, Literal

from spinodal._errors import RequestError
from spinodal.response import TanhResponse
from spinodal.simulate import METHODS, AtRandom, ByDegree, Method, Placement, Stage
from spinodal.simulate.sweeps._values import number, spread, whole
from spinodal.tables import NO_LIMIT
from spinodal.theory import Side

WELL_MIXED: Final = "well-mixed"
"""What `graph` says where every agent sees every other."""

Place = Literal["random", "degree", "lowest-degree"]

PLACEMENTS: Final[Mapping[Place, Placement]] = {
    "random": AtRandom(),
    "degree": ByDegree(),
    "lowest-degree": ByDegree(lowest=True),
}


def _word(name: str, value: Any) -> str:
    return str(value).strip()


def _spec(name: str, value: Any) -> str:
    """As a word, but commas belong to it."""
    return _word(name, value)


def _limit(name: str, value: Any) -> int | None:
    return None if value is None or value != value or value == NO_LIMIT else whole(name, value)


@dataclass(frozen=True)
class Cell:
    """The parameters of a cell; its replicas differ in nothing but their random numbers.

    Raises `RequestError` where a value makes no sense.
    """

    beta: float
    """Conformity: the steepness of the response."""
    h: float
    """Bias: an agent is indifferent at m = -h."""
    agents: int
    """Regular agents."""
    zealots: int = 0
    """Zealots beside them."""
    toward: Side = "B"
    """The option that zealots hold."""
    hold: int | None = None
    """Sweeps after which the zealots leave; None: they stay."""
    zealots_on: Place = "random"
    """Nodes of zealots on a graph, one of `PLACEMENTS`."""
    m0: float = 0.0
    """Magnetization at the start, in [-1, 1]."""
    sweeps: int = 100
    """How long."""
    graph: str = WELL_MIXED
    """Who sees whom: `WELL_MIXED`, a generator's spec, or the path of an edge file."""
    shown: int | None = None
    """An agent sees only so many random peers; None: all."""
    method: Method = "auto"
    draw: int = 0
    """Number of an independent draw: another graph, other replicas."""

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Cell:
        """The cell with these values, numbers as numbers or as text."""
        missing = [name for name in REQUIRED if name not in values]
        if missing:
            raise RequestError(f"no {' and no '.join(missing)}; a sweep needs {', '.join(REQUIRED)}")
        return cls(**{name: PARAMETERS[name].read(name, value) for name, value in values.items()})

    def __post_init__(self) -> None:
        TanhResponse(self.beta, self.h)
        for name, least in (("agents", 2), ("zealots", 0), ("sweeps", 1), ("draw", 0)):
            if getattr(self, name) < least:
                raise RequestError(f"{name} is {getattr(self, name)}; give a whole number, {least} or more")
        if not -1.0 <= self.m0 <= 1.0:
            raise RequestError(f"m0 is {self.m0:g}; give a magnetization in [-1, 1]")
        if self.shown is not None and self.shown < 1:
            raise RequestError(f"shown is {self.shown}; give a whole number, 1 or more, or {NO_LIMIT}")
        if self.hold is not None and not 0 <= self.hold <= self.sweeps:
            raise RequestError(
                f"hold is {self.hold} of {self.sweeps} sweeps; give 0 to {self.sweeps}, or {NO_LIMIT}"
            )
        choices: tuple[tuple[str, tuple[str, ...]], ...] = (
            ("toward", ("A", "B")),
            ("zealots_on", tuple(PLACEMENTS)),
            ("method", METHODS),
        )
        fitting = ("auto", "counts", "leaps") if self.graph == WELL_MIXED else ("auto", "attempts", "events")
        if self.method in METHODS and self.method not in fitting:
            raise RequestError(
                f"method {self.method} is not for graph {self.graph}; give {', '.join(fitting)}"
            )
        for name, known in choices:
            if getattr(self, name) not in known:
                raise RequestError(f"{name} is {getattr(self, name)!r}; give one of {', '.join(known)}")

    def __str__(self) -> str:
        """Its parameters, without those at their defaults."""
        said = [known.name for known in fields(self) if getattr(self, known.name) != known.default]
        return ", ".join(f"{name} = {getattr(self, name)}" for name in said)

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The schedule: the zealots present, and after `hold` sweeps gone."""
        for_a, for_b = (self.zealots, 0) if self.toward == "A" else (0, self.zealots)
        if self.hold is None:
            return (Stage(self.sweeps, for_a, for_b),)
        return (Stage(self.hold, for_a, for_b), Stage(self.sweeps - self.hold))

    @cached_property
    def key(self) -> str:
        """What tells this cell from every other, whatever grid it stands in."""
        from spinodal.simulate.sweeps._graphs import contents

        values = asdict(self) | {"graph": contents(self.graph)}
        return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:32]

    def seed(self, seed: int) -> int:
        """Seed of this cell in a sweep of that seed: by the cell's values, not by its place.

        `simulate(..., seed=this, runs=R)` gives the cell's R replicas, in order.
        """
        digest = hashlib.sha256(f"{seed}:{self.key}".encode()).digest()
        return int.from_bytes(digest[:8], "big") >> 1  # it has to fit a column of signed integers


Reader = Callable[[str, Any], Any]
"""From a parameter's name and a value as given to the value meant."""

_READERS: Final[Mapping[str, Reader]] = {
    "float": number,
    "int": whole,
    "int | None": _limit,
    "str": _spec,
    "Side": _word,
    "Place": _word,
    "Method": _word,
}
_DTYPES: Final[Mapping[Reader, str]] = {
    number: "float64",
    whole: "int64",
    _limit: "Int64",
    _word: "str",
    _spec: "str",
}


@dataclass(frozen=True)
class Parameter:
    """How the values of a parameter are read, and kept in a column."""

    read: Reader
    required: bool

    def values(self, name: str, given: Any) -> list[Any]:
        """The values that a grid gives the parameter, read; see `spread`."""
        numeric = self.read not in (_word, _spec)
        entries = spread(name, given, commas=self.read is not _spec, ranges=numeric)
        return [self.read(name, entry) for entry in entries]

    @property
    def dtype(self) -> str:
        """Type of its column in the table."""
        return _DTYPES[self.read]


PARAMETERS: Final[Mapping[str, Parameter]] = {
    known.name: Parameter(_READERS[str(known.type)], known.default is MISSING) for known in fields(Cell)
}
"""By name, in the order of the table's columns."""

REQUIRED: Final = tuple(name for name, parameter in PARAMETERS.items() if parameter.required)
