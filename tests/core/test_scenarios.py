"""The scenario files of tests/cases, one test a line."""

import re
from dataclasses import replace

import pytest

from milter.core import reasons
from tests.core.scenario import Scenario, outcome, place, table

SILENCE = table("silence.toml")
WHERE = table("who-and-where.toml")
TRUST = table("trust.toml")
WHEN = [
    (case["rule"], at, open)
    for case in table("when.toml")
    for key, open in (("silent", True), ("speaks", False))
    for at in case[key]
]
NOT_EXPECTED = {"name", "message", "at", "trust", "mode", "results"}


def pairs(key: str) -> list[object]:
    found = [(one["rule"], message, one["because"]) for one in SILENCE for message in one[key]]
    return [pytest.param(*one, id=f"{one[0]}: {one[1]!r}"[:120]) for one in found]


def written(message: str) -> str:
    """RECEIVED n stands for that many Received fields."""
    return re.sub(
        r"RECEIVED (\d+)", lambda found: "\n".join(["Received: by relay.example; x"] * int(found[1])), message
    )


@pytest.mark.parametrize(("rule", "message", "because"), pairs("silent"))
def test_silence(rule: str, message: str, because: str) -> None:
    assert outcome(Scenario(rule, written(message), {}).decision()) == because


@pytest.mark.parametrize(("rule", "message", "because"), pairs("speaks"))
def test_its_speaking_twin(rule: str, message: str, because: str) -> None:
    decision = Scenario(rule, written(message), {}).decision()
    assert decision.reply, outcome(decision)


@pytest.mark.parametrize(("rule", "at", "open"), WHEN)
def test_when(rule: str, at: str, open: bool) -> None:
    decision = Scenario(rule, "", {"at": at}).decision()
    assert (outcome(decision) == "reply-withheld-open") is open
    assert bool(decision.reply) is not open


@pytest.mark.parametrize("case", WHERE, ids=[one["name"] for one in WHERE])
def test_who_and_where(case: dict[str, str]) -> None:
    got = place(Scenario(case["name"], case["message"], case).decision())
    wanted = {key: value for key, value in case.items() if key not in NOT_EXPECTED}
    assert {key: got[key] or "" for key in wanted} == wanted


@pytest.mark.parametrize("case", TRUST, ids=[one["name"] for one in TRUST])
def test_trust(case: dict[str, str]) -> None:
    stamp = f"Authentication-Results: mx.estudio.example; {case['results']}\n" if case["results"] else ""
    message = f"{stamp}Received: by mx.estudio.example; x\n{case.get('message', '')}"
    decision = Scenario(case["name"], message, case).decision()
    assert outcome(decision) == case["reply"]
    if "mailbox" in case:
        assert decision.moved_to == case["mailbox"]
    if decision.reply and decision.reply.template == "prospect":
        assert decision.reply.client is None


def test_every_rule_has_a_twin_and_a_sentence() -> None:
    for one in SILENCE:
        assert one["silent"] and one["speaks"], one["rule"]
        assert one["because"] in reasons.REASONS


def test_a_scenario_can_fail() -> None:
    speaks = Scenario("control", "", {})
    assert outcome(speaks.decision()) == "closed"
    assert outcome(replace(speaks, message="Precedence: bulk").decision()) != "closed"
