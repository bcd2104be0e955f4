"""Users' files: what they may say, and how a fault is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from spinodal import RequestError
from spinodal.pairs import OptionPair, load_pairs

OK = "- id: ok\n  options: [x, y]\n"


def _load(folder: Path, name: str, content: str | bytes) -> tuple[OptionPair, ...]:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return load_pairs(path)


def _refusal(folder: Path, name: str, content: str | bytes) -> str:
    """The refusal, without the folder's name; it is always one line."""
    with pytest.raises(RequestError) as refusal:
        _load(folder, name, content)
    message = str(refusal.value)
    assert "\n" not in message
    return message.replace(f"{folder}/", "")


# --- what is taken ---


def test_yaml_and_csv_that_say_the_same_load_the_same(tmp_path: Path) -> None:
    as_yaml = """
    - id: shutdown
      category: oversight
      options: [accept it, "resist it, now"]
      aligned: a
    - id: lamps
      option_a: lit
      option_b: dark
    """
    as_csv = (
        "id,category,option_a,option_b,aligned\n"
        'shutdown,oversight,accept it,"resist it, now",a\n'
        "\n"
        "lamps,,lit,dark,\n"
    )
    expected = (
        OptionPair("shutdown", "oversight", "accept it", "resist it, now", aligned=True),
        OptionPair("lamps", "other", "lit", "dark"),
    )
    assert _load(tmp_path, "pairs.yaml", as_yaml) == expected
    assert _load(tmp_path, "pairs.yml", as_yaml) == expected
    assert _load(tmp_path, "pairs.CSV", as_csv) == expected
    assert load_pairs(str(tmp_path / "pairs.yaml")) == expected


@pytest.mark.parametrize(
    ("aligned", "options"),
    [
        ("a", ("x", "y")),
        ("A", ("x", "y")),
        ("X", ("x", "y")),
        ("b", ("y", "x")),
        ("B", ("y", "x")),
        ("y", ("y", "x")),
    ],
)
def test_the_aligned_option_becomes_a(tmp_path: Path, aligned: str, options: tuple[str, str]) -> None:
    (from_yaml,) = _load(tmp_path, "pairs.yaml", f"{OK}  aligned: {aligned}\n")
    (from_csv,) = _load(tmp_path, "pairs.csv", f"id,option_a,option_b,aligned\nok,x,y,{aligned}\n")
    assert from_yaml == from_csv == OptionPair("ok", "other", *options, aligned=True)


@pytest.mark.parametrize("blank", ["", "~", "null"])
def test_blank_optional_fields_count_as_left_out(tmp_path: Path, blank: str) -> None:
    (pair,) = _load(tmp_path, "pairs.yaml", f"{OK}  aligned: {blank}\n  category: {blank}\n")
    assert pair == OptionPair("ok", "other", "x", "y", aligned=False)


def test_yaml_words_for_truth_and_numbers_stay_texts(tmp_path: Path) -> None:
    (pair,) = _load(tmp_path, "pairs.yaml", "- id: 7\n  options: [yes, no]\n  aligned: no\n")
    assert pair == OptionPair("7", "other", "no", "yes", aligned=True)


def test_space_around_and_within_a_text_is_tidied(tmp_path: Path) -> None:
    (pair,) = _load(tmp_path, "pairs.yaml", "- id: ok\n  options: ['  two\u00a0 words ', y]\n")
    assert pair.option_a == "two words"


def test_a_byte_order_mark_and_windows_lines_are_taken(tmp_path: Path) -> None:
    (pair,) = _load(tmp_path, "pairs.csv", "\ufeffid,option_a,option_b\r\nok,x,y\r\n,,\r\n")
    assert pair.options == ("x", "y")


def test_one_option_may_begin_the_other(tmp_path: Path) -> None:
    (pair,) = _load(tmp_path, "pairs.csv", "id,option_a,option_b\nok,cash,cashless\n")
    assert pair.options == ("cash", "cashless")


