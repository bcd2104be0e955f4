"""Option pairs: the two opposing positions a population chooses between; our bank, and users' own files."""

from spinodal.pairs._bank import BANK_SETS, bank_pairs, example_file
from spinodal.pairs._load import load_pairs
from spinodal.pairs._option_pair import OPTION_LIMIT, OptionPair
from spinodal.pairs._select import select_pairs

__all__ = [
    "BANK_SETS",
    "OPTION_LIMIT",
    "OptionPair",
    "bank_pairs",
    "example_file",
    "load_pairs",
    "select_pairs",
]
