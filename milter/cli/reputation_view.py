"""A sender's reputation for a person who reads it in a terminal, and for a script."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from milter.cli.reputation_known import SET_BY_HAND, Rated, shown
from milter.core import pipeline, reputation
from milter.core.decision import Decision
from milter.core.envelope import Direction, Peer, Recipient, Transaction
from milter.core.facts import Authentication, Facts
from milter.core.message import parse
from milter.core.owner import Kind
from milter.core.policy import Policy
from milter.core.reasons import REASONS
from milter.core.reputation import BAD, HALF_LIFE, TRUSTED, Record
from milter.core.sender import NameKind
from milter.store.api import Journaled

DAYS, STEP = 90, 2  # of the picture, and of one of its columns
ROWS = 10
LATEST = 8  # entries of the journal that are told
SEARCHED = 14  # days in which an hour is looked for at which the office is closed
_LEARNED = {
    ("learned-junk", "yes"): "the owner moved a mail of his into Junk",
    ("learned-junk", "no"): "the owner moved a mail into Junk that only claims to be his",
    ("learned-ham", "yes"): "the owner moved a mail of his out of Junk",
    ("learned-ham", "no"): "the owner moved a mail out of Junk that only claims to be his",
    ("learned-sent", "yes"): "the owner wrote to him",
    (SET_BY_HAND, "yes"): "his standing was set by hand",
    ("reply-bounced", "yes"): "our reply to him came back as undeliverable",
    ("reply-stopped-opt-out", "yes"): "he asked for no more automatic replies",
}
_ORDER = {"bad": 0, "neutral": 1, "trusted": 2}


def as_json(rated: Sequence[Rated], policy: Policy) -> dict[str, Any]:
    """One object. With several owners the strictest of those who have an opinion speaks at the top, each for himself below."""
    told = [_as_json(one, policy) for one in rated]
    if len(told) == 1:
        return told[0]
    opinions = [one for one in rated if one.is_known] or list(rated)
    first = min(opinions, key=lambda one: _ORDER[one.standing.code])
    return told[list(rated).index(first)] | {"owners": told}


def _as_json(one: Rated, policy: Policy) -> dict[str, Any]:
    zone, standing = one.owner.timezone, one.by_evidence
    changes, decision = one.changes(), leads_to(one, policy)
    answer: dict[str, Any] = {
        "rated": one.who.name,
        "standing": one.standing.code,
        "owner": one.owner.id,
        "at": one.now.astimezone(zone).isoformat(),
        "listed": one.listed,
        "evidence": {
            "standing": standing.code,
            "share": round(reputation.share(one.record, reputation.share(one.domain)), 4),
            "low": round(standing.low, 4),
            "high": round(standing.high, 4),
            "first": standing.first,
            **_record(one.record, one.known.record, one),
        },
        "domain": {"name": one.who.domain, **_record(one.domain, one.known.domain, one)} if one.who.domain else None,
        "unproven": [_record(each, None, one) for each in one.unproven],
        "changes": {"at": changes[0].astimezone(zone).isoformat(), "standing": changes[1]} if changes else None,
        "curve": [round(share, 3) for _, share, _ in one.curve(DAYS)],
    }
    if decision:
        reply = decision.reply
        answer["leads_to"] = {
            "sender_class": decision.sender_class.value if decision.sender_class else None,
            "folder": decision.folder,
            "keywords": list(decision.keywords),
            "reply": {"template": reply.template, "trust": reply.trust} if reply else None,
            "reasons": [each.code for each in decision.reasons],
        }
    return answer


def _record(faded: Record | None, written: Record | None, one: Rated) -> dict[str, Any]:
    last = _instant(written, one).isoformat() if written else None
    if faded is None:
        return {"good": 0.0, "bad": 0.0, "count": 0, "last": last}
    return {"good": round(faded.good, 3), "bad": round(faded.bad, 3), "count": faded.count, "last": last}


def _instant(record: Record, one: Rated) -> datetime:
    return datetime.fromtimestamp(record.last, one.owner.timezone)


def lines(one: Rated, journal: Sequence[Journaled], policy: Policy) -> list[str]:
    """Evidence in words, what it leads to, and how it fades."""
    name, standing = shown(one.who.name), one.by_evidence
    said = [f"{name}, for {one.owner.id}: {one.standing.code}"]
    if one.listed:
        said.append(f"  listed in the owner's file, which overrules the evidence; by that alone: {standing.code}")
    said += [f"  {each}" for each in (_words(one), _interval(one), _lent(one), _claims(one)) if each]
    if standing.code == "bad" and not one.listed and standing.high > BAD:
        said.append(f"  bad for the sake of {shown(one.who.domain)}, which is, and he has shown nothing better")
    said += [f"  {each}" for each in _history(one, journal)]
    said += [f"  {each}" for each in _consequences(one, policy)]
    said.append(f"  {_forecast(one)}")
    return [*said, "", *picture(one)] if one.known.record or one.known.domain else said


def _words(one: Rated) -> str:
    record = one.record
    if record is None:
        return "nothing is known of him" if one.who.kind is NameKind.ADDRESS else "nothing is known of it"
    last = _day(_instant(one.known.record or record, one))
    pieces = "1 piece" if record.count == 1 else f"{record.count} pieces"
    fades = f"fading by half in {HALF_LIFE.days} days"
    return f"evidence: {record.good:.1f} for, {record.bad:.1f} against, {fades}; {pieces} in all, the last on {last}"


def _interval(one: Rated) -> str:
    found = one.by_evidence
    where = f"share of good: somewhere between {found.low:.2f} and {found.high:.2f}"
    return f"{where} (trusted if all of that is above {TRUSTED:.2f}, bad if all of it is below {BAD:.2f})"


def _lent(one: Rated) -> str:
    if one.who.kind is NameKind.DOMAIN:
        return ""
    if not one.who.domain:
        return "his domain gives addresses to everybody, so it lends him nothing"
    if one.domain is None:
        return f"of {shown(one.who.domain)} nothing is known"
    lent = f"{one.domain.good:.1f} for, {one.domain.bad:.1f} against"
    return f"{shown(one.who.domain)}: {lent}; it lends him {reputation.share(one.domain):.2f} to begin with"


def _claims(one: Rated) -> str:
    if not one.unproven:
        return ""
    good, bad = (sum(getattr(each, name) for each in one.unproven) for name in ("good", "bad"))
    networks = "1 network" if len(one.unproven) == 1 else f"{len(one.unproven)} networks"
    return (
        f"without proof from {networks}: {good:.1f} for, {bad:.1f} against; kept apart, it neither helps nor harms him"
    )


def _history(one: Rated, journal: Sequence[Journaled]) -> list[str]:
    """What the owner's journal tells of him, the latest days; several of a kind in one line."""
    told: dict[tuple[str, str], int] = {}
    for each in journal:
        if said := _LEARNED.get((each.entry.code, each.entry.fields.get("proven", "yes")), ""):
            key = _day(each.at.astimezone(one.owner.timezone)), said
            told[key] = told.get(key, 0) + 1
    found = [f"{day}: {said}{f', {count} times' if count > 1 else ''}" for (day, said), count in told.items()]
    mails = sum("reasons" in each.entry.fields for each in journal)
    return [*found[-LATEST:], *([f"in the journal: {'1 mail' if mails == 1 else f'{mails} mails'}"] if mails else [])]


