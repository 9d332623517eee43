"""The copy of a reply that the owner keeps: the bytes that were sent, in the folder where the mail lies that it answers."""

from milter.core import address
from milter.core.owner import Client, Owner
from milter.core.policy import Policy
from milter.core.reply_job import ReplyIntent, ReplyKind
from milter.delivery.owner_mail import SEEN, Letter


def copy_of(intent: ReplyIntent, content: bytes, policy: Policy) -> Letter | None:
    """`content` as it was handed to the next hop. None if the owner wants no copies, or is configured no more."""
    owner = policy.owner(intent.owner)
    identity = owner.identity(intent.identity) if owner else None
    if owner is None or identity is None or not owner.replies.copies:
        return None
    folder = _folder(intent, owner, policy)
    return Letter("copy", owner.id, identity.mailbox, content, folder, (SEEN,))


def _folder(intent: ReplyIntent, owner: Owner, policy: Policy) -> str:
    """A client's mail is filed with him even when nothing proved that he wrote it, and he got the stranger's text."""
    if client := _client(intent, owner, policy):
        return client.folder
    return owner.folders.prospects if intent.claims[0].key.kind is ReplyKind.PROSPECT else ""


def _client(intent: ReplyIntent, owner: Owner, policy: Policy) -> Client | None:
    if intent.client is not None:
        return owner.clients.get(intent.client)
    book, person = owner.client_book, address.correspondent_name(intent.correspondent, policy.recipient_delimiter)
    found = book.by_address(person) or book.by_domain(person)
    return owner.clients.get(found) if found else None
