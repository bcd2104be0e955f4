"""The pairs that come with Spinodal."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from spinodal._errors import RequestError
from spinodal._nearest import nearest
from spinodal.pairs._load import load_pairs
from spinodal.pairs._option_pair import OptionPair

BANK_SETS = ("opinions", "safety", "all")
"""The sets of the bank: neutral opinions, safety pairs with a declared aligned option, both."""

_HERE = Path(__file__).parent


@cache
def bank_pairs(name: str = "all", /) -> tuple[OptionPair, ...]:
    """The pairs of one set of the bank.

    Args:
        name: one of `BANK_SETS`; "all" gives the opinions, then the safety pairs.

    Raises:
        RequestError: no such set.
    """
    if name not in BANK_SETS:
        raise RequestError(
            f"no set {name!r} in the bank of pairs; the nearest is {nearest(name, BANK_SETS)!r} "
            f"(known: {', '.join(BANK_SETS)})"
        )
    if name == "all":
        return bank_pairs("opinions") + bank_pairs("safety")
    return load_pairs(_HERE / "bank" / f"{name}.yaml")


def example_file() -> str:
    """A commented YAML file of pairs to start one's own from; it loads as it stands."""
    return (_HERE / "example.yaml").read_text(encoding="utf-8")
