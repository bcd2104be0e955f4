"""Personas from the hub, through the hub's own client and real HTTP on loopback, whatever the hub does."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal

import pytest

FOLDER = "/datasets/Anthropic/model-written-evals/resolve/main/persona/"

ASK = """
import json, sys, time
time.sleep = lambda seconds: None  # the client's pauses between its tries, 23 s in all
sys.modules.update(dict.fromkeys(sys.argv[2:]))
from spinodal._errors import SpinodalError
from spinodal.traits import load_inventory
try:
    found = load_inventory(sys.argv[1])
    told = {"name": found.name, "traits": {t.name: [t.valence, t.yes, t.no] for t in found.traits}}
except SpinodalError as error:
    told = {"error": type(error).__name__, "exit": error.exit_code, "message": str(error)}
print(json.dumps(told))
"""
"""Loads an inventory and tells what came of it: named first, then modules that are not to be had."""

Fault = Literal["", "cut", "error", "page", "no lines"]


def _persona(name: str) -> bytes:
    lines = [
        {"question": "?", "statement": f"{name} {number}", "answer_matching_behavior": answer}
        for number, answer in enumerate([" Yes", " No"] * 3)
    ]
    return "\n".join(map(json.dumps, lines)).encode() + b"\n"


@dataclass
class Hub:
    """A test double of the hub's files: what it holds, what it does wrong, what it was asked."""

    url: str
    personas: list[str] = field(default_factory=lambda: ["agreeableness", "narcissism"])
    fault: Fault = ""
    asked: list[str] = field(default_factory=list)

    def contents(self, name: str) -> bytes:
        return b"{}\n" if self.fault == "no lines" else _persona(name)


