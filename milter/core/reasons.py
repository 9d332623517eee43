"""Every reason the decision can give: code and sentence, in one table. The README's table and the tests read this one."""

from milter.core.decision import Decision, Reason

LONGEST_EVIDENCE = 120  # characters: a header line that can be recognised, not an archive

REASONS: dict[str, str] = {
    # Who wrote
    "sender-is-self": "Written from one of the owner's own addresses.",
    "sender-is-alert": "Listed among the owner's monitoring.",
    "sender-is-spam": "The spam filter in front of us says spam.",
    "sender-is-client-address": "The author's address is listed with this client.",
    "sender-is-client-domain": "The author's domain is listed with this client.",
    "sender-is-contact-address": "The author's address is listed among the contacts.",
    "sender-is-contact-domain": "The author's domain is listed among the contacts.",
    "sender-is-contact-known": "The owner has written to this person before.",
    "sender-is-personal-address": "The author's address is listed among the people.",
    "sender-is-personal-domain": "The author's domain is listed among the people.",
    "sender-is-prospect": "A person we know nothing about.",
    # Signs of a machine
    "sender-automatic-null": "The null reverse-path: a bounce or a notification.",
    "sender-automatic-bounce": "A bounce: undeliverable mail returned.",
    "sender-automatic-report": "A report made by a machine: delivery status, receipt, abuse.",
    "sender-automatic-calendar": "The answer of a calendar to an invitation.",
    "sender-automatic-submitted": "Auto-Submitted says that no person sent this.",
    "sender-automatic-precedence": "Precedence says bulk, list, junk or automatic.",
    "sender-automatic-list": "Header fields of a mailing list or newsletter.",
    "sender-automatic-autoreply": "Header fields of an automatic responder.",
    "sender-automatic-notification": "Header fields of a notification or campaign service.",
    "sender-automatic-ours": "The Message-ID is one of our own automatic replies.",
    "sender-automatic-ticket": "The Message-ID is one that a help desk gives its automatic replies.",
    "sender-automatic-noreply": "An address that nobody reads.",
    "sender-automatic-daemon": "The address of a mail system, list manager or system account.",
    "sender-automatic-verp": "The return address of a list or a mass mailing.",
    "sender-automatic-subject": "The subject of an automatic responder.",
    # Where it goes
    "passed-no-owner": "This address belongs to no owner: passed untouched.",
    "passed-internal-error": "Deciding failed, so the message was passed on untouched.",
    "passed-personal": "Personal identity: passed untouched.",
    "mail-moved-wrong-address": "Belongs to the owner's other mailbox, so it is delivered there.",
    "mail-kept-people": "Listed among the people as well as the clients: stays where it was sent.",
    "mail-kept-no-mailbox": "The owner has no identity of the other kind.",
    "mail-kept-forged": "DMARC failed: mail that may be forged is not moved.",
    "mail-kept-not-addressed": "The address it was sent to is not visible in To, Cc or Resent: not moved.",
    "mail-kept-both-addressed": "Both of the owner's addresses were written to: each mailbox keeps its copy.",
    "mail-kept-been-there": "A mark says it was in the other mailbox already: not moved again.",
    "mail-filed-client": "Filed with the client.",
    "mail-filed-alert": "Filed with the alerts.",
    "mail-filed-prospect": "Filed with the prospects.",
    "filing-refused-next-hop": "The next hop refused the recipient that we had changed: offered as received.",
    # Whether it can wait
    "urgency-heeded-word": "The client's subject says that it is urgent, and the plan heeds that.",
    "urgency-heeded-header": "The client marked it as important, and the plan heeds that.",
    "urgency-ignored-plan": "Called urgent, but this client's plan says nothing of that.",
    "urgency-ignored-quota": "Called urgent, but this month's urgent messages are used up.",
    "urgency-ignored-unproven": "Called urgent, but nothing proves that the client wrote this.",
    "urgency-ignored-answer": "The subject was called urgent before: this only answers it.",
    "urgency-unsure-quota": "The store is away: how many this month were urgent is not known.",
    "call-asked-words": "Asks for a call.",
    "call-asked-invitation": "Invites to something outside the call hours.",
    "focus-kept-later": "Arrived in hours kept free for work: it can wait.",
    "focus-broken-urgent": "Arrived in hours kept free for work, but is urgent.",
    "focus-broken-vip": "Arrived in hours kept free for work, but this client may always interrupt.",
    # The automatic reply
    "reply-due-client": "Closed: the client gets an acknowledgement.",
    "reply-due-prospect": "Closed: the stranger gets the text for strangers.",
    "reply-due-wrong-address": "The client is told the business address.",
    "reply-due-pointer": "The friend is told the personal address.",
    "reply-due-invitation": "Outside the call hours: the invitation is answered.",
    "reply-shadow-mode": "Rehearsal: decided and recorded, not sent.",
    "reply-unsure-claims": "The store is away: whether this person was answered already is settled when it is back.",
    "reply-stranger-text": "Not proven to be the client: gets the text for strangers.",
    "reply-withheld-personal-identity": "Personal identities never reply.",
    "reply-withheld-self": "The owner's own mail is never answered.",
    "reply-withheld-alert": "Monitoring is never answered.",
    "reply-withheld-spam": "Spam is never answered.",
    "reply-withheld-contact": "Contacts are not answered automatically.",
    "reply-withheld-personal": "Family and friends are not answered automatically.",
    "reply-withheld-null": "The null reverse-path must never be answered.",
    "reply-withheld-bounce": "A bounce must never be answered.",
    "reply-withheld-report": "A report made by a machine is never answered.",
    "reply-withheld-calendar": "The answer of a calendar is not answered.",
    "reply-withheld-submitted": "Automatic mail is never answered.",
    "reply-withheld-precedence": "Bulk mail is never answered.",
    "reply-withheld-list": "Mailing lists and newsletters are never answered.",
    "reply-withheld-autoreply": "An automatic reply is never answered.",
    "reply-withheld-notification": "Notifications and campaigns are never answered.",
    "reply-withheld-ours": "An automatic reply of ours is never answered.",
    "reply-withheld-ticket": "The automatic reply of a help desk is never answered.",
    "reply-withheld-noreply": "Nobody reads this address.",
    "reply-withheld-daemon": "Mail systems, list managers and system accounts are never answered.",
    "reply-withheld-verp": "The return address of a list or a mass mailing is never answered.",
    "reply-withheld-subject": "An out-of-office message is never answered.",
    "reply-withheld-off": "Automatic replies are switched off.",
    "reply-withheld-suppressed": "X-Auto-Response-Suppress asks for no automatic reply.",
    "reply-withheld-answers-ours": "This answers an automatic reply of ours: not a new conversation.",
    "reply-withheld-loop": "A loop mark: this has been here before.",
    "reply-withheld-hops": "A hundred Received fields or more: a loop.",
    "reply-withheld-forged": "DMARC failed: the sender may be forged, and the forged would get our reply.",
    "reply-withheld-no-author": "No readable author in From.",
    "reply-withheld-several-authors": "More than one author in From.",
    "reply-withheld-old": "More than a day old when it arrived here: too late, or an import.",
    "reply-withheld-not-addressed": "None of the identity's addresses is visible in To, Cc or Resent.",
    "reply-withheld-role": "Role addresses are answered only to clients.",
    "reply-withheld-catch-all": "Addresses matched by a catch-all alone are answered only to clients.",
    "reply-withheld-unusable-sender": "The envelope sender is no address that can be written to.",
    "hours-changed-mail": "The owner changed the hours of today, proven and with the token.",
    "hours-kept-unauthenticated": "The owner's token, but nothing proves that the owner wrote it: nothing is changed.",
    "hours-kept-not-understood": "The owner's token, but no change that can be made: the owner is told why.",
    "reply-stopped-opt-out": "This person asked for no more automatic replies: remembered for ever.",
    "reply-resumed-opt-in": "This person asked for the automatic replies again.",
    "reply-withheld-opted-out": "This person asked for no automatic replies.",
    "reply-withheld-owner-wrote": "The owner has written to this person since the office last opened.",
    "reply-withheld-open": "The office is open.",
    "reply-withheld-opens-first": "The office opens before the reply would leave.",
    "reply-withheld-no-opening": "It never opens again, so there is nothing true to promise.",
    "reply-withheld-unauthenticated": "Nothing proves that the envelope sender sent this.",
    "reply-withheld-unknown": "Only known people get automatic replies here.",
    "reply-withheld-no-text": "There is no text for this situation and language.",
    "reply-withheld-answered": "This person was answered in this period already.",
    "reply-withheld-bounced": "The last reply to this person came back as undeliverable.",
    "reply-withheld-one-a-message": "One message causes one automatic reply at most.",
    "reply-withheld-expired": "Too late: the moment of this reply has passed.",
    "reply-withheld-opened": "The office has opened meanwhile.",
    "reply-withheld-call-hours": "By now the invitation lies in the call hours: there is nothing to decline.",
    "reply-withheld-call-taken": "The time that would have been proposed is not free any more.",
    "reply-withheld-owner-gone": "The owner, the identity or the client is configured no more.",
}


def reason(code: str, evidence: str = "") -> Reason:
    """The reason of that code. KeyError for a code that is not in the table: a defect of ours."""
    return Reason(code, REASONS[code], _shown(evidence))


def because(decision: Decision, code: str, evidence: str = "") -> Decision:
    """`decision` with one more reason."""
    found = reason(code, evidence)
    return decision.because(found.code, found.text, found.evidence)


def _shown(evidence: str) -> str:
    line = "".join(one if one.isprintable() else " " for one in evidence[: 4 * LONGEST_EVIDENCE])
    line = " ".join(line.split())
    return line if len(line) <= LONGEST_EVIDENCE else line[: LONGEST_EVIDENCE - 1] + "…"
