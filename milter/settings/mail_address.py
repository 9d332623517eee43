"""Addresses in the files: `ana@estudio.example`, or `@estudio.example` for a whole domain."""

import re

from milter.core import address
from milter.core.freemail import is_freemail
from milter.settings.findings import Wrong

_LOCAL = re.compile(r'[^\s@<>()\[\],;:"\\]+')
_DOMAIN = re.compile(r"(?!-)[^\s@<>()\[\],;:\"\\/]+(?:\.[^\s@<>()\[\],;:\"\\/.]+)*\.?")
_INSIDE = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_PAGE = re.compile(r"(?:https?://)?(?:www\.)?([^/@\s]+\.[^/@\s]+)(?:/\S*)?", re.I)


def one_address(text: str) -> str | Wrong:
    """The normal form (`address.normal`) of a full address."""
    local, domain = address.split(text.strip())
    if _LOCAL.fullmatch(local) and domain and _is_domain(domain):
        return address.normal(text)
    inside = _INSIDE.findall(text)
    if len(inside) > 1:
        listed = ", ".join(f'"{one}"' for one in inside)
        return Wrong(f'"{text}" is not an address', f"write them one by one: {listed}")
    meant = inside[0] if inside else "ana@estudio.example"
    return Wrong(f'"{text}" is not an address', f'write only the address, such as "{meant}"')


def pattern(text: str) -> str | Wrong:
    """An address, or "@domain", in normal form."""
    stripped = text.strip()
    for start in ("*@", "@"):
        if stripped.startswith(start) and _is_domain(stripped.removeprefix(start)):
            normal = f"@{address.normal_domain(stripped.removeprefix(start))}"
            return (
                normal
                if start == "@"
                else Wrong(f'"{text}" is not an address', f'write "{normal}" for the whole domain')
            )
    if (page := _PAGE.fullmatch(stripped)) and _is_domain(page[1]):
        return Wrong(f'"{text}" is not an address', f'write "@{page[1]}" for the whole domain')
    return one_address(text)


def everybody(pattern: str) -> Wrong | None:
    """A provider's whole domain is no client, no friend: his mail would be a stranger's."""
    if pattern.startswith("@") and is_freemail(pattern[1:]):
        return Wrong(
            f'"{pattern}" is everybody who has a mailbox there', f'write the whole address, such as "marta{pattern}"'
        )
    return None


def _is_domain(text: str) -> bool:
    return bool(_DOMAIN.fullmatch(text)) and ".." not in text and not text.startswith(".")
