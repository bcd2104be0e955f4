"""Text that passes for a guard's mark-up or for the model's own, and how it is made harmless.

Whoever writes into a conversation can write the tag of a reminder, or the control marks of a chat template,
which some servers read as such inside a message too. Of each imitation the opening bracket is replaced, and
nothing else: all its words stay, and no reader takes it for mark-up.
"""

from __future__ import annotations

import html
import re
import unicodedata
from functools import lru_cache
from typing import Final

from spinodal.guards._message import Message, altered

TAG: Final = "reminder"
"""The mark-up of a reminder in the user's turn. Nobody else can write it: `defused` sees to that."""

BROKEN: Final = "("
"""What stands in place of the opening bracket of an imitation. It is part of no mark."""


def defused(messages: list[Message]) -> list[Message]:
    """The conversation with every imitation of mark-up made harmless, in words and in names.

    Whose words they are does not matter: frameworks do not always name peers, an agent repeats what it
    heard, and what is stored never holds a reminder. System messages and what guards put in stay.
    """
    shown = []
    for message in messages:
        if not message.guard and (message.role != "system" or message.speaker):
            content = defused_text(message.content)
            speaker = defused_text(message.speaker) if message.speaker else ""
            if content is not message.content or speaker != message.speaker:
                message = altered(message, content=content, speaker=speaker)
        shown.append(message)
    return shown


def defused_text(text: str) -> str:
    """A text with every imitation of mark-up made harmless; the same object where there is none."""
    if text.isascii() and not ("<" in text or "[" in text or "&" in text or "\\" in text or "]~" in text):
        return text
    shown = _remembered(text) if len(text) <= _SHORT else _examined(text)
    return text if shown == text else shown


def _examined(text: str) -> str:
    if not _CANDIDATE.search(text):
        return text
    seen = _EXACT.sub(BROKEN, text)
    # As it reads: character by character what each passes for, so that places are those of the text.
    reads = _ESCAPE.sub(_read_escape, seen)
    if not reads.isascii() or _CONTROL.search(reads):
        reads = reads.translate(_PASSES_FOR)
    parts, done = [], 0
    for mark in _MARKS.finditer(reads):
        at = mark.start()
        escape = _ESCAPE.match(seen, at)
        parts += [seen[done:at], BROKEN]
        done = escape.end() if escape else at + 1
    return "".join([*parts, seen[done:]]) if parts or seen != text else text


_SHORT: Final = 4000
"""Characters up to which a text's examination is remembered: a history is shown again at every turn."""
_remembered = lru_cache(maxsize=4096)(_examined)

# --- what passes for what ---

_NOTHING: Final = "\0"
"""What an invisible character passes for."""

_OPENING: Final = "‹⟨〈\u2329❬❮❰⦑⧼≺⊰⋖⋞≼⪻≤⩽≦≲⪍ᐸᑉ˂˱ᚲ\U0001d236◁◀◂◃⊲⊴⯇"
_OPENING_TWICE: Final = "«≪⟪《⋘⪡"
_CLOSING: Final = "›⟩〉\u232a❭❯❱⦒⧽≻⊱⋗⋟≽⪼≥⩾≧≳ᐳᑀ˃˲\U0001d237▷▶▸▹⊳⊵⯈"
_CLOSING_TWICE: Final = "»≫⟫》⋙⪢"
_SQUARE: Final = "⟦〚【⦋❲〔⁅⎡"
_SQUARE_CLOSING: Final = "⟧〛】⦌❳〕⁆⎤"
_BARS: Final = "¦ǀǁ∣∥│┃║❘❙❚⏐ⵏ￨"
_SLASHES: Final = "⁄∕∖╱╲⟋⟍⧵⧸⑊〳"
_UNDERSCORES: Final = "▁ˍ‿⎯"
FILLERS: Final = "\u115f\u1160\u2800\u3164\uffa0"
"""Blank, although they are letters or symbols."""

