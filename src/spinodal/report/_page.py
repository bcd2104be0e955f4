"""A template and what it shows, to one self-contained HTML page that cannot reach the network."""

from __future__ import annotations

import base64
import functools
import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from importlib import resources
from typing import Any

import jinja2
import numpy as np
from markupsafe import Markup

from spinodal.report import _words
from spinodal.report.figures._figure import Figure

_ASSETS = resources.files("spinodal.report") / "assets"


def render_page(template: str, figures: Iterable[Figure], **context: Any) -> str:
    """Fill `template` of the assets; style, scripts and the figures' data are written into the page.

    Every value is escaped. The page's own scripts are named by their digest in a content security
    policy that forbids any other script and any request.
    """
    scripts = {
        "theme_script": _asset("theme.js"),
        "page_script": _asset("page.js"),
        "plotly_script": _plotly(),
    }
    return (
        _environment()
        .get_template(template)
        .render(
            policy=_policy(scripts.values()),
            style=Markup(_asset("page.css")),
            figure_data=_script_json({figure.name: figure.specification for figure in figures}),
            **{name: Markup(script) for name, script in scripts.items()},
            **context,
        )
    )


@functools.cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_asset),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for name in ("number", "interval", "percent", "count", "sweeps", "duration", "money", "plural", "powers"):
        environment.filters[name] = getattr(_words, name)
    return environment


@functools.cache
def _asset(name: str) -> str:
    return (_ASSETS / name).read_text(encoding="utf-8")


@functools.cache
def _plotly() -> str:
    from plotly.offline import get_plotlyjs

    return str(get_plotlyjs()).replace("\r\n", "\n")  # as a browser reads it, so that the digest holds


def _policy(scripts: Iterable[str]) -> str:
    digests = (base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts)
    allowed = " ".join(f"'sha256-{digest}'" for digest in digests)
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    )


def _script_json(value: Any) -> Markup:
    """JSON that may stand inside a script element: no text in it can end the element."""
    text = json.dumps(_plain(value), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)


def _plain(value: Any) -> Any:
    """NumPy values to Python's; what is not finite to null, which Plotly leaves out."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [_plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return float(f"{value:.7g}") if math.isfinite(value) else None
    return value
