"""What replay and explain print of a decision: one JSON object (the contract), or a few lines for a person."""

import base64
import email
import email.policy
import textwrap
from collections.abc import Callable
from datetime import datetime
from typing import Any

import click

from milter.core import bounces, filing
from milter.core.decision import Decision, Disposition, Reason
from milter.core.hours import Closed
from milter.core.overrides import state_at
from milter.core.policy import Policy
from milter.core.reply_job import ReplyIntent
from milter.store.layout import Layout

WIDTH = 80  # columns, on a terminal and in a pipe: what is longer is wrapped, never cut
Raw = Callable[[ReplyIntent], bytes | None]  # the whole reply; None if its text cannot be rendered


def as_json(letter: str, at: datetime, decision: Decision, policy: Policy, raw: Raw | None = None) -> dict[str, Any]:
    """The object of the contract for one message and recipient."""
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
        "standing": decision.standing or None,
        "reply": _reply(at, decision, policy, raw),
        "reasons": [{"code": one.code, "text": one.text, "evidence": one.evidence} for one in decision.reasons],
    }


def _reply(at: datetime, decision: Decision, policy: Policy, raw: Raw | None) -> dict[str, Any]:
    intent, zone = decision.reply, decision.owner.timezone if decision.owner else None
    opens = intent.opens if intent and intent.opens else _opens(at, decision)
    if intent is None:
        return {"send": False} | ({"opens": opens.isoformat()} if opens else {})
    answer: dict[str, Any] = {
        "send": not intent.shadow,
        "mail_from": _mail_from(policy, intent),
        "rcpt_to": intent.correspondent,
        "template": intent.template,
        "language": intent.language,
        "not_before": intent.not_before.astimezone(zone).isoformat(),
        "not_after": intent.not_after.astimezone(zone).isoformat(),
        "opens": opens.astimezone(zone).isoformat() if opens else None,
    }
    if raw and (content := raw(intent)):
        answer["raw"] = base64.b64encode(content).decode("ascii")
    return answer


def _mail_from(policy: Policy, intent: ReplyIntent) -> str:
    """As the queue writes it: null, or the bounce address with the mark of the reply's record."""
    layout, key = Layout(policy.keys), intent.claims[0].key
    return bounces.return_address(policy, f"{layout.shard(key.owner):x}{layout.record(key)}", intent.not_before)


def _opens(at: datetime, decision: Decision) -> datetime | None:
    """When the addressed identity opens, if it is closed; None for mail that we leave alone."""
    if decision.owner is None or decision.identity is None or decision.disposition is Disposition.UNTOUCHED:
        return None
    schedule = decision.identity.schedule_for(decision.client)
    state = state_at(schedule, at.astimezone(decision.owner.timezone), decision.overrides)
    return state.opens if isinstance(state, Closed) else None


def lines(at: datetime, decision: Decision) -> list[str]:
    """For a person: who wrote, where it goes, what the sender gets, and why."""
    if decision.owner is None or decision.identity is None:
        return [*wrapped("", f"{decision.rcpt_to or 'no recipient'}: {_last(decision).text}")]
    zone = decision.owner.timezone
    local = at.astimezone(zone)
    return [
        click.style(plain(f"{decision.rcpt_to} ({decision.identity.name}, {decision.identity.kind})"), bold=True),
        *wrapped("  when   ", f"{local:%a %d %b %Y %H:%M} {zone}"),
        *wrapped("  who    ", who(decision)),
        *wrapped("  where  ", where(decision)),
        *(wrapped("  tags   ", " ".join(decision.keywords)) if decision.keywords else ()),
        *wrapped("  then   ", reply(decision) + (f", to {decision.reply.correspondent}" if decision.reply else "")),
        *(line for one in decision.reasons for line in wrapped("  why    ", _said(one))),
    ]


def who(decision: Decision) -> str:
    name = decision.sender_class.value if decision.sender_class else "to no owner's address"
    return f"{name} {decision.client.name}" if decision.client else name


def where(decision: Decision) -> str:
    """The folder, and the mailbox if it is not the one written to."""
    if decision.disposition is Disposition.UNTOUCHED:
        return "passed untouched"
    place = decision.folder or "inbox"
    return f"{place} of {decision.moved_to}" if decision.moved_to else place


def reply(decision: Decision) -> str:
    """`reply closed (es), Fri 23:52`, or why there is none."""
    intent, zone = decision.reply, decision.owner.timezone if decision.owner else None
    if intent is None:
        return f"no reply: {withheld(decision).text.rstrip('.')}"
    when = f"{intent.not_before.astimezone(zone):%a %H:%M}"
    return f"reply {intent.template} ({intent.language}), {when}" + (", in shadow: not sent" if intent.shadow else "")


def withheld(decision: Decision) -> Reason:
    """Why there is no reply."""
    return next((one for one in reversed(decision.reasons) if one.code.startswith("reply-")), _last(decision))


def as_read(content: bytes) -> str:
    """A reply of ours as its reader sees it: the fields that a mail program shows, and the text."""
    message = email.message_from_bytes(content, policy=email.policy.default)
    body = message.get_body(("plain",))
    fields = [f"{name}: {message[name]}" for name in ("From", "To", "Subject", "Date")]
    return "\n".join((*fields, "", (body.get_content() if body else "").strip()))


def wrapped(label: str, text: str) -> list[str]:
    """`text` behind `label`, in lines of WIDTH; words longer than that stay whole, so that they can be copied."""
    indent = " " * len(label)
    return textwrap.wrap(
        plain(text),
        WIDTH,
        initial_indent=label,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def plain(text: str) -> str:
    """Mail brings control characters, and a terminal obeys them."""
    return "".join(one if one.isprintable() else "?" for one in text)


def _said(one: Reason) -> str:
    return f"{one.text} {one.code}" + (f" ({one.evidence})" if one.evidence else "")


def _last(decision: Decision) -> Reason:
    return decision.reasons[-1] if decision.reasons else Reason("", "")
