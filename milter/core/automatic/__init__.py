"""Signs that no person sent this message: one named function a rule, tried in order; the first sign decides.

What only forbids a reply to a person's mail is in `acknowledgement`. S1 ... are the numbers of the suppression rules.
"""

from milter.core.automatic.content import content_is_a_calendar_reply, content_is_a_report
from milter.core.automatic.fields import (
    campaign_feedback,
    delivered_to_an_autoresponder,
    exchange_responder,
    exim_returned_it,
    help_desk_message_id,
    list_fields,
    notification_fields,
    own_message_id,
    precedence_is_bulk,
    responder_fields,
    stored_null_return_path,
    submitted_automatically,
)
from milter.core.automatic.senders import daemon_sender, noreply_sender, null_sender, verp_sender
from milter.core.automatic.sign import Look, Sign
from milter.core.automatic.subjects import bounce_subject, out_of_office_subject, report_subject

__all__ = ["Look", "Sign", "sign_of"]

# Most telling first: what a person reads in the journal should name the strongest evidence.
SIGNS = (
    null_sender,
    stored_null_return_path,
    own_message_id,
    exim_returned_it,
    content_is_a_report,
    submitted_automatically,
    list_fields,
    precedence_is_bulk,
    responder_fields,
    delivered_to_an_autoresponder,
    exchange_responder,
    notification_fields,
    campaign_feedback,
    help_desk_message_id,
    daemon_sender,
    verp_sender,
    noreply_sender,
    out_of_office_subject,
    bounce_subject,
    report_subject,
    content_is_a_calendar_reply,
)


def sign_of(look: Look) -> Sign | None:
    """The first sign of a machine, or None: a person wrote this."""
    for rule in SIGNS:
        if sign := rule(look):
            return sign
    return None
