"""What replay and explain print of a decision: one JSON object (the contract), or a few lines for a person."""

import base64
from collections.abc import Callable
from datetime import datetime
from typing import Any

from rich.markup import escape

from milter.core import filing
from milter.core.decision import Decision
from milter.core.reply_job import ReplyIntent

Raw = Callable[[ReplyIntent], bytes] | None


def as_json(letter: str, at: datetime, decision: Decision, claimed: bool, raw: Raw = None) -> dict[str, Any]:
    """The object of the contract for one message and recipient. `claimed`: the store granted the reply its claim."""
    zone = decision.owner.timezone if decision.owner else None
    return {
        "id": letter,
        "at": at.astimezone(zone).isoformat() if zone else at.isoformat(),
        "rcpt_to": decision.rcpt_to,
        "identity": decision.identity.name if decision.identity else None,
        "kind": decision.identity.kind.value if decision.identity else None,
        "sender_class": decision.sender_class.value if decision.sender_class else None,
        "client": decision.client.id if decision.client else None,
        "mailbox": filing.mailbox(decision),
        "folder": decision.folder,
        "keywords": list(decision.keywords),
        "disposition": decision.disposition.value,
        "reply": _reply(decision, claimed, raw),
        "reasons": [{"code": one.code, "text": one.text, "evidence": one.evidence} for one in decision.reasons],
    }


def sends(decision: Decision, claimed: bool) -> bool:
    return decision.reply is not None and claimed and not decision.reply.shadow


def _reply(decision: Decision, claimed: bool, raw: Raw) -> dict[str, Any]:
    intent = decision.reply
    if intent is None or not claimed:
        return {"send": False}
    zone = decision.owner.timezone if decision.owner else None
    answer: dict[str, Any] = {
        "send": sends(decision, claimed),
        "mail_from": "",
        "rcpt_to": intent.correspondent,
        "template": intent.template,
        "language": intent.language,
        "not_before": intent.not_before.astimezone(zone).isoformat(),
        "not_after": intent.not_after.astimezone(zone).isoformat(),
        "opens": intent.opens.astimezone(zone).isoformat() if intent.opens else None,
    }
    if raw:
        answer["raw"] = base64.b64encode(raw(intent)).decode("ascii")
    return answer


def lines(at: datetime, decision: Decision, claimed: bool) -> list[str]:
    """For a person, in rich markup: who wrote, where it goes, what the sender gets, and why."""
    if decision.owner is None or decision.identity is None:
        return [f"[bold]{escape(decision.rcpt_to)}[/] belongs to no owner: passed untouched"]
    who = decision.sender_class.value if decision.sender_class else "unknown"
    if decision.client:
        who += f" {escape(decision.client.name)}"
    place = escape(filing.mailbox(decision) or decision.rcpt_to)
    if decision.folder:
        place += f", folder [bold]{escape(decision.folder)}[/]"
    if decision.keywords:
        place += f", {escape(' '.join(decision.keywords))}"
    local = at.astimezone(decision.owner.timezone)
    return [
        f"[bold]{escape(decision.rcpt_to)}[/] ({decision.identity.kind} identity {escape(decision.identity.name)}), "
        f"{local:%a %d %b %Y %H:%M} {escape(str(decision.owner.timezone))}",
        f"  who    {who}",
        f"  where  {place}",
        f"  reply  {reply_line(decision, claimed)}",
        *(f"  why    [dim]{one.code}[/] {escape(one.text)}" + _evidence(one.evidence) for one in decision.reasons),
    ]


def reply_line(decision: Decision, claimed: bool) -> str:
    intent = decision.reply
    if intent is None:
        return "none"
    if not claimed:
        return "none: answered already"
    zone = decision.owner.timezone if decision.owner else None
    when = f"{intent.not_before.astimezone(zone):%H:%M}"
    verb = "would be (shadow)" if intent.shadow else "to"
    return f"{escape(intent.template)} ({intent.language}) {verb} {escape(intent.correspondent)} at {when}"


def _evidence(text: str) -> str:
    return f" [dim]({escape(text)})[/]" if text else ""
