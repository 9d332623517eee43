"""`redis.url`: its problems, in words that never repeat it, for it may hold a password."""

import os

from milter.settings.findings import Wrong, nearest
from milter.store.address import SCHEMES, Malformed, parse

EMBEDDED = "embedded"
WORDS = (EMBEDDED, *(f"{one}://" for one in SCHEMES))


def redis_url(text: str) -> str | Wrong:
    """The same text if a Redis can be reached with it as far as can be told without asking one."""
    if text == EMBEDDED:
        return text
    scheme, mark, _ = text.partition("://")
    if not mark or scheme not in SCHEMES:
        near = nearest(f"{scheme}://" if mark else text, WORDS)
        return Wrong(
            "is neither embedded nor the address of a Redis",
            f'begin it with "{near}"' if near else f"write one of {', '.join(WORDS)}",
        )
    address = parse(text)
    if isinstance(address, Malformed):
        return Wrong(address.what, address.instead)
    for name, value in address.tls or ():
        if name.endswith(("_certs", "file")) and not os.path.isfile(value):  # noqa: PTH113  # Path raises where it may not look
            return Wrong(f"has {name}, and {value} is no file or may not be seen", "write the path of a PEM file")
    return text
