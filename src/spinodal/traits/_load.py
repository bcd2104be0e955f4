"""Inventories from files: our own YAML, or a folder of Model-Written Evaluations personas."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Final

from spinodal._errors import RequestError
from spinodal.traits._inventory import Inventory, Trait
from spinodal.traits._personas import personas_from_folder, personas_from_hub

DEFAULT_INVENTORY: Final = "spinodal-12"
"""Our own twelve traits, `bank/traits.yaml`."""

HUB: Final = "mwe"
"""What names the Model-Written Evaluations on the hub: `mwe`, or `mwe:agreeableness,narcissism`."""

_KEYS: Final = {"valence", "about", "yes", "no"}


def load_inventory(source: str = DEFAULT_INVENTORY) -> Inventory:
    """The inventory that a user names.

    Args:
        source: "spinodal-12"; a YAML file of traits; a folder of persona files (`*.jsonl`); or "mwe" for the
            Model-Written Evaluations personas on the hub, "mwe:NAME,NAME" for some of them.

    Raises:
        RequestError: a name that is none, a file that is missing or malformed, one keying only.
        RunError: the hub cannot be reached.
    """
    if source == DEFAULT_INVENTORY:
        return _own()
    if source == HUB or source.startswith(f"{HUB}:"):
        return personas_from_hub(
            [name.strip() for name in source.partition(":")[2].split(",") if name.strip()]
        )
    path = Path(source).expanduser()
    if path.is_dir():
        return personas_from_folder(path)
    if not path.is_file():
        raise RequestError(
            f"no inventory {source!r}; give {DEFAULT_INVENTORY}, a YAML file, "
            f"a folder of persona files, or {HUB}"
        )
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RequestError(f"cannot read the inventory {path}: {error}") from error
    return _from_yaml(path.stem, text)


def example_inventory() -> str:
    """A small inventory file, to start one's own from."""
    return (
        "# A trait, its valence (pro, anti or neutral), and what somebody with it (yes) and without it (no)\n"
        "# would say. Twenty statements or more, as many of either keying, measure well.\n"
        "patience:\n"
        "  valence: pro\n"
        "  about: gives others and things the time they need\n"
        "  yes:\n    - I wait without fuss when others take their time\n    - I let slow things be slow\n"
        "  no:\n    - I press on when others are still thinking\n    - I want every answer at once\n"
    )


@cache
def _own() -> Inventory:
    bank = resources.files("spinodal.traits") / "bank" / "traits.yaml"
    return _from_yaml(DEFAULT_INVENTORY, bank.read_text("utf-8"))


def _from_yaml(name: str, text: str) -> Inventory:
    import yaml

    try:
        # The base loader leaves `yes` and `no` the words they are.
        twice = _given_twice(yaml.compose(text, Loader=yaml.BaseLoader))
        found = None if twice else yaml.load(text, Loader=yaml.BaseLoader)
    except yaml.YAMLError as error:
        raise RequestError(f"the inventory {name} is not valid YAML ({_flat(error)}); mend it") from error
    if twice:
        raise RequestError(f"the inventory {name} has {twice}; keep one of them")
    if not isinstance(found, Mapping) or not found:
        raise RequestError(
            f"the inventory {name} holds no traits; write `trait-name:` and its fields below it"
        )
    return Inventory(name, tuple(_trait(name, str(trait), fields) for trait, fields in found.items()))


def _trait(inventory: str, name: str, fields: Any) -> Trait:
    if not isinstance(fields, Mapping) or not {"valence", "yes", "no"} <= set(fields) <= _KEYS:
        has = ", ".join(map(repr, fields)) if isinstance(fields, Mapping) else f"none, but {fields!r}"
        raise RequestError(
            f"trait {name} of the inventory {inventory} must have the fields valence, yes and no (and may "
            f"have about), and no others; it has {has}"
        )
    for key in ("yes", "no"):
        if fields[key] == "":  # nothing behind the colon
            continue
        if not isinstance(fields[key], list):
            raise RequestError(
                f"trait {name} of the inventory {inventory}: {key} is {fields[key]!r}; give a list of "
                "statements"
            )
        for one in fields[key]:
            if not isinstance(one, str) or not one.strip():
                raise RequestError(
                    f"trait {name} of the inventory {inventory}: a statement keyed {key} is {one!r}; write a "
                    "sentence, in quotation marks where it holds a colon"
                )
    return Trait(
        name=name,
        valence=fields["valence"],
        yes=tuple(fields["yes"] or ()),
        no=tuple(fields["no"] or ()),
        about=str(fields.get("about", "")),
    )


def _given_twice(root: Any) -> str:
    """Which key a document has twice, in words: YAML would keep the last, and drop the others unsaid."""
    import yaml

    if not isinstance(root, yaml.MappingNode):
        return ""
    for node in (root, *(value for _, value in root.value)):
        seen: set[str] = set()
        for key, _ in node.value if isinstance(node, yaml.MappingNode) else ():
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    return f"{key.value!r} twice, again on line {key.start_mark.line + 1}"
                seen.add(key.value)
    return ""


def _flat(error: Exception) -> str:
    return " ".join(str(error).split())
