"""As much of HTTP/1.1 as a server of JSON needs, over asyncio's streams."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

LONGEST_HEAD = 64 * 1024
LONGEST_BODY = 16 * 1024 * 1024
"""Bytes."""


@dataclass(frozen=True)
class Received:
    """A request as it came."""

    method: str
    path: str
    """Without what stands behind a question mark."""
    body: bytes
    keeps: bool
    """Whether the client keeps the connection for another."""


class Refused(Exception):
    """What came is no request that can be answered, but for this status; the connection is of no more use."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


async def receive(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Received | None:
    """The next request of a connection; None where it ended.

    Raises:
        Refused: it is malformed or too long.
    """
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    except asyncio.LimitOverrunError:
        raise Refused(431, "the head of the request is too long") from None
    lines = head.decode("latin-1").split("\r\n")
    try:
        method, target, version = lines[0].split(" ")
        headers = {}
        for line in filter(None, lines[1:]):
            name, colon, value = line.partition(":")
            if not colon:
                raise ValueError
            headers[name.strip().lower()] = value.strip()
        length = int(headers.get("content-length", "0"))
    except ValueError:
        raise Refused(400, "the head of the request is malformed") from None
    if not version.startswith("HTTP/1.") or length < 0:
        raise Refused(400, "the head of the request is malformed")
    if "transfer-encoding" in headers:
        raise Refused(411, "give the body's length in Content-Length")
    if length > LONGEST_BODY:
        raise Refused(413, f"the body has {length} bytes; {LONGEST_BODY} are the most")
    if headers.get("expect", "").lower() == "100-continue":
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    try:
        body = await reader.readexactly(length)
    except asyncio.IncompleteReadError:
        return None
    kept = headers.get("connection", "keep-alive" if version == "HTTP/1.1" else "close").lower()
    return Received(method, target.partition("?")[0], body, kept != "close")


def response(status: int, body: Mapping[str, Any], headers: Mapping[str, str], keeps: bool) -> bytes:
    """A response as it goes over the wire."""
    content = json.dumps(body).encode()
    lines = [
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
        "Content-Type: application/json",
        f"Content-Length: {len(content)}",
        f"Connection: {'keep-alive' if keeps else 'close'}",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + content
