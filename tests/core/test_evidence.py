"""Evidence: the table of weights is the one on the page, and what each kind of message says of its sender."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from milter.core import evidence
from milter.core.decision import Decision, Disposition, SenderClass
from milter.core.evidence import WEIGHTS, Kind
from milter.core.sender import Sender, Signed, of_address, of_stranger
from tests.core.studio import ANA

PAGE = Path(__file__).parent.parent.parent / "config" / "README.md"
PROVEN, CLAIMED = of_address("laura@acme.example"), of_stranger("laura@acme.example", "203.0.113.0/24")
DECISION = Decision("ana@estudio.example", ANA, ANA.identities[0], SenderClass.PROSPECT, disposition=Disposition.MARKED)


def test_the_page_shows_the_weights() -> None:
    text = PAGE.read_text()
    section = text[text.index("## Reputation\n") :]
    shown = re.findall(r"^\| `([a-z-]+)` \| ([+−0-9.]+) \| (.*) \|$", section[: section.index("\n## ", 3)], re.M)
    rows = [(kind, sign(one.good, one.bad), one.source) for kind, one in WEIGHTS.items()]
    table = "\n".join(f"| `{kind}` | {weight} | {source} |" for kind, weight, source in rows)
    assert shown == rows, f"config/README.md, Reputation, should be:\n{table}"


def sign(good: float, bad: float) -> str:
    return f"+{good:g}" if good else f"−{bad:g}" if bad else "0"


def test_every_kind_has_a_weight_on_one_side_and_a_source() -> None:
    assert set(WEIGHTS) == set(Kind)
    for one in WEIGHTS.values():
        assert one.source and not (one.good and one.bad) and min(one.good, one.bad) >= 0


SAYS = [
    (SenderClass.CLIENT, PROVEN, [Kind.ACCEPTED]),
    (SenderClass.CONTACT, PROVEN, [Kind.ACCEPTED]),
    (SenderClass.PERSONAL, PROVEN, [Kind.ACCEPTED]),
    (SenderClass.PROSPECT, PROVEN, [Kind.ACCEPTED]),
    (SenderClass.PROSPECT, CLAIMED, [Kind.SEEN]),
    (SenderClass.AUTOMATIC, PROVEN, [Kind.SEEN]),
    (SenderClass.ALERT, PROVEN, [Kind.SEEN]),
    (SenderClass.SPAM, PROVEN, [Kind.SPAM]),
    (SenderClass.SPAM, CLAIMED, [Kind.SPAM]),
    (SenderClass.SELF, PROVEN, []),
    (SenderClass.SELF, CLAIMED, []),
]


@pytest.mark.parametrize(("who", "sender", "kinds"), SAYS)
def test_what_a_message_says(who: SenderClass, sender: Sender, kinds: list[Kind]) -> None:
    decision = replace(DECISION, sender_class=who)
    assert [one.kind for one in evidence.of_message(decision, sender, Signed.NONE, "")] == kinds
    assert evidence.of_message(replace(decision, disposition=Disposition.UNTOUCHED), sender, Signed.NONE, "") == ()
    assert evidence.of_message(replace(decision, owner=None), sender, Signed.NONE, "") == ()
    assert evidence.of_message(decision, None, Signed.NONE, "") == ()


def test_a_failed_signature_speaks_against_the_claim_and_is_told_to_the_proven() -> None:
    seen, broken = evidence.of_message(DECISION, CLAIMED, Signed.FAILED, "once")
    assert (seen.kind, broken.kind, seen.signed) == (Kind.SEEN, Kind.SIGNATURE, Signed.NONE)
    assert seen.once == broken.once == "once"
    (accepted,) = evidence.of_message(DECISION, PROVEN, Signed.FAILED, "")
    assert (accepted.kind, accepted.signed) == (Kind.ACCEPTED, Signed.FAILED)
    (passed,) = evidence.of_message(DECISION, CLAIMED, Signed.PASSED, "")
    assert (passed.kind, passed.signed) == (Kind.SEEN, Signed.NONE)