_LETTERS: Final[dict[str, str]] = {
    "a": "αаᎪꓮᗅ",
    "b": "βвьƅᏴᗷꓐᏏ",
    "c": "сϲςᏟꓚ",
    "d": "ԁժдðđᎠᗪᗞꓓᏧ",
    "e": "еєεэҽзəɛɜℯ℮∊∈€ҿꓰᎬⲉӡᗴ",
    "f": "ϝғքꓝᖴ",
    "g": "ցԍᏀꓖ",
    "h": "һհᎻꓧ",
    "i": "іιӏıɩⲓᎥᏆꓲ",
    "k": "κкᏦꓗⲕ",
    "l": "ᏞꓡⳐ",
    "m": "мμшᎷᗰꓟⲙϻɯ",
    "n": "пηνийռղոնլⲛπᑎꓠŋ",
    "o": "оοօσⲟ०੦૦๐໐ⵔꓳ",
    "p": "рρքⲣᏢꓑ",
    "r": "гярꭇᎡᏒᖇꓣⲅրʀʁƦ®",
    "s": "ѕꓢᏚՏƨ",
    "t": "тτᎢꓔⲧ",
    "u": "υցսᑌꓴʋ",
    "v": "νѵᏙꓦ",
    "x": "хχ×ⲭꓫ",
    "y": "уүγчᎩꓬⲩ",
}
"""Letters of other scripts by the Latin one that they pass for; whichever passes for two has the first."""

_ALIKE: Final[dict[str, str]] = {
    **{alike: letter for letter, several in reversed(_LETTERS.items()) for alike in several},
    **dict.fromkeys(_OPENING, "‹"),
    **dict.fromkeys(_OPENING_TWICE, "«"),
    **dict.fromkeys(_CLOSING, "›"),
    **dict.fromkeys(_CLOSING_TWICE, "»"),
    **dict.fromkeys(_SQUARE, "["),
    **dict.fromkeys(_SQUARE_CLOSING, "]"),
    **dict.fromkeys(_BARS, "|"),
    **dict.fromkeys(_SLASHES, "/"),
    **dict.fromkeys(_UNDERSCORES, "_"),
    **dict.fromkeys(FILLERS, _NOTHING),
}

_NAMED: Final = re.compile(
    r"(?P<small>.*SMALL CAPITAL )?.*\b(?:LETTER|CAPITAL|TURNED|REVERSED|DOTLESS|OPEN|INSULAR|BARRED|SCRIPT"
    r"|STIRRUP|BLACKLETTER|INVERTED|SIDEWAYS) (?P<letter>[A-Z])(?= |$)"
)
"""The letter in the name of a variant of it: "LATIN SMALL LETTER R WITH TAIL", "NEGATIVE SQUARED ... R"."""


class _PassingFor(dict[int, str]):
    """What each character passes for, as `str.translate` takes it: one character for one."""

    def __missing__(self, code: int) -> str:
        read = _passes_for(chr(code))
        if len(self) < 20_000:
            self[code] = read
        return read


def _passes_for(char: str) -> str:
    if char.isspace():
        return " "
    parts = unicodedata.normalize("NFKD", char)
    plain = "".join(part for part in parts if unicodedata.category(part)[0] not in "CM")
    plain = plain.strip("()") or plain  # as of a letter in a ring of brackets
    if not plain:
        return _NOTHING
    first = plain[0]
    if first.isascii():
        return first
    if first in _ALIKE or first.lower() in _ALIKE:
        alike = _ALIKE.get(first) or _ALIKE[first.lower()]
        return alike.upper() if first.isupper() else alike
    named = _NAMED.match(unicodedata.name(first, "")) if _is_latin(first) else None
    if named is None:
        return first
    return named["letter"] if first.isupper() or named["small"] else named["letter"].lower()


def _is_latin(char: str) -> bool:
    name = unicodedata.name(char, "")
    return "LATIN" in name or name.startswith("REGIONAL INDICATOR")


_PASSES_FOR: Final = _PassingFor()

_ESCAPE: Final = re.compile(
    r"&(?:amp;|#0*38;|#x0*26;)*(?:#\d{1,8};?|#x[0-9a-f]{1,8};?|(?:lt|gt|amp|langle|rangle|lang|rang|laquo|raquo"
    r"|lsaquo|rsaquo|lsqb|rsqb|lbrack|rbrack|vert|verbar|sol|bsol|lowbar|shy|zwj|zwnj|nbsp);?)"
    r"|(?<!\\)\\++(?:u[0-9a-f]{4}|u\{[0-9a-f]{1,6}\}|x[0-9a-f]{2})",
    re.IGNORECASE,
)
"""A character as HTML, JSON or a programming language writes it."""


