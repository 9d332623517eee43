"""Marks of our own that need no look-up: the Message-ID of an automatic reply, and the hop mark of moved mail."""

import re

from milter.core import encoded_words, lexical
from milter.core.keys import Keys
from milter.core.message import Message

_OURS = re.compile(r"<?([0-9a-f]{20})\.([0-9a-f]{12})@")
_ID = re.compile(r"<[!-;=?-~]{1,898}>")  # printable ASCII without spaces: what may stand in a field of 998 octets
HOP = "recado-hop"


def reply_id(keys: Keys, hostname: str, *parts: str) -> str:
    """`<h.mark@hostname>` for a reply named by `parts`."""
    name = keys.name("reply", *parts)[:20]
    return f"<{name}.{_mark(keys, name)}@{hostname}>"


def is_ours(message_id: str, keys: Keys) -> bool:
    """Whether this is the Message-ID of an automatic reply of ours (S31)."""
    found = _OURS.match(message_id.strip())
    return found is not None and found[2] == _mark(keys, found[1])


def answers_ours(message: Message, keys: Keys) -> bool:
    """Whether the direct parent is an automatic reply of ours. One further up the thread does not count."""
    parents = [one for value in message.all("in-reply-to") for one in _ids(value)]
    parents += [ids[-1] for value in message.all("references") if (ids := _ids(value))]
    return any(is_ours(one, keys) for one in parents)


def message_ids(value: str) -> list[str]:
    """The message ids in a field such as References, with brackets, in order; what is no id is skipped."""
    return _ID.findall(value)


def _ids(value: str) -> list[str]:
    """As `message_ids`; some responders leave the brackets out, or encode an id that is longer than a line (Python's email)."""
    plain = encoded_words.decode(value)
    return message_ids(plain) or plain.split()


def parent_id(message: Message) -> str:
    """The Message-ID with brackets; "" if there is none or none that may be repeated in a header."""
    value = lexical.without_comments(message.first("message-id") or "").strip()
    found = _ID.match(value)
    return found[0] if found else ""


def parent_name(message: Message, keys: Keys) -> str:
    """What tells this message from others: its Message-ID, else a hash of its header."""
    if found := parent_id(message):
        return found
    running = keys.start("parent")
    running.update(message.header)
    return running.hexdigest()


def hop_mark(keys: Keys, owner: str, message: Message) -> str:
    """The value of Recado-Hop: only we can make it, and only for this message of this owner."""
    return keys.name("hop", owner, message.first("message-id") or message.first("date") or "")


def _mark(keys: Keys, name: str) -> str:
    return keys.name("mark", name)[:12]
