"""Conformity that depends on the group size: tables, and where majorities and consensus are lost."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from spinodal._errors import RequestError
from spinodal.response import TanhResponse
from spinodal.theory import GroupSizeTable, SizeRange, critical_sizes, spinodal_h

FALLING = GroupSizeTable([10, 100, 1000], [4.0, 2.0, 0.5])


def test_between_rows_beta_and_h_are_linear_in_the_logarithm_of_the_size() -> None:
    table = GroupSizeTable([10, 1000], [4.0, 2.0], [0.1, -0.3])
    assert table(10) == TanhResponse(4.0, 0.1)
    middle = table(100)
    assert (middle.beta, middle.h) == pytest.approx((3.0, -0.1))
    assert FALLING(50).h == 0.0


@pytest.mark.parametrize("agents", [9, 1001, math.nan])
def test_outside_of_the_table_nothing_is_known(agents: float) -> None:
    with pytest.raises(
        RequestError, match=r"outside the table, which spans 10 to 1000; ask within, or measure"
    ):
        FALLING(agents)


def test_two_majorities_are_lost_where_beta_reaches_one() -> None:
    found = critical_sizes(FALLING).two_majorities
    # beta = 2 - 1.5 log10(N/100) = 1 at N = 100 10^(2/3) = 464.16
    assert found.crossings == (464,)
    assert (found.at_smallest, found.at_largest, found.last) == (True, False, 464)
    assert found.in_words == "up to 464 agents"


def test_two_majorities_are_lost_where_the_bias_exceeds_the_spinodal() -> None:
    table = GroupSizeTable([10, 1000], [4.0, 2.0], [0.3, 0.3])
    last = critical_sizes(table).two_majorities.last
    assert last is not None
    margins = [float(spinodal_h(table(n).beta)) - 0.3 for n in (last, last + 1)]
    assert margins[0] > 0.0 >= margins[1]


def test_full_consensus_is_lost_where_beta_reaches_half_the_logarithm() -> None:
    found = critical_sizes(lambda agents: TanhResponse(3.0, 0.0), largest=10_000).full_consensus
    assert found.last == math.floor(math.exp(6.0)) == 403
    assert found.at_smallest


def test_every_crossing_of_a_law_that_is_not_monotone_is_told() -> None:
    table = GroupSizeTable([2, 20, 60, 200, 1000], [0.5, 2.0, 0.8, 3.0, 0.9])
    found = critical_sizes(table).two_majorities
    assert len(found.crossings) == 4
    assert (found.at_smallest, found.at_largest) == (False, False)
    for last in found.crossings:
        before, after = (table(n).beta > 1.0 for n in (last, last + 1))
        assert before != after
    first, second, third, fourth = found.crossings
    assert found.last == fourth
    assert found.in_words == f"from {first + 1} up to {second}, from {third + 1} up to {fourth} agents"


def test_a_dip_as_narrow_as_one_row_is_seen() -> None:
    table = GroupSizeTable([2, 999, 1000, 1001, 5000], [2.0, 2.0, 0.5, 2.0, 2.0])
    assert critical_sizes(table).two_majorities.crossings == (999, 1000)


def test_a_critical_size_beyond_the_table_is_not_made_up() -> None:
    beyond = critical_sizes(GroupSizeTable([10, 100], [4.0, 2.0])).two_majorities
    assert (beyond.last, beyond.crossings) == (None, ())
    assert beyond.in_words == "in every group from 10 to 100 agents"
    never = critical_sizes(GroupSizeTable([10, 100], [0.9, 0.2])).two_majorities
    assert (never.last, never.at_smallest) == (None, False)
    assert never.in_words == "in no group from 10 to 100 agents"
    regained = critical_sizes(GroupSizeTable([10, 30, 100], [2.0, 0.5, 2.0])).two_majorities
    assert regained.last is None
    assert regained.in_words.endswith("at least up to 100 agents")


def test_a_part_of_the_table_may_be_asked_about_but_nothing_beyond() -> None:
    assert critical_sizes(FALLING, 20, 200).two_majorities == SizeRange(20, 200, True, ())
    with pytest.raises(RequestError, match="outside the table"):
        critical_sizes(FALLING, largest=2000)


def test_a_range_of_one_size_is_answered() -> None:
    assert (
        critical_sizes(FALLING, 100, 100).two_majorities.in_words == "in every group from 100 to 100 agents"
    )


@pytest.mark.parametrize(("smallest", "largest"), [(10, 5), (1, 50), (2.5, 50)])
def test_a_range_that_is_none_is_refused(smallest: int, largest: int) -> None:
    with pytest.raises(RequestError, match="group sizes from"):
        critical_sizes(lambda agents: TanhResponse(2.0, 0.0), smallest, largest)


def test_a_function_needs_a_largest_size() -> None:
    with pytest.raises(RequestError, match="say up to which"):
        critical_sizes(lambda agents: TanhResponse(2.0, 0.0))


@pytest.mark.parametrize(
    ("agents", "beta", "h", "words"),
    [
        ([10], [2.0], [], "with 1 row; give 2 or more"),
        ([], [], [], "with 0 rows"),
        ([10, 10], [2.0, 1.0], [], "from 10 to 10 in row 2; sort the rows"),
        ([10, 5], [2.0, 1.0], [], "from 10 to 5 in row 2"),
        ([1, 5], [2.0, 1.0], [], "a group of 1 agents"),
        ([10, 20], [2.0, math.nan], [], "the column beta has nan in row 2"),
        ([10, 20], [2.0, "x"], [], "the column beta has 'x' in row 2"),
        ([10, None], [2.0, 1.0], [], "the column agents has None in row 2"),
        ([10, 20], [2.0, 1.0], [0.1, math.inf], "the column h has inf in row 2"),
        ([10, 20], [2.0], [], "1 values of beta for 2 group sizes"),
    ],
)
def test_a_bad_table_is_refused_in_one_line(agents: list, beta: list, h: list, words: str) -> None:
    with pytest.raises(RequestError, match=words) as raised:
        GroupSizeTable(agents, beta, h)
    assert "\n" not in str(raised.value)


def test_a_table_is_read_from_a_file_or_a_frame(tmp_path: Path) -> None:
    file = tmp_path / "sizes.csv"
    file.write_text("agents,model,beta,h\n10,x,4,0.1\n1000,x,2,-0.3\n")
    for table in (GroupSizeTable.read(file), GroupSizeTable.from_columns(pd.read_csv(file))):
        assert table(100).h == pytest.approx(-0.1)
    assert GroupSizeTable.from_columns({"agents": [2, 3], "beta": [1.0, 2.0]})(2).h == 0.0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("agents,h\n10,1\n", r"no column beta \(it has agents, h\)"),
        ("", r"no column agents nor beta \(it has none\)"),
        ("agents,beta\n", "with 0 rows"),
        ("agents,beta\n10,2\n20\n", "the column beta has None in row 2"),
    ],
)
def test_a_bad_file_is_refused_in_one_line(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "sizes.csv"
    file.write_text(text)
    with pytest.raises(RequestError, match=words):
        GroupSizeTable.read(file)


def test_a_missing_file_is_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="cannot read the table of group sizes"):
        GroupSizeTable.read(tmp_path / "none.csv")


def test_sizes_are_told_and_drawn() -> None:
    from matplotlib.figure import Figure

    found = critical_sizes(FALLING)
    told = found.to_dict()
    assert told["two_majorities"]["last"] == 464
    assert told["full_consensus"]["in_words"] == found.full_consensus.in_words
    ax = found.plot(Figure().add_subplot())
    assert np.allclose(ax.lines[0].get_xdata()[[0, -1]], [10, 1000])