@pytest.fixture
def hub() -> Iterator[Hub]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self._answer(b"")

        def do_GET(self) -> None:
            self._answer(None)

        def _answer(self, body: bytes | None) -> None:
            double.asked.append(f"{self.command} {self.path}")
            name = self.path.removeprefix(FOLDER).removesuffix(".jsonl")
            if double.fault == "error":
                self._send(500, b"", {})
            elif double.fault == "page":
                page = b"<html>Sign in to this network</html>"
                self._send(200, page if body is None else body, {"Content-Type": "text/html"}, len(page))
            elif name not in double.personas:
                self._send(404, b"", {"X-Error-Code": "EntryNotFound"})
            else:
                whole = double.contents(name)
                headers = {"X-Repo-Commit": "c" * 40, "ETag": f'"{hashlib.sha1(whole).hexdigest()}"'}
                sent = whole if body is None else body
                self._send(200, sent[:20] if double.fault == "cut" else sent, headers, len(whole))
                self.close_connection = double.fault == "cut"

        def _send(self, status: int, body: bytes, headers: dict[str, str], length: int = 0) -> None:
            self.send_response(status)
            for key, value in (headers | {"Content-Length": str(length)}).items():
                self.send_header(key, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    double = Hub(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield double
    server.shutdown()
    server.server_close()
    thread.join()


def _load(source: str, home: Path, url: str, *missing: str, **more: str) -> dict[str, Any]:
    """What came of it in a process of its own, which has nothing from the hub but what is in `home`."""
    ours = {
        name: value
        for name, value in os.environ.items()
        if not name.upper().startswith(("HF_", "HUGGING", "TRANSFORMERS_")) and "PROXY" not in name.upper()
    }
    ours |= {
        "HF_ENDPOINT": url,
        "HF_HOME": str(home),
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_UPDATE_CHECK": "1",
        "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1",
    }
    done = subprocess.run(
        [sys.executable, "-c", ASK, source, *missing],
        env=ours | more,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    assert "\n" not in told.get("message", "")
    return told


def _held(name: str, valence: str) -> list[Any]:
    return [
        valence,
        [f"{name} {number}" for number in (0, 2, 4)],
        [f"{name} {number}" for number in (1, 3, 5)],
    ]


def test_a_persona_is_fetched_from_the_hub(hub: Hub, tmp_path: Path) -> None:
    told = _load("mwe:agreeableness", tmp_path, hub.url)
    assert told == {"name": "mwe", "traits": {"agreeableness": _held("agreeableness", "pro")}}
    assert hub.asked == [f"{verb} {FOLDER}agreeableness.jsonl" for verb in ("HEAD", "GET")]


def test_personas_stand_in_the_order_named(hub: Hub, tmp_path: Path) -> None:
    told = _load("mwe: narcissism , agreeableness,", tmp_path, hub.url)
    assert list(told["traits"]) == ["narcissism", "agreeableness"]
    assert told["traits"]["narcissism"] == _held("narcissism", "anti")


def test_without_names_it_is_four_pro_social_four_anti_social_and_four_other_personas(
    hub: Hub, tmp_path: Path
) -> None:
    from spinodal.traits._personas import DEFAULT_PERSONAS

    hub.personas = list(DEFAULT_PERSONAS)
    told = _load("mwe", tmp_path, hub.url)
    assert list(told["traits"]) == hub.personas
    valences = [valence for valence, _, _ in told["traits"].values()]
    assert sorted(valences) == ["anti"] * 4 + ["neutral"] * 4 + ["pro"] * 4


def test_a_persona_that_was_fetched_serves_while_the_hub_is_away(hub: Hub, tmp_path: Path) -> None:
    first = _load("mwe:agreeableness", tmp_path, hub.url)
    asked = len(hub.asked)
    assert _load("mwe:agreeableness", tmp_path, "http://127.0.0.1:9") == first
    assert _load("mwe:agreeableness", tmp_path, hub.url, HF_HUB_OFFLINE="1") == first
    assert len(hub.asked) == asked
    assert _load("mwe:agreeableness", tmp_path, hub.url) == first
    assert hub.asked[asked:] == [f"HEAD {FOLDER}agreeableness.jsonl"]


def test_an_unknown_persona_is_refused_by_its_name(hub: Hub, tmp_path: Path) -> None:
    told = _load("mwe:agreeableness,agreable", tmp_path, hub.url)
    assert (told["error"], told["exit"]) == ("RequestError", 2)
    assert "Anthropic/model-written-evals has no persona 'agreable'" in told["message"]


def test_a_hub_that_cannot_be_reached_fails_the_run_in_a_line(tmp_path: Path) -> None:
    told = _load("mwe:agreeableness", tmp_path, "http://127.0.0.1:9")
    assert (told["error"], told["exit"]) == ("RunError", 1)
    assert told["message"].startswith("cannot reach the hub for the persona agreeableness: ")
    assert "Connection refused" in told["message"]


def test_a_hub_that_must_not_be_asked_fails_the_run_in_a_line(hub: Hub, tmp_path: Path) -> None:
    told = _load("mwe:agreeableness", tmp_path, hub.url, HF_HUB_OFFLINE="1")
    assert told["error"] == "RunError"
    assert "agreeableness" in told["message"]
    assert "offline" in told["message"].casefold()
    assert hub.asked == []


@pytest.mark.parametrize(
    ("fault", "error", "why"),
    [
        ("cut", "RunError", "agreeableness"),
        ("error", "RunError", "500"),
        ("page", "RunError", "agreeableness"),
        ("no lines", "RequestError", "agreeableness.jsonl, line 1: no persona statement"),
    ],
)
def test_whatever_the_hub_does_wrong_ends_in_a_line_that_names_the_persona(
    hub: Hub, tmp_path: Path, fault: Fault, error: str, why: str
) -> None:
    hub.fault = fault
    told = _load("mwe:agreeableness", tmp_path, hub.url)
    assert told["error"] == error
    assert "agreeableness" in told["message"]
    assert why in told["message"]
    assert hub.asked


def test_a_download_that_was_cut_is_not_taken_for_a_persona_later(hub: Hub, tmp_path: Path) -> None:
    hub.fault = "cut"
    assert _load("mwe:agreeableness", tmp_path, hub.url)["error"] == "RunError"
    hub.fault = ""
    assert _load("mwe:agreeableness", tmp_path, hub.url)["traits"]["agreeableness"] == _held(
        "agreeableness", "pro"
    )


def test_without_the_package_it_says_how_to_install_it(hub: Hub, tmp_path: Path) -> None:
    told = _load("mwe:agreeableness", tmp_path, hub.url, "huggingface_hub")
    assert (told["error"], told["exit"]) == ("RequestError", 2)
    assert "huggingface_hub" in told["message"]
    assert "pip install 'spinodal[hub]'" in told["message"]
    assert hub.asked == []