def _read_escape(escape: re.Match[str]) -> str:
    """The character that is meant, as long as what is written."""
    written = escape[0]
    if written[0] == "&":
        char = html.unescape("&" + re.split(r"&(?:amp;|#0*38;|#x0*26;)*", written, flags=re.IGNORECASE)[-1])
    else:
        code = int(re.sub(r"[^0-9a-f]", "", written.lower().lstrip("\\")[1:]), 16)
        char = chr(code) if code < 0x110000 else _NOTHING
    return char.ljust(len(written), _NOTHING) if len(char) == 1 else written


# --- the marks ---

_H: Final = r"\0*+"  # invisible characters
_B: Final = r"[\s\0]*+"  # and blank ones
_LT: Final = "[<‹«]"
_GT: Final = "[>›»]"


def _spelled(word: str) -> str:
    """A word with invisible characters between its letters; an underscore may be a dash or blank."""
    return _H.join(r"[\s_-]" if letter == "_" else re.escape(letter) for letter in word)


def _one_of(*words: str) -> str:
    return f"(?:{'|'.join(_spelled(word) if word.isidentifier() else word for word in words)})"


_WORD: Final = r"[\s\0._*~`-]*+".join(("r", "[e3]", "(?:m|rn)", "[i1l|!n]", "n", "(?:d|cl)", "[e3]", "r"))
_ROLES: Final = ("system", "user", "assistant", "developer", "tool", "model")
_CHATML: Final = _one_of(
    *_ROLES, "im_start", "im_end", "im_sep", "im_middle", "endoftext", "begin_of_text", "end_of_text",
    "eot_id", "start_header_id", "end_header_id", "start_of_role", "end_of_role", "end_of_turn",
)  # fmt: skip
_TURNS: Final = _one_of("turn", "channel", "message", "think", *_ROLES)
_ANGLED: Final = _one_of(
    "start_of_turn", "end_of_turn", "im_start", "im_end", "begin_of_text", "end_of_text", "start_header_id",
    "end_header_id", "eot_id", "bos_token", "eos_token", r"extra_id_\d+", r"reserved_\d+", r"seed:\w+",
)  # fmt: skip
_SQUARED: Final = _one_of("inst", "system_prompt", "available_tools", "tool_calls", "tool_results", "gmask")

_EXACT: Final = re.compile(
    r"<(?=/?s>|(?:bos|eos|sop|eop|eoa|eoh)>|</?SYS>>|role>(?:SYSTEM|HUMAN|ASSISTANT|OBSERVATION)</role>)"
    r"|\[(?=/?INST\]|e~\[|unused\d+\])"
    r"|\](?=~!?b[\[\]])"
    "|[\U000e003c\U000e005b]"  # invisible brackets, which some models read
)
"""Marks that are such to the letter alone, and in other letters are ordinary code or HTML."""

_MARKS: Final = re.compile(
    rf"{_LT}(?="
    rf"[\s\0/\\|]*+{_WORD}"
    rf"|[^a-z0-9<>‹›«»(]{{0,8}}(?:\w{{1,24}}[-_:. \0]){{0,2}}{_WORD}[^a-z0-9<>‹›«»]{{0,8}}{_GT}"
    rf"|{_H}\|[^\s|<>‹›«»()]{{1,96}}\|{_H}{_GT}"
    rf"|{_B}\|{_B}/?{_B}{_CHATML}{_B}\|{_B}{_GT}"
    rf"|{_H}\|{_H}{_TURNS}{_H}{_GT}"
    rf"|{_H}{_TURNS}{_H}\|{_H}{_GT}"
    rf"|{_B}/?{_B}{_ANGLED}{_B}{_GT}"
    rf")|(?:[<‹](?={_B}[<‹])|«)(?={_B}[<‹]?{_B}/?{_B}{_spelled('sys')}{_B}(?:[>›]{_B}[>›]|»))"
    rf"|\[(?={_H}/{_B}{_SQUARED}{_B}\])"
    rf"|(?<![\w)\]])\[(?={_B}{_SQUARED}{_B}\])"
    rf"|\[(?={_B}\|{_B}{_one_of(*_ROLES, 'endofturn')}{_B}\|{_B}\])",
    re.IGNORECASE,
)
"""The opening bracket of every mark, in a text as it reads."""

_CONTROL: Final = re.compile(r"[\0-\x08\x0e-\x1b\x7f]")
_CANDIDATE: Final = re.compile(
    f"[{re.escape('<[]&＜﹤≮﹇［＆﹠⊀⋠≰' + _OPENING + _OPENING_TWICE + _SQUARE)}\\\\\U000e003c\U000e005b]"
)
"""Whatever may open a mark."""
