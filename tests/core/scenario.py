"""Reads the scenario files of tests/cases: what a message looks like, and what becomes of it."""

import tomllib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from milter.core import filing, pipeline
from milter.core.decision import Decision
from milter.core.envelope import Transaction
from milter.core.owner import Mode, Trust
from milter.core.policy import Policy
from tests.core import studio

CASES = Path(__file__).parent.parent / "cases"
WHEN = {"closed": studio.CLOSED, "open": studio.OPEN, "weekend": studio.WEEKEND}
ENVELOPE = ("MAIL FROM:", "RCPT TO:", "ORCPT:", "BODY:")


@dataclass(frozen=True, slots=True)
class Scenario:
    """`name` says what it shows; `message` as in the file: envelope lines, then header fields; `given` the other keys."""

    name: str
    message: str
    given: dict[str, Any]

    def transaction(self) -> Transaction:
        envelope: dict[str, str] = {}
        fields = []
        for line in self.message.strip("\n").split("\n"):
            mark = next((one for one in ENVELOPE if line.startswith(one)), None)
            if mark:
                envelope[mark] = line.removeprefix(mark).strip().strip("<>")
            else:
                fields.append(line)
        when = self.given.get("at", "closed")
        return studio.letter(
            "\n".join(fields),
            mail_from=envelope.get("MAIL FROM:", "laura@acme.example"),
            rcpt_to=envelope.get("RCPT TO:", "ana@estudio.example"),
            original=envelope.get("ORCPT:", ""),
            body=envelope.get("BODY:", "Hola").replace("\\n", "\r\n").encode(),
            at=WHEN[when] if when in WHEN else datetime.fromisoformat(when),
        )

    def policy(self) -> Policy:
        policy = studio.POLICY
        if "trust" in self.given:
            policy = studio.with_replies(policy, trust=Trust(self.given["trust"]))
        if "mode" in self.given:
            policy = studio.with_replies(policy, mode=Mode(self.given["mode"]))
        return policy

    def decision(self) -> Decision:
        transaction, policy = self.transaction(), self.policy()
        facts = studio.facts(transaction, policy)
        return pipeline.decide(transaction, transaction.recipients[0], facts, policy)


def outcome(decision: Decision) -> str:
    """What the sender gets: the template's name, or the code of the reason why nothing."""
    if decision.reply:
        return decision.reply.template
    return next(
        (one.code for one in reversed(decision.reasons) if one.code.startswith(("reply-withheld", "passed-no"))),
        "nothing",
    )


def place(decision: Decision) -> dict[str, Any]:
    """Where it goes, in the words of the scenario files."""
    return {
        "class": decision.sender_class.value if decision.sender_class else None,
        "client": decision.client.id if decision.client else None,
        "mailbox": filing.mailbox(decision),
        "folder": decision.folder,
        "keywords": " ".join(decision.keywords),
        "disposition": decision.disposition.value,
        "reply": outcome(decision),
        "reasons": " ".join(one.code for one in decision.reasons),
    }


def table(file: str) -> list[dict[str, Any]]:
    return tomllib.loads((CASES / file).read_text(encoding="utf-8"))["case"]
