"""Who sees whom, and where zealots sit, as typed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spinodal.simulate import Placement
    from spinodal.simulate.graphs import Graph


def graph_of(text: str, agents: int | None, seats: int, seed: int, largest_component: bool = False) -> Graph:
    """The graph that a file or a generator names, with a node for every agent and every zealot."""
    from spinodal._errors import RequestError
    from spinodal.simulate.graphs import GENERATORS, as_graph, generate

    if text.partition(":")[0] in GENERATORS:
        if agents is None:
            raise RequestError("how many agents? a generated graph needs --agents")
        net = generate(text, agents + seats, seed)
        return net.largest_component() if largest_component else net
    net = as_graph(text)
    net = net.largest_component() if largest_component else net
    if agents not in (None, net.nodes, net.nodes - seats):
        raise RequestError(
            f"--agents {agents} on a graph of {net.nodes} nodes, {seats} of them for zealots; "
            f"give {net.nodes} or leave it out"
        )
    return net


def placement_of(text: str, net: Graph) -> Placement:
    """Where zealots sit, by a rule's name or by the names of nodes."""
    from spinodal._errors import RequestError
    from spinodal.simulate import AtRandom, ByDegree, OnNodes

    named: dict[str, Placement] = {
        "random": AtRandom(),
        "degree": ByDegree(),
        "lowest-degree": ByDegree(lowest=True),
    }
    if text in named:
        return named[text]
    try:
        return OnNodes(net.numbers(name.strip() for name in text.split(",")).tolist())
    except RequestError as error:
        raise RequestError(f"--zealots-on: {error}; or give {', '.join(named)}") from None
