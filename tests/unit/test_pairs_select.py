"""Choosing pairs by id and category."""

from __future__ import annotations

import pytest

from spinodal import RequestError
from spinodal.pairs import OptionPair, select_pairs

PAIRS = tuple(
    OptionPair(identifier, category, "x", "y")
    for identifier, category in (
        ("lamps", "town"),
        ("shutdown", "oversight"),
        ("logs", "oversight"),
        ("sugar", "food"),
    )
)


def _ids(**wanted: list[str]) -> list[str]:
    return [pair.id for pair in select_pairs(PAIRS, **wanted)]


def test_nothing_asked_selects_all() -> None:
    assert select_pairs(PAIRS) == PAIRS


def test_ids_come_in_the_order_asked_and_once() -> None:
    assert _ids(ids=["logs", "lamps", "logs"]) == ["logs", "lamps"]


def test_categories_come_in_file_order() -> None:
    assert _ids(categories=["oversight", "town"]) == ["lamps", "shutdown", "logs"]


def test_ids_come_before_categories_and_are_not_repeated() -> None:
    assert _ids(ids=["sugar", "logs"], categories=["oversight"]) == ["sugar", "logs", "shutdown"]


def test_an_unknown_id_is_refused_naming_the_nearest() -> None:
    with pytest.raises(RequestError, match="no pair has the id 'shutdwon'; the nearest is 'shutdown'"):
        _ids(ids=["lamps", "shutdwon"])


def test_an_unknown_category_is_refused_naming_the_nearest() -> None:
    with pytest.raises(
        RequestError, match="no pair has the category 'oversigth'; the nearest is 'oversight'"
    ):
        _ids(categories=["oversigth"])


def test_a_name_like_none_of_the_known_still_gets_one_refusal() -> None:
    with pytest.raises(RequestError, match="no pair has the id '###'"):
        _ids(ids=["###"])
