"""What names one recipient's copy of one message, so that a retry after a crash gets the remembered reply."""

from mmap import mmap

from milter.core.envelope import Transaction
from milter.core.facts import Authentication, Missing
from milter.core.keys import Hash, Keys
from milter.core.message import Message

BLOCK = 1 << 20
BEGINNING = 1 << 16  # bytes of a body: enough to tell messages apart, too few to keep the event loop


def digest(keys: Keys, transaction: Transaction, next_hop: str) -> str:
    """A keyed hash (hex) of MAIL FROM, the next hop and every byte below our own Postfix's Received; "" if not to be remembered.

    The topmost Received is our Postfix's and differs between a retry by a client and the first try; what lies above it
    (Return-Path, Delivered-To) is Postfix's too. Without a Message-ID and without a queue id two equal messages may well be two
    messages: such mail is not remembered, for a duplicate is better than a loss.
    """
    message = transaction.message
    if not transaction.peer.queue_id and not message.has("message-id"):
        return ""
    running = keys.start("copy")
    running.update(f"{transaction.mail_from}\0{next_hop}\0".encode("utf-8", "surrogateescape"))
    running.update(message.header[_below_received(message) :])
    _update(running, message.body)
    return running.hexdigest()


def content(keys: Keys, message: Message, known: Authentication | Missing) -> str:
    """A keyed hash (hex) of what is the same in every copy of a message that somebody sends again and again.

    That is the signature that proves its author; without one, Message-ID and the beginning of the body.
    """
    running = keys.start("content")
    if isinstance(known, Authentication) and known.signature:
        running.update(known.signature.encode("utf-8", "surrogateescape"))
        return running.hexdigest()
    running.update(f"{message.first('message-id') or ''}\0{len(message.body)}\0".encode("utf-8", "surrogateescape"))
    running.update(bytes(message.body[:BEGINNING]))
    return running.hexdigest()


def _below_received(message: Message) -> int:
    for field in message.fields:
        if field.name == "received":
            return field.start + len(field.raw)
    return 0


def _update(running: Hash, body: bytes | mmap) -> None:
    with memoryview(body) as view:
        for start in range(0, len(view), BLOCK):
            with view[start : start + BLOCK] as block:
                running.update(block)
