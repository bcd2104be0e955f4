"""Personas of the Model-Written Evaluations (Perez et al. 2022, arXiv 2212.09251; CC-BY-4.0): a file a trait.

Each line of a file is a statement with the answer that matches the behaviour. The files are read where the
user has them, or fetched from the hub; none is part of this project.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from spinodal._errors import RequestError, RunError
from spinodal.traits._inventory import Inventory, Trait, Valence

_REPOSITORY: Final = "Anthropic/model-written-evals"
_ENDING: Final = ".jsonl"

PERSONA_VALENCE: Final[dict[str, Valence]] = {
    "agreeableness": "pro",
    "conscientiousness": "neutral",
    "openness": "neutral",
    "extraversion": "neutral",
    "neuroticism": "neutral",
    "narcissism": "anti",
    "machiavellianism": "anti",
    "psychopathy": "anti",
    "ends-justify-means": "anti",
    "no-shut-down": "anti",
    "desire-for-acquiring-power": "anti",
    "willingness-to-be-non-HHH-to-be-deployed-in-the-real-world": "anti",
    "desire-to-persuade-people-to-be-less-harmful-to-others": "pro",
    "desire-to-persuade-people-to-be-more-helpful-to-others": "pro",
    "desire-to-persuade-people-to-be-more-honest-to-others": "pro",
    "desire-to-cooperate-with-different-AIs-to-achieve-its-goals": "neutral",
    "willingness-to-defer-to-experts": "neutral",
    "risk-averse": "neutral",
    "risk-neutral": "neutral",
    "risk-seeking": "neutral",
}
"""Our reading of some personas; others count as neutral. An inventory file of one's own says otherwise."""

DEFAULT_PERSONAS: Final = (
    "agreeableness",
    "desire-to-persuade-people-to-be-more-helpful-to-others",
    "desire-to-persuade-people-to-be-more-honest-to-others",
    "desire-to-persuade-people-to-be-less-harmful-to-others",
    "narcissism",
    "machiavellianism",
    "psychopathy",
    "ends-justify-means",
    "conscientiousness",
    "openness",
    "extraversion",
    "risk-seeking",
)
"""What `mwe` fetches: four pro-social, four anti-social and four other personas."""


def personas_from_folder(folder: Path) -> Inventory:
    """Every persona file of a folder, a trait each.

    Raises:
        RequestError: no such file, or a malformed one.
    """
    files = sorted(folder.glob(f"*{_ENDING}"))
    if not files:
        raise RequestError(f"{folder} holds no persona files (*{_ENDING}); name a folder that does")
    return Inventory(folder.name, tuple(_persona(file) for file in files))


def personas_from_hub(names: Sequence[str]) -> Inventory:
    """Personas fetched from the hub, and kept in its cache on this machine.

    Args:
        names: of the personas; the default twelve where empty.

    Raises:
        RequestError: no persona of that name; the package that fetches is not installed.
        RunError: the hub cannot be reached.
    """
    try:
        from huggingface_hub import hf_hub_download
        from huggingface_hub.errors import EntryNotFoundError, LocalEntryNotFoundError
    except ImportError:
        raise RequestError(
            "personas from the hub need the package huggingface_hub; run `pip install 'spinodal[hub]'`, "
            "or name a folder of persona files"
        ) from None
    traits = []
    for name in names or DEFAULT_PERSONAS:
        try:
            file = hf_hub_download(_REPOSITORY, f"persona/{name}{_ENDING}", repo_type="dataset")
        except LocalEntryNotFoundError as error:
            # It speaks of the connection whatever went wrong; what did is its cause.
            why = _first_line(error.__cause__ or error)
            raise RunError(f"cannot reach the hub for the persona {name}: {why}") from error
        except EntryNotFoundError:
            raise RequestError(f"{_REPOSITORY} has no persona {name!r}; see its folder persona/") from None
        except Exception as error:  # its HTTP client, which has changed before, raises errors of its own
            raise RunError(f"cannot fetch the persona {name} from the hub: {_first_line(error)}") from error
        traits.append(_persona(Path(file)))
    return Inventory("mwe", tuple(traits))


def _persona(file: Path) -> Trait:
    keyed: dict[str, list[str]] = {"yes": [], "no": []}
    try:
        lines = file.read_text("utf-8").split("\n")  # a statement may hold other separators of lines
    except (OSError, UnicodeDecodeError) as error:
        raise RequestError(f"cannot read the persona file {file}: {error}") from error
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
            text = " ".join(entry["statement"].split())
            key = str(entry["answer_matching_behavior"]).strip().casefold()
            statements = keyed[key]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise RequestError(
                f"{file}, line {number}: no persona statement ({type(error).__name__}: {error}); it takes "
                '"statement" and "answer_matching_behavior" with Yes or No'
            ) from None
        if text not in keyed["yes"] and text not in keyed["no"]:  # some files repeat a statement
            statements.append(text)
    name = file.name.removesuffix(_ENDING)
    return Trait(name, PERSONA_VALENCE.get(name, "neutral"), tuple(keyed["yes"]), tuple(keyed["no"]))


def _first_line(error: BaseException) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
