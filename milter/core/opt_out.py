"""The words with which a client asks for no more automatic replies, and takes it back.

They count only as the whole first line of a reply to one of ours. BAJA, ALTA and STOP are ordinary
words in a freelancer's mail ("dar de baja la web") and are none of them.
"""

import unicodedata

from milter.core import address, marks
from milter.core.case import Case
from milter.core.decision import Decision, Disposition, OptOut, SenderClass
from milter.core.first_line import first_line
from milter.core.owner import Trust
from milter.core.reasons import because
from milter.core.reply_job import ClaimKey, Opted, PersonKey, ReplyKind

KEYWORDS: dict[str, tuple[str, str]] = {
    "ca": ("SENSE AVISOS", "AMB AVISOS"),
    "de": ("KEINE HINWEISE", "HINWEISE"),
    "en": ("NO NOTICES", "NOTICES"),
    "es": ("SIN AVISOS", "CON AVISOS"),
    "eu": ("OHARRIK EZ", "OHARRAK BAI"),
    "fr": ("SANS AVIS", "AVEC AVIS"),
    "gl": ("SEN AVISOS", "CON AVISOS"),
    "pt": ("SEM AVISOS", "COM AVISOS"),
}
"""Language -> (stop, start), in capitals, as the texts show them."""

_NOBODY = frozenset({SenderClass.SELF, SenderClass.ALERT, SenderClass.SPAM, SenderClass.AUTOMATIC})


def heed(case: Case, decision: Decision) -> Decision:
    """Adds what a person asked for in reply to one of our automatic replies. The mail itself goes where it goes."""
    if decision.disposition is Disposition.UNTOUCHED or decision.sender_class in _NOBODY or case.forged:
        return decision
    if not marks.answers_ours(case.message, case.policy.keys):
        return decision
    line = first_line(case.message)
    out = wish(line)
    people = _people(case)
    if out is None or not people:
        return decision
    code = "reply-stopped-opt-out" if out else "reply-resumed-opt-in"
    return because(decision, code, line).doing(*(OptOut(one, out) for one in people))


def wish(line: str) -> bool | None:
    """True: no more. False: again. None: an ordinary line."""
    said = _plain(line)
    return _WISHES.get(said.removesuffix(".").rstrip())


def opted(decision: Decision) -> tuple[Opted, ...]:
    """What settling remembers of it, with the replies that may be waiting for this person."""
    owner = decision.owner
    if owner is None:
        return ()
    return tuple(
        Opted(
            PersonKey(owner.id, one.person),
            one.on,
            tuple(ClaimKey(owner.id, each.name, one.person, kind) for each in owner.identities for kind in ReplyKind),
        )
        for one in decision.actions
        if isinstance(one, OptOut)
    )


def _people(case: Case) -> tuple[str, ...]:
    """Who may speak for whom: the correspondent for himself if proven, and the author too if he is.

    What SRS wraps is only the forwarder's word, so it is unwrapped where mail is believed what it says.
    """
    sender, delimiter = case.transaction.mail_from, case.policy.recipient_delimiter
    if case.owner.replies.trust is Trust.ANYONE:
        names = [address.correspondent_name(one, delimiter) for one in (sender, case.author) if one]
        return tuple(dict.fromkeys(names))
    known = case.authentication
    if known is None or not known.correspondent_authenticated:
        return ()
    names = [address.without_detail(address.untagged(sender), delimiter)]
    if known.author_authenticated and case.author:
        names.append(address.correspondent_name(case.author, delimiter))
    return tuple(dict.fromkeys(names))


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


_WISHES = {_plain(word): word == pair[0] for pair in KEYWORDS.values() for word in pair}
