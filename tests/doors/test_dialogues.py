"""Whole conversations, played from dialogues/*.txt against a door on a real socket.

Settings first (`door`, `offers`, `limit`, `replies`, `networks`, `admit`), then lines:
  C: a line of the client, sent with CRLF      C> bytes as they are, with escapes, and no CRLF of ours
  S: a line of the door; `...` at its end is any rest      S: (closed)
"""

from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from milter.delivery.capabilities import Capabilities
from milter.errors import SmtpReply
from tests.doors.visitors import OpenDoor, one_owner

DIALOGUES = sorted((Path(__file__).parent / "dialogues").glob("*.txt"))


def reply(text: str) -> SmtpReply:
    code, enhanced, words = text.split(" ", 2)
    return SmtpReply(int(code), enhanced, words.replace("\\n", "\n"))


def offers(words: list[str]) -> Capabilities:
    size = next((int(one.removeprefix("SIZE=")) for one in words if one.startswith("SIZE=")), 0)
    return Capabilities(size, "8BITMIME" in words, "SMTPUTF8" in words, "DSN" in words, True)


def settings(lines: list[str]) -> dict[str, Any]:
    given: dict[str, Any] = {}
    for line in lines:
        key, _, value = line.partition(": ")
        match key:
            case "door":
                given["name"] = value
            case "offers":
                given["offers"] = offers(value.split())
            case "limit":
                given["message_size_limit"] = int(value)
            case "recipients":
                given["max_recipients"] = int(value)
            case "replies":
                given["replies"] = tuple(reply(one) for one in value.split(" | "))
            case "networks":
                given["mynetworks"] = tuple(ip_network(one) for one in value.split())
            case "admit":
                given["admit"] = one_owner
            case _:
                raise ValueError(f"unknown setting: {line}")
    return given


def raw(text: str) -> bytes:
    return text.encode().decode("unicode_escape").encode("latin-1")


def script(file: Path) -> list[str]:
    return [one for one in file.read_text().splitlines() if one and not one.startswith("#")]


# Whoever may open the Unix socket is trusted: there is no network to be outside of.
PLAYED = [
    pytest.param(file, unix, id=f"{file.stem}-{'unix' if unix else 'inet'}")
    for file in DIALOGUES
    for unix in (False, True)
    if not (unix and any(line.startswith("networks:") for line in script(file)))
]


@pytest.mark.parametrize(("file", "unix"), PLAYED)
async def test_dialogue(file: Path, unix: bool, open_door: OpenDoor) -> None:
    lines = script(file)
    spoken = next(i for i, one in enumerate(lines) if one[:2] in ("S:", "C:", "C>"))
    given = settings(lines[:spoken])
    client = await (await open_door(**given, unix=unix)).connect()
    for number, line in enumerate(lines[spoken:], 1):
        side, text = line[:2], line[3:]
        match side:
            case "C:":
                await client.send(text)
            case "C>":
                await client.send(raw(text))
            case "S:":
                heard = await client.line() or "(closed)"
                want = text.removesuffix("...")
                matches = heard.startswith(want) if text.endswith("...") else heard == want
                assert matches, f"line {number}: expected {text!r}, heard {heard!r}"
            case _:
                raise ValueError(f"neither C nor S: {line}")