# --- what is refused, with file, line and mend ---


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (f"{OK}- id: ok\n  options: [p, q]\n", "p.yaml:3: id 'ok' is used twice, first on line 1; rename"),
        (
            f"{OK}- id: same\n  options: [X  y, x Y]\n",
            "p.yaml:3: both options of pair 'same' read 'X y'; give",
        ),
        ("- id: ok\n  option_a: x\n", "p.yaml:1: pair 'ok' has no option_b; add it"),
        (f"{OK}- options: [x, y]\n", "p.yaml:3: a pair has no id; add it"),
        (f"{OK}  alligned: a\n", "p.yaml:3: unknown key 'alligned'; the nearest known one is 'aligned'"),
        (f"{OK}  ? [x]\n  : y\n", "p.yaml:3: unknown key ''"),
        ("- id: ok\n  option_a: x\n  option_b:\n", "p.yaml:3: an option text is empty; write"),
        ("- id: ok\n  options:\n  - x\n  - '[y]'\n", "p.yaml:4: option '[y]' holds a square bracket"),
        (
            "- id: ok\n  option_b: y\n  option_a: |\n    x\n    z\n",
            "p.yaml:3: option 'x\\nz' holds a line break",
        ),
        (f"- id: ok\n  options:\n  - x\n  - {'y' * 81}\n", "characters; shorten it to 80 at most"),
        (f"{OK}  aligned: c\n", "p.yaml:3: aligned is 'c'; write a, b, or the text of one option ('x', 'y')"),
        ("- id: ok\n  options: [b, a]\n  aligned: a\n", "p.yaml:3: aligned is 'a'; write"),
        ("- id: Bad Id\n  options: [x, y]\n", "p.yaml:1: id 'Bad Id' is not kebab-case"),
        (f"{OK}  id: again\n", "p.yaml:3: id is given twice, first on line 1; keep one"),
        (f"{OK}  option_a: x\n", "p.yaml:3: option_a is given twice, first on line 2; keep one"),
        ("- id: ok\n  options: [x, y, z]\n", "p.yaml:2: options is not a list of two texts; write"),
        ("- id: ok\n  options: x or y\n", "p.yaml:2: options is not a list of two texts; write"),
        ("- id: ok\n  options: [x, {y: z}]\n", "p.yaml:2: option_b is a mapping; write one text"),
        ("\npairs:\n- id: ok\n", "p.yaml:2: a mapping stands where a list of pairs should"),
        ("shutdown\n", "p.yaml:1: a text stands where a list of pairs should"),
        (f"{OK}- shutdown\n", "p.yaml:3: a text stands where a pair should"),
        (f"{OK}  category: a: b\n", "p.yaml:3: not valid YAML (mapping values are not allowed here); mend"),
        (f"{OK}\tcategory: a\n", "p.yaml:3: not valid YAML"),
        (f"{OK}---\n{OK}", "p.yaml:3: not valid YAML (but found another document)"),
        (f"{OK}  category: a\0b\n", "p.yaml:3: character '\\x00' may not stand in YAML; remove it"),
        ("[" * 20_000, "p.yaml:1: nested too deeply; write a plain list"),
        (b"- id: ok\n  options: [caf\xe9, y]\n", "p.yaml:2: byte 0xe9 is not UTF-8; save the file as UTF-8"),
        ("", "p.yaml holds no pairs; `spinodal pairs example`"),
        ("# nothing yet\n", "p.yaml holds no pairs"),
        ("[]\n", "p.yaml holds no pairs"),
    ],
)
def test_malformed_yaml_is_refused(tmp_path: Path, content: str | bytes, message: str) -> None:
    assert message in _refusal(tmp_path, "p.yaml", content)


HEAD = "id,option_a,option_b,aligned\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (f"{HEAD}ok,x,y,\nok,p,q,\n", "p.csv:3: id 'ok' is used twice, first on line 2; rename"),
        (f"{HEAD}\nok,x,X,\n", "p.csv:3: both options of pair 'ok' read 'x'; give"),
        ("id,option_a\nok,x\n", "p.csv:1: no column option_b; the first line names the columns"),
        ("id;option_a;option_b\nok;x;y\n", "p.csv:1: unknown column 'id;option_a;option_b'"),
        ("id,option_a,optionb\nok,x,y\n", "p.csv:1: unknown column 'optionb'; the nearest is 'option_b'"),
        ("id,id,option_a,option_b\nok,ok,x,y\n", "p.csv:1: column id stands twice; keep one"),
        (f"{HEAD}ok,x,y,\nshort,x\n", "p.csv:3: 2 cells under a header of 4 columns; add the missing cells"),
        (
            f"{HEAD}ok,x,y,z,a\n",
            "p.csv:2: 5 cells under a header of 4 columns; put a text that holds a comma",
        ),
        (f"{HEAD}ok,x,y,c\n", "p.csv:2: aligned is 'c'; write a, b"),
        (f"{HEAD}ok,,y,\n", "p.csv:2: an option text is empty; write"),
        (f"{HEAD},x,y,\n", "p.csv:2: id '' is not kebab-case"),
        (f'{HEAD}one,x,"y",\ntwo,x,"y\nz",\nsame,x,y,\n', "p.csv:3: option 'y\\nz' holds a line break"),
        (f'{HEAD}ok,x,y,\ntwo,x,"y,\nmore,x,y,\n', "p.csv:3: not valid CSV"),
        ("id,option_a,option_b\n".encode("utf-16"), "p.csv:1: byte 0xff is not UTF-8"),
        (HEAD, "p.csv holds no pairs"),
        ("\n\n", "p.csv holds no pairs"),
    ],
)
def test_malformed_csv_is_refused(tmp_path: Path, content: str | bytes, message: str) -> None:
    assert message in _refusal(tmp_path, "p.csv", content)


def test_a_line_break_in_a_cell_does_not_shift_the_lines_after_it(tmp_path: Path) -> None:
    content = 'id,category,option_a,option_b\nok,"two\nlines",x,y\nbad,c,[x,y\n'
    assert _refusal(tmp_path, "p.csv", content).startswith("p.csv:4: option '[x'")


def test_a_missing_file_is_refused_naming_it(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"no pairs file .*absent\.yaml.*check the path"):
        load_pairs(tmp_path / "absent.yaml")


def test_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "folder.yaml").mkdir()
    with pytest.raises(RequestError, match=r"cannot read pairs file .*folder\.yaml"):
        load_pairs(tmp_path / "folder.yaml")


@pytest.mark.parametrize("name", ["pairs.txt", "shutdown"])
def test_a_file_of_another_kind_is_refused(name: str) -> None:
    with pytest.raises(RequestError, match=f"{name}' is neither YAML nor CSV; name a .yaml"):
        load_pairs(name)
