"""The project's pages taken apart, for the tests that read them."""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from functools import cached_property
from html import unescape
from html.parser import HTMLParser
from typing import Any

ATTACK = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'&"
"""What a hostile agent might say."""


class PageReader(HTMLParser):
    """A page's words, scripts and tags."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.text, self.scripts, self.tags = "", [], []
        self._inside = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag
        self.tags.append((tag, dict(attrs)))
        if tag == "script":
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "script":
            self.scripts[-1] += data
        elif self._inside != "style":
            self.text += data

    @property
    def words(self) -> str:
        return re.sub(r"\s+", " ", self.text)


class ShownPage(ABC):
    """A page with what it was made of, taken apart once."""

    @property
    @abstractmethod
    def page(self) -> str:
        """Its HTML."""

    @cached_property
    def reader(self) -> PageReader:
        return PageReader(self.page)

    @cached_property
    def figures(self) -> dict[str, Any]:
        """The figures' specifications, by name."""
        found: dict[str, Any] = json.loads(self.reader.scripts[1])
        return found

    @cached_property
    def spoken(self) -> str:
        """All that a reader meets, alternatives and figures' data among it."""
        said = [value for _, attributes in self.reader.tags for value in attributes.values() if value]
        return " ".join([self.reader.words, *said, self.reader.scripts[1]])

    def table(self, name: str) -> list[list[str]]:
        """Cells of a table's body, in text."""
        body = self.page.split(f'<table id="{name}">')[1].split("</table>")[0].split("<tbody>")[1]
        rows = re.findall(r"<tr>(.*?)</tr>", body)
        return [[unescape(cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row)] for row in rows]
