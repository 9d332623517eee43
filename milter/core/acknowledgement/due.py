"""The gate once more, when a reply is about to leave: is it still true?"""

from datetime import datetime

from milter.core.decision import Reason
from milter.core.hours import Open, state_at
from milter.core.owner import Mode
from milter.core.policy import Policy
from milter.core.reasons import reason
from milter.core.reply_job import ReplyIntent, ReplyKind


def still_due(intent: ReplyIntent, now: datetime, policy: Policy) -> Reason | None:
    """None: send it now. Else why it is withheld; for shadow, it is rehearsed. `policy` as in force now, not as it was when the mail came."""
    owner = policy.owner(intent.owner)
    identity = owner.identity(intent.identity) if owner else None
    client = owner.clients.get(intent.client) if owner and intent.client is not None else None
    if owner is None or identity is None or (intent.client is not None and client is None):
        return reason("reply-withheld-owner-gone")
    if owner.replies.mode is Mode.OFF:
        return reason("reply-withheld-off")
    if now.timestamp() > intent.not_after.timestamp():
        return reason("reply-withheld-expired", intent.not_after.isoformat())
    schedule = identity.schedule_for(client)
    is_open = schedule is None or isinstance(state_at(schedule, now), Open)
    if is_open and intent.claims[0].key.kind is not ReplyKind.WRONG_ADDRESS:
        return reason("reply-withheld-opened")
    # Last: a rehearsal is shown to the owner only where the reply would have left.
    if intent.shadow or owner.replies.mode is Mode.SHADOW:
        return reason("reply-shadow-mode")
    return None
