"""Addresses in the files: `ana@estudio.example`, or `@estudio.example` for a whole domain."""

import re

from milter.core import address
from milter.settings.findings import Wrong

_LOCAL = re.compile(r'[^\s@<>()\[\],;:"\\]+')
_DOMAIN = re.compile(r"(?!-)[^\s@<>()\[\],;:\"\\/]+(?:\.[^\s@<>()\[\],;:\"\\/.]+)*\.?")
_ANGLE = re.compile(r"<([^<>]+)>")


def one_address(text: str) -> str | Wrong:
    """The normal form (`address.normal`) of a full address."""
    local, domain = address.split(text.strip())
    if _LOCAL.fullmatch(local) and domain and _is_domain(domain):
        return address.normal(text)
    inside = _ANGLE.search(text)
    meant = inside[1] if inside and "@" in inside[1] else "ana@estudio.example"
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
    if "@" not in stripped and "." in stripped and _is_domain(stripped):
        return Wrong(f'"{text}" is not an address', f'write "@{stripped}" for the whole domain')
    return one_address(text)


def _is_domain(text: str) -> bool:
    return bool(_DOMAIN.fullmatch(text)) and ".." not in text and not text.startswith(".")