def leads_to(one: Rated, policy: Policy) -> Decision | None:
    """What would become of a proven mail of his to the owner's business address, at an hour when the office is closed."""
    identity = one.owner.first(Kind.BUSINESS)
    to = next((each for each in identity.addresses if not each.startswith("@")), "") if identity else ""
    if one.who.kind is not NameKind.ADDRESS or not to:
        return None
    text = f"From: {one.who.name}\r\nTo: {to}\r\nMessage-ID: <1@{policy.hostname}>\r\n\r\n\r\n"
    known = Authentication(True, True, "pass", policy.hostname)
    facts = Facts(authentication=known, standing={one.owner.id: one.by_evidence}, people=one.people)
    transaction = Transaction(
        "reputation", "", Direction.INBOUND, Peer(), one.who.name, (), (Recipient(to),), parse(text.encode()), one.now
    )
    decision = None
    for hour in range(SEARCHED * 24):
        then = replace(transaction, now=one.now + timedelta(hours=hour))
        decision = pipeline.decide(then, then.recipients[0], facts, policy)
        if not any(each.code == "reply-withheld-open" for each in decision.reasons):
            break
    return decision


def _consequences(one: Rated, policy: Policy) -> list[str]:
    decision = leads_to(one, policy)
    if decision is None:
        return []
    who = decision.sender_class.value if decision.sender_class else "nobody"
    keywords = " ".join(decision.keywords) or "no keyword"
    filed = f"folder {shown(decision.folder)}" if decision.folder else "the inbox"
    said = [f"his mail, when it is proven: {who}, {filed}, {keywords}"]
    if decision.reply:
        shadow = ", as a rehearsal to the owner" if decision.reply.shadow else ""
        said.append(f"out of hours he gets the text {decision.reply.template}{shadow}")
    else:
        why = [each.code for each in decision.reasons if each.code.startswith("reply-")]
        said.append(f"out of hours he gets no reply: {REASONS[why[-1]]}" if why else "he gets no reply")
    return said


def _forecast(one: Rated) -> str:
    found = one.changes()
    if found is None:
        return f"if nothing more happens it stays {one.by_evidence.code}"
    return f"if nothing more happens it is {found[1]} from {_day(found[0].astimezone(one.owner.timezone))} on"


def picture(one: Rated) -> list[str]:
    """What the share of good lies between over the next 90 days, if nothing more happens; one column two days."""
    curve = one.curve(DAYS)[::STEP]
    said = []
    for row in reversed(range(ROWS)):
        bottom, top = row / ROWS, (row + 1) / ROWS
        cells = "".join("█" if low < top and high > bottom else " " for low, _, high in curve)
        word = {9: "1.0", 7: f"{TRUSTED:.1f}", 2: f"{BAD:.1f}", 0: "0.0"}.get(row, "   ")
        mark = {7: " trusted from here up", 2: " bad from here down"}.get(row, "")
        said.append(f"  {word} {cells}{mark}".rstrip())
    width = len(curve) // 3
    return [*said, f"      {'today'.ljust(width)}{'30 days'.ljust(width)}{'60 days'.ljust(width - 2)}90"]


def _day(instant: datetime) -> str:
    return f"{instant.day} {instant:%b %Y}"
