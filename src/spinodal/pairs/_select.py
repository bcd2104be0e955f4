"""Some pairs out of many, by id and by category."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from spinodal._errors import RequestError
from spinodal._nearest import nearest
from spinodal.pairs._option_pair import OptionPair


def select_pairs(
    pairs: Sequence[OptionPair],
    ids: Iterable[str] = (),
    categories: Iterable[str] = (),
) -> tuple[OptionPair, ...]:
    """Pick the pairs with these ids, in the order asked, then the rest of these categories, in file order.

    Args:
        pairs: what to pick from; ids unique, at least one pair.
        ids: ids to pick; one asked twice is picked once.
        categories: categories to pick whole. Neither ids nor categories: all pairs.

    Raises:
        RequestError: an id or a category that none of the pairs has; names the nearest that one has.
    """
    by_id = {pair.id: pair for pair in pairs}
    known_categories = {pair.category: None for pair in pairs}
    ids, categories = tuple(ids), tuple(categories)
    for kind, asked, known in (("id", ids, by_id), ("category", categories, known_categories)):
        for name in asked:
            if name not in known:
                raise RequestError(
                    f"no pair has the {kind} {name!r}; the nearest is {nearest(name, known)!r} "
                    "(`spinodal pairs list` shows the bank's)"
                )
    if not ids and not categories:
        return tuple(pairs)
    of_categories = {pair.id: pair for pair in pairs if pair.category in categories}
    return tuple({**{name: by_id[name] for name in ids}, **of_categories}.values())
