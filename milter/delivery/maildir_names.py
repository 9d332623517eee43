"""Names on disk for mailboxes and folders: nothing that a message says can point outside its own Maildir."""

import binascii
import re
from hashlib import blake2b
from urllib.parse import quote

from milter.core import address

LONGEST = 240  # bytes: file systems take 255
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_SHIFTED = re.compile(r"(?:[^ -~]|\.)+|&")


def mailbox_directory(rcpt_to: str) -> str:
    """A mailbox's directory: its normal address, percent-encoded where a path could misread it; long ones hashed."""
    name = quote(address.normal(rcpt_to), safe="@+=~!", errors="surrogateescape")
    if name.startswith(".") or not name:
        name = "%2E" + name[1:]
    if len(name) > LONGEST:
        name = f"{name[:180]}%{blake2b(name.encode(), digest_size=16).hexdigest()}"
    return name


def folder_directory(path: str) -> str:
    """The Maildir++ directory of a folder path with "/" between levels (`A/B` -> `.A.B`); "" for INBOX.

    "" too for a path too long for a directory: mail in the inbox is better than mail nowhere.
    """
    levels = [level for one in path.split("/") if (level := _CONTROL.sub("", one).strip())]
    if not levels or [one.upper() for one in levels] == ["INBOX"]:
        return ""
    name = "".join(f".{modified_utf7(one)}" for one in levels)
    return name if len(name) <= LONGEST else ""


def modified_utf7(level: str) -> str:
    """RFC 3501 section 5.1.3, as Dovecot names directories; "." is shifted too: it would make a level in Maildir++."""
    return _SHIFTED.sub(lambda found: "&-" if found[0] == "&" else _shifted(found[0]), level)


def _shifted(text: str) -> str:
    coded = binascii.b2a_base64(text.encode("utf-16-be"), newline=False).decode("ascii")
    return f"&{coded.rstrip('=').replace('/', ',')}-"
