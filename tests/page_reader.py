"""The project's pages taken apart, for the tests that read them."""

from __future__ import annotations

import re
from html.parser import HTMLParser

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
