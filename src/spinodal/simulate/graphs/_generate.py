"""Generators by one line of text, as on a command line."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import get_type_hints

import numpy as np

from spinodal._errors import RequestError
from spinodal.simulate.graphs._graph import Graph
from spinodal.simulate.graphs._rows import LARGEST_NODE
from spinodal.simulate.graphs.generators import GENERATORS, Generator


def generate(spec: str | Generator, nodes: int, seed: int | np.random.SeedSequence) -> Graph:
    """A graph drawn from a generator, the same for the same seed.

    The spec is a generator, or text: its name, then its parameters, such as "complete",
    "random-regular:degree=8", "watts-strogatz:neighbors=8,rewire=0.1", "barabasi-albert:attach=4",
    "stochastic-block:blocks=4,within=6,between=2", "lattice:dimensions=2", "ring-of-cliques:cliques=4".
    "erdos-renyi:mean_degree=8" leaves some nodes without neighbours; ",largest=true" after any parameters
    keeps the largest component alone, which has fewer than `nodes` nodes. Raises `RequestError` on an
    unknown name or parameter, and on a graph that cannot be.
    """
    generator, largest = _parsed(spec) if isinstance(spec, str) else (spec, False)
    if nodes != int(nodes) or not 2 <= nodes <= LARGEST_NODE:
        raise RequestError(f"a graph of {nodes} nodes; give a whole number, 2 or more")
    children = seed if isinstance(seed, np.random.SeedSequence) else np.random.SeedSequence(seed)
    rows = generator.rows(int(nodes), children)
    graph = Graph(*rows, spec.partition(",largest=")[0] if isinstance(spec, str) else str(spec))
    # What drawn nodes were numbered before says nothing: no labels to keep.
    return replace(graph.largest_component(), labels=None) if largest else graph


def _parsed(spec: str) -> tuple[Generator, bool]:
    name, _, rest = spec.partition(":")
    if name not in GENERATORS:
        raise RequestError(f"no generator {name!r}; there are {', '.join(GENERATORS)}")
    kind = GENERATORS[name]
    types = {field.name: get_type_hints(kind)[field.name] for field in fields(kind)}
    given = dict(_option(spec, option) for option in rest.split(",") if option)
    largest = given.pop("largest", "false")
    if largest not in ("true", "false"):
        raise RequestError(f"{spec}: largest={largest}; give largest=true or largest=false")
    if given.keys() != types.keys():
        right = ",".join(f"{parameter}={kind.example[parameter]}" for parameter in types)
        raise RequestError(
            f"{spec}: parameters {', '.join(given) or 'missing'}; write {name}{':' if right else ''}{right}"
        )
    return kind(**{parameter: _number(spec, text, types[parameter]) for parameter, text in given.items()}), (
        largest == "true"
    )


def _option(spec: str, option: str) -> tuple[str, str]:
    parameter, equals, value = option.partition("=")
    if not equals:
        raise RequestError(f"{spec}: {option!r} is no parameter; write name=value")
    return parameter.strip(), value.strip()


def _number(spec: str, text: str, kind: type[int] | type[float]) -> int | float:
    try:
        return kind(text)
    except ValueError:
        wanted = "a whole number" if kind is int else "a number"
        raise RequestError(f"{spec}: {text!r} is not {wanted}; give {wanted}") from None
