"""What a sender's standing leads to: the lines of tests/cases/standing.toml."""

from dataclasses import replace
from typing import Any

import pytest

from milter.core import pipeline
from milter.core.decision import Decision
from milter.core.envelope import Transaction
from milter.core.facts import Facts, Missing, Standing
from milter.core.owner import Plan, Trust
from milter.core.policy import BadStanding, Policy
from milter.core.reply_job import PersonKey, PersonRecord
from tests.core import studio
from tests.core.scenario import Scenario, outcome, table

CASES = table("standing.toml")
STRANGER = "MAIL FROM:<nueva@cliente.example>"
ABOUT_STANDING = ("standing-", "screening-", "urgency-ignored", "mail-filed-bad", "mail-tagged", "mail-filed-screened")
URGENT = replace(studio.ACME, plan=Plan("silver", "Plata", urgent="notify"))


def policy_of(case: dict[str, Any]) -> Policy:
    folders = replace(studio.ANA.folders, screened=case.get("screened", ""), prospects=case.get("prospects", ""))
    policy = studio.with_owner(folders=folders, clients={**studio.CLIENTS, "acme": URGENT})
    policy = studio.with_replies(policy, trust=Trust(case.get("trust", "authenticated")))
    return replace(policy, bad_standing=BadStanding(case.get("bad_standing", "tag")))


def standing_of(case: dict[str, Any]) -> dict[str, Standing] | Missing:
    match case["standing"]:
        case "away":
            return Missing("redis away")
        case "":
            return {"luis": Standing("bad")}
        case "first":
            return {"ana": Standing("neutral", first=True)}
        case code:
            return {"ana": Standing(code)}


def decided(case: dict[str, Any]) -> tuple[Decision, Transaction, Policy]:
    message = case.get("message", "").strip("\n")
    message = message if "MAIL FROM" in message else f"{STRANGER}\n{message}"
    sender = message.partition("MAIL FROM:<")[2].partition(">")[0]
    domain = sender.partition("@")[2]
    proof = case.get("results", f"spf=pass smtp.mailfrom={domain}") if case.get("proven", True) else ""
    stamp = f"Authentication-Results: mx.estudio.example; {proof}\n" if proof else ""
    policy = policy_of(case)
    transaction = Scenario(case["name"], f"{stamp}Received: by mx.estudio.example; x\n{message}", case).transaction()
    person = {PersonKey("ana", sender): PersonRecord(wrote=transaction.now.replace(year=2025))}
    facts: Facts = studio.facts(transaction, policy, standing=standing_of(case))
    facts = replace(facts, people=person if case.get("wrote") else {})
    return pipeline.decide(transaction, transaction.recipients[0], facts, policy), transaction, policy


def codes(decision: Decision) -> str:
    return " ".join(one.code for one in decision.reasons if one.code.startswith((*ABOUT_STANDING, "reply-allowed")))


@pytest.mark.parametrize("case", CASES, ids=[one["name"] for one in CASES])
def test_standing(case: dict[str, Any]) -> None:
    decision, transaction, policy = decided(case)
    written = dict(studio.edits(decision, transaction, policy).insert)
    got = {
        "reputation": written.get("Recado-Reputation", ""),
        "keywords": " ".join(decision.keywords),
        "folder": decision.folder or "",
        "because": codes(decision),
        "reply": outcome(decision),
    }
    wanted = {key: case[key] for key in got if key in case}
    assert wanted, "this line asks for nothing"
    assert {key: got[key] for key in wanted} == wanted


def test_the_names_of_the_cases_differ() -> None:
    assert len({one["name"] for one in CASES}) == len(CASES)


def test_a_standing_of_another_owner_is_not_hers() -> None:
    decision, _, _ = decided({"name": "", "standing": ""})
    assert decision.standing == "" and decision.reply
    decision, _, _ = decided({"name": "", "standing": "bad"})
    assert decision.standing == "bad" and not decision.reply
