"""IP addresses as mail writes them. One way to read them, so that one host is one host everywhere."""

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

_LONGEST = 64  # characters: a full IPv6 address with prefix and zone has fewer

IpAddress = IPv4Address | IPv6Address


def parse(text: str) -> IpAddress | None:
    """Without the prefix of RFC 5321 section 4.1.3 and without a zone; IPv4 also where it came mapped into IPv6 (RFC 4291
    section 2.5.5.2). None for what is none.
    """
    return _parse(text) if len(text) <= _LONGEST else None


# Most mail comes from the same few hosts, and each is asked about several times.
@lru_cache(maxsize=1024)
def _parse(text: str) -> IpAddress | None:
    try:
        found = ip_address((text[5:] if text[:5].lower() == "ipv6:" else text).partition("%")[0])
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def plain(text: str) -> str:
    """What `parse` finds, as text; "" for none."""
    return str(parse(text) or "")


def network(address: IpAddress) -> str:
    """What one sender has for sure: the /24 of an IPv4 address, the /48 of an IPv6 address."""
    return str(ip_network(f"{address}/{24 if address.version == 4 else 48}", strict=False))
