"""Graphs: what is taken, what is refused in one line, and the laws that the generators follow."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import igraph
import networkx
import numpy as np
import pytest
from scipy import sparse, stats

from spinodal._errors import RequestError, RunError
from spinodal.simulate.graphs import GENERATORS, Graph, as_graph, generate, read_edges, write_edges

SPECS = [
    "complete",
    "random-regular:degree=8",
    "random-regular:degree=70",
    "erdos-renyi:mean_degree=8",
    "watts-strogatz:neighbors=8,rewire=0.1",
    "barabasi-albert:attach=4",
    "stochastic-block:blocks=4,within=6,between=2",
    "lattice:dimensions=2",
    "ring-of-cliques:cliques=5",
]
DRAWN = [spec for spec in SPECS if not spec.startswith(("complete", "lattice", "ring-of-cliques"))]


def edges_of(graph: Graph) -> list[tuple[int, int]]:
    sources = np.repeat(np.arange(graph.nodes), graph.degrees)
    once = sources < graph.neighbors
    return sorted(zip(sources[once].tolist(), graph.neighbors[once].tolist(), strict=True))


def igraph_of(graph: Graph) -> Any:
    return igraph.Graph(n=graph.nodes, edges=edges_of(graph))


@pytest.mark.parametrize("spec", SPECS)
def test_generators_give_simple_graphs_that_igraph_counts_alike(spec: str) -> None:
    graph = generate(spec, 100, 7)
    other = igraph_of(graph)
    assert other.is_simple()
    assert graph.neighbors.size == graph.offsets[-1] == 2 * other.ecount()  # each edge in both rows
    assert graph.degrees.tolist() == other.degree()
    assert graph.is_connected == other.is_connected()
    assert graph.largest_component().nodes == other.components().giant().vcount()


@pytest.mark.parametrize("spec", DRAWN)
def test_generators_are_deterministic_by_seed(spec: str) -> None:
    first, second, third = (edges_of(generate(spec, 100, seed)) for seed in (1, 1, 2))
    assert first == second
    assert first != third


def test_random_regular_graphs_have_the_degree_asked_for_at_any_size() -> None:
    for nodes in range(2, 10):
        for degree in range(1, nodes):
            if nodes * degree % 2 == 0:
                for seed in range(20):
                    graph = generate(f"random-regular:degree={degree}", nodes, seed)
                    assert set(graph.degrees) == {degree}
                    assert igraph_of(graph).is_simple()


def test_random_regular_graphs_hold_as_many_triangles_as_uniform_ones() -> None:
    """The triangles of a uniform graph of degree d tend to Poisson with mean (d - 1)^3 / 6 (Bollobas).

    At mean 4.5 over 400 graphs the standard error is 0.106; a right generator fails once in 10^4 (3.9
    standard errors) but for the correction of order 1 / nodes.
    """
    triangles = [
        len(igraph_of(generate("random-regular:degree=4", 500, seed)).list_triangles()) for seed in range(400)
    ]
    assert np.mean(triangles) == pytest.approx(27 / 6, abs=0.41)


def test_erdos_renyi_degrees_are_binomial_and_pairs_equally_likely() -> None:
    """Chi-squared at level 10^-4 each; degrees of distinct nodes are all but independent."""
    nodes, mean = 20_000, 5.0
    degrees = generate(f"erdos-renyi:mean_degree={mean}", nodes, 3).degrees
    law = stats.binom(nodes - 1, mean / (nodes - 1))
    counted = np.bincount(np.minimum(degrees, 14), minlength=15)
    expected = nodes * np.append(law.pmf(np.arange(14)), law.sf(13))
    assert stats.chisquare(counted, expected).pvalue > 1e-4

    pairs = np.zeros((6, 6))
    for seed in range(4_000):
        for one, other in edges_of(generate("erdos-renyi:mean_degree=2", 6, seed)):
            pairs[one, other] += 1
    each = pairs[np.triu_indices(6, 1)]
    statistic = float(((each - 1_600) ** 2 / (1_600 * 0.6)).sum())  # 15 independent binomials of p = 2 / 5
    assert stats.chi2(15).sf(statistic) > 1e-4


def test_stochastic_blocks_hold_the_degrees_asked_for_within_and_between() -> None:
    """Numbers of edges are sums of coin tosses: five standard deviations, one wrong refusal in 10^6."""
    nodes = 4_002
    graph = generate("stochastic-block:blocks=4,within=6,between=2", nodes, 11)
    block = np.searchsorted(np.arange(1, 5) * nodes // 4, np.arange(nodes), side="right")
    one, other = np.array(edges_of(graph)).T
    inside = int((block[one] == block[other]).sum())
    assert inside == pytest.approx(nodes * 6 / 2, abs=5 * np.sqrt(nodes * 6 / 2))
    assert graph.edges - inside == pytest.approx(nodes * 2 / 2, abs=5 * np.sqrt(nodes * 2 / 2))


def test_blocks_without_edges_between_them_stay_apart() -> None:
    graph = generate("stochastic-block:blocks=2,within=9,between=0", 20, 1)
    assert edges_of(graph) == [
        (one, other)
        for start in (0, 10)
        for one in range(start, start + 10)
        for other in range(one + 1, start + 10)
    ]


def test_watts_strogatz_is_a_ring_until_rewired() -> None:
    ring = generate("watts-strogatz:neighbors=4,rewire=0", 30, 1)
    assert edges_of(ring) == sorted(
        (min(node, other), max(node, other))
        for node in range(30)
        for other in ((node + 1) % 30, (node + 2) % 30)
    )
    rewired = generate("watts-strogatz:neighbors=4,rewire=0.5", 2_000, 1)
    assert rewired.edges == 4_000
    far = [min(other - one, 2_000 - other + one) > 2 for one, other in edges_of(rewired)]
    # Half of 4,000 edges, standard deviation 32; a moved end falls near again once in a thousand.
    assert sum(far) == pytest.approx(2_000, abs=160)


def test_barabasi_albert_grows_by_degree() -> None:
    graph = generate("barabasi-albert:attach=3", 20_000, 4)
    assert graph.edges == 6 + 3 * (20_000 - 4)
    assert graph.degrees.min() == 3
    # Degree m has share 2 / (m + 2) in the limit; the standard error is 0.0035 at the most.
    assert (graph.degrees == 3).mean() == pytest.approx(2 / 5, abs=0.017)
    assert graph.degrees.max() > 100  # an exponential tail would end near 30


@pytest.mark.parametrize(("dimensions", "nodes"), [(1, 17), (2, 25), (3, 64)])
def test_lattices_are_those_of_networkx(dimensions: int, nodes: int) -> None:
    side = round(nodes ** (1 / dimensions))
    expected = networkx.grid_graph([side] * dimensions, periodic=True)
    number = {label: at for at, label in enumerate(sorted(expected))}
    assert edges_of(generate(f"lattice:dimensions={dimensions}", nodes, 0)) == sorted(
        tuple(sorted((number[one], number[other]))) for one, other in expected.edges
    )


@pytest.mark.parametrize(("cliques", "size"), [(3, 2), (4, 5), (20, 3)])
def test_rings_of_cliques_are_those_of_networkx(cliques: int, size: int) -> None:
    expected = networkx.ring_of_cliques(cliques, size).edges
    graph = generate(f"ring-of-cliques:cliques={cliques}", cliques * size, 0)
    assert edges_of(graph) == sorted(tuple(sorted(edge)) for edge in expected)


def test_largest_component_keeps_the_order_and_the_names_of_its_nodes() -> None:
    graph = as_graph(networkx.Graph([("a", "b"), ("x", "z"), ("z", "y")]))
    kept = graph.largest_component()
    assert list(kept.labels or ()) == ["x", "z", "y"]
    assert edges_of(kept) == [(0, 1), (1, 2)]
    assert kept.is_connected
    assert not graph.is_connected
    numbered = Graph.from_edges([0, 2], [1, 3], 5).largest_component()
    assert list(numbered.labels if numbered.labels is not None else ()) == [0, 1]


def test_spec_with_largest_gives_a_graph_that_can_be_simulated() -> None:
    graph = generate("erdos-renyi:mean_degree=2,largest=true", 500, 2)
    assert 300 < graph.nodes < 500
    graph.require_simulable()


def test_small_graphs_take_small_types() -> None:
    graph = generate("random-regular:degree=8", 1_000, 1)
    assert graph.memory == 4 * 1_001 + 4 * 8_000
    assert graph.to_dict() == {
        "name": "random-regular:degree=8",
        "nodes": 1_000,
        "edges": 4_000,
        "mean_degree": 8.0,
        "memory": graph.memory,
    }
    assert "1000 nodes, 4000 edges" in repr(graph)


def test_one_graph_from_all_that_may_hold_it(tmp_path: Path) -> None:
    expected = edges_of(generate("random-regular:degree=3", 20, 9))
    matrix = sparse.coo_array((np.ones(30), np.array(expected).T), (20, 20))
    file = tmp_path / "some.edges"
    file.write_text("# a comment\n" + "".join(f"{one}\t {other} # here\n\n" for one, other in expected))
    comma = tmp_path / "some.csv"
    comma.write_text("".join(f"{one}, {other}, 1.0\n" for one, other in expected))
    for source in (
        igraph.Graph(n=20, edges=expected),
        networkx.Graph(expected),
        matrix + matrix.T,
        sparse.csr_matrix(matrix + matrix.T),
        np.array(expected),
        np.array(expected, dtype=float),
        expected,
        str(file),
        comma,
    ):
        found = as_graph(source)
        renumbered = {
            tuple(sorted((int(str(found.label(a))), int(str(found.label(b)))))) for a, b in edges_of(found)
        }
        assert renumbered == set(expected)
    assert as_graph(found) is found
    assert edges_of(as_graph("random-regular:degree=3", nodes=20, seed=9)) == expected


def test_nodes_are_found_by_what_they_are_called(tmp_path: Path) -> None:
    file = tmp_path / "friends.edges"
    file.write_text("ann bob\nbob 007\n")
    graph = read_edges(file)
    assert list(graph.labels if graph.labels is not None else ()) == ["007", "ann", "bob"]
    assert graph.numbers(["bob", "007"]).tolist() == [2, 0]
    with_gaps = Graph.from_edges([0, 1], [1, 2], labels=[10, 20, 30])
    assert with_gaps.numbers([30, "10"]).tolist() == [2, 0]
    with pytest.raises(RequestError, match="no node carl in"):
        graph.numbers(["carl"])


def test_edge_files_are_read_back_as_written(tmp_path: Path) -> None:
    graph = generate("random-regular:degree=3", 50, 1)
    write_edges(graph, tmp_path / "plain.edges")
    assert edges_of(read_edges(tmp_path / "plain.edges")) == edges_of(graph)
    named = Graph.from_edges([0, 1], [1, 2], labels=["x", "y", "z"])
    write_edges(named, tmp_path / "named.edges")
    assert (tmp_path / "named.edges").read_text() == "# 3 nodes, 2 edges\nx y\ny z\n"
    with pytest.raises(RequestError, match="node 'a b' cannot stand"):
        write_edges(Graph.from_edges([0], [1], labels=["a b", "c"]), tmp_path / "blank.edges")
    with pytest.raises(RunError, match="cannot write"):
        write_edges(graph, tmp_path / "nowhere" / "a.edges")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "holds no edge"),
        ("0 1\n2\n", "line 2: '2'; give two nodes a line"),
        ("0 1\n1 2 1 4\n", "line 2"),
        ("0,1\n# fine\n\n1,\n", "line 4"),
        ("0 1\n1 nan\n", "line 2"),
        ("0 1 1\n1 2 0.5\n", "line 2: '1 2 0.5' has weight 0.5; all neighbours count equally"),
        ("0 1 -1\n", "has weight -1"),
        ("0 1 heavy\n", "has weight heavy"),
        ("0 1\n3 3\n", "node 3 is its own neighbour"),
        ("ann bob\nbob ann\n", "the edge between ann and bob stands more than once"),
    ],
)
def test_malformed_edge_files_are_refused_with_the_line(tmp_path: Path, text: str, complaint: str) -> None:
    file = tmp_path / "bad.edges"
    file.write_text(text)
    with pytest.raises(RequestError, match=re.escape(complaint)) as caught:
        as_graph(file)
    assert "\n" not in str(caught.value)


def test_files_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"cannot read .*none\.edges: No such file"):
        as_graph(tmp_path / "none.edges")
    with pytest.raises(RequestError, match="cannot read"):
        as_graph(tmp_path)
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00\x01 \xff\n")
    with pytest.raises(RequestError, match="no text"):
        as_graph(tmp_path / "binary")


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        (np.array([[0, 1], [2, 2]]), "node 2 is its own neighbour"),
        (np.array([[0, 1], [1, 2], [1, 0]]), "the edge between 0 and 1 stands more than once"),
        (np.array([[0, 1], [1, -2]]), "an edge names node -2"),
        (np.array([[0.0, np.nan]]), "an edge names node nan"),
        (np.array([[0.5, 1.0]]), "an edge names node 0.5"),
        (np.array([[0, 2**33]]), "an edge names node 8589934592"),
        (np.array([[0, 1, 2]]), r"shape \(1, 3\)"),
        (np.array([["a", "b"]]), "give one list of node numbers"),
        (sparse.csr_array(np.array([[0, 1], [0, 0]])), "not symmetric at nodes 0 and 1"),
        (sparse.csr_array(np.array([[1, 1], [1, 0]])), "node 0 is its own neighbour"),
        (sparse.csr_array(np.array([[0, -1], [-1, 0]])), "has weight -1"),
        (sparse.csr_array(np.array([[0, np.nan], [np.nan, 0]])), "has weight nan"),
        (sparse.csr_array(np.ones((2, 3))), "2 rows and 3 columns"),
        (networkx.DiGraph([(0, 1)]), "a directed networkx graph"),
        (networkx.MultiGraph([(0, 1), (0, 1)]), "stands more than once"),
        (networkx.Graph([(0, 1, {"weight": 2.0})]), "the edge between 0 and 1 has weight 2"),
        (igraph.Graph(edges=[(0, 1)], directed=True), "a directed igraph graph"),
        (igraph.Graph(edges=[(0, 1)], edge_attrs={"weight": [3]}), "an edge has weight 3"),
        (igraph.Graph(edges=[(0, 0)]), "node 0 is its own neighbour"),
        (17, "a int is no graph"),
        ("smallworld", "neither an edge file nor a generator; generators: complete, random-regular"),
        ("lattice:dimensions=2", "needs a number of nodes"),
    ],
)
def test_what_is_no_simple_undirected_graph_is_refused(source: Any, complaint: str) -> None:
    with pytest.raises(RequestError, match=complaint) as caught:
        as_graph(source)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("spec", "nodes", "complaint"),
    [
        ("regular:degree=3", 10, "no generator 'regular'"),
        ("random-regular", 10, "parameters missing; write random-regular:degree=8"),
        ("random-regular:k=3", 10, "parameters k; write random-regular:degree=8"),
        ("random-regular:degree", 10, "'degree' is no parameter"),
        ("random-regular:degree=2.5", 10, "'2.5' is not a whole number"),
        ("random-regular:degree=3", 11, "odd degree 3"),
        ("random-regular:degree=10", 10, "degree 10 of 10 nodes"),
        ("erdos-renyi:mean_degree=nan", 10, "mean degree nan"),
        ("erdos-renyi:mean_degree=8,largest=yes", 10, "give largest=true or largest=false"),
        ("erdos-renyi:mean_degree=-1", 10, "mean degree -1"),
        ("erdos-renyi:mean_degree=10", 10, "mean degree 10 of 10 nodes"),
        ("watts-strogatz:neighbors=3,rewire=0.1", 10, "give an even number below 10"),
        ("watts-strogatz:neighbors=4,rewire=nan", 10, "give a probability"),
        ("barabasi-albert:attach=10", 10, "attach=10 of 10 nodes"),
        ("stochastic-block:blocks=6,within=1,between=1", 10, "6 blocks of 10 nodes"),
        ("stochastic-block:blocks=2,within=5,between=1", 10, "give numbers from 0 to 4 and 5"),
        ("stochastic-block:blocks=2,within=nan,between=1", 10, "within=nan"),
        ("lattice:dimensions=2", 10, "10 nodes fill no 2-dimensional lattice .* give 9 nodes"),
        ("lattice:dimensions=3", 8, "give 27 nodes"),
        ("lattice:dimensions=0", 8, "give 1 or more"),
        ("ring-of-cliques:cliques=2", 10, "a ring of 2 cliques on 10 nodes; give 3 or more"),
        ("ring-of-cliques:cliques=6", 11, "6 cliques on 11 nodes; give 3 or more, of 2 nodes or more each"),
        ("ring-of-cliques:cliques=3", 10, "3 cliques of equal size; give 9 or 12 nodes"),
        ("complete", 20_000, "leave the graph out"),
        ("complete", 1, "a graph of 1 nodes"),
    ],
)
def test_graphs_that_cannot_be_are_refused(spec: str, nodes: int, complaint: str) -> None:
    with pytest.raises(RequestError, match=complaint) as caught:
        generate(spec, nodes, 1)
    assert "\n" not in str(caught.value)


def test_every_example_shown_to_users_is_right() -> None:
    for name, kind in GENERATORS.items():
        parameters = ",".join(f"{parameter}={value}" for parameter, value in kind.example.items())
        assert generate(f"{name}:{parameters}", 100, 1).nodes == 100


@pytest.mark.parametrize(
    ("graph", "complaint"),
    [
        (Graph.from_edges([], []), "has 0 nodes and 0 edges"),
        (Graph.from_edges([], [], 3), "has 3 nodes and 0 edges"),
        (
            Graph.from_edges([0, 1], [1, 2], 5),
            "3 parts, the largest of 3 of 5 nodes: 2 without neighbours, the first",
        ),
        (
            Graph.from_edges([0, 2], [1, 3]),
            r"2 parts, the largest of 2 of 4 nodes; take its largest component",
        ),
    ],
)
def test_graphs_that_opinions_cannot_cross_are_not_simulated(graph: Graph, complaint: str) -> None:
    with pytest.raises(RequestError, match=complaint):
        graph.require_simulable()


def test_edges_are_given_two_ends_each_among_the_nodes() -> None:
    with pytest.raises(RequestError, match="2 sources but 1 targets"):
        Graph.from_edges([0, 1], [1])
    with pytest.raises(RequestError, match="names node 4 of 4"):
        Graph.from_edges([0], [4], 4)
