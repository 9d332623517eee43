"""Intents made up to show or to check a text. Nothing of them is ever queued."""

from datetime import datetime, timedelta

from milter.core import address
from milter.core.owner import Client, Identity, Owner
from milter.core.reply_job import ReplyIntent

STRANGER = "someone@example.com"


def sample_intent(
    owner: Owner,
    identity: Identity,
    client: Client | None,
    *,
    template: str,
    language: str,
    subject: str,
    at: datetime,
    opens: datetime | None,
) -> ReplyIntent:
    """As if `client` (None: a stranger) had written to `identity` at `at` (aware). `opens` None: open then."""
    return ReplyIntent(
        claims=(),
        opens=opens,
        owner=owner.id,
        identity=identity.name,
        from_address=first_address(identity),
        correspondent=correspondent_of(client),
        client=client.id if client else None,
        template=template,
        language=language,
        trust="",
        subject=subject,
        parent_id="",
        references=(),
        message_id="<preview@localhost>",
        smtputf8=False,
        created=at,
        not_before=at,
        not_after=at + timedelta(days=1),
    )


def first_address(identity: Identity) -> str:
    """Any address of a catch-all if there is no other."""
    return next((one for one in identity.addresses if not one.startswith("@")), f"owner{identity.addresses[0]}")


def correspondent_of(client: Client | None) -> str:
    """Somebody the owner calls by name, else any address of the client, else somebody at its domain."""
    if client is None:
        return STRANGER
    written = [*client.names, *(one for one in client.addresses if not one.startswith("@"))]
    return written[0] if written else f"someone@{address.split(client.addresses[0])[1]}"
