"""Networks, relays and name servers of recado.toml."""

import re
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from milter.settings.findings import Wrong

_HOST_NAME = re.compile(r"(?=.*[A-Za-z])(?!-)[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+")
_WIDEST = {4: 8, 6: 16}  # a shorter prefix reaches strangers


def network(text: str) -> IPv4Network | IPv6Network | Wrong:
    """`127.0.0.0/8`, `192.0.2.1` or, as Postfix writes it, `[::1]/128`."""
    plain = re.sub(r"^\[([^\]]*)\]", r"\1", text)
    try:
        return ip_network(plain)
    except ValueError:
        pass
    try:
        meant = ip_network(plain, strict=False)
    except ValueError:
        return Wrong(f'"{text}" is not a network', 'write networks as "192.0.2.0/24" or "[2001:db8::]/32"')
    shown = f"[{meant.network_address}]/{meant.prefixlen}" if meant.version == 6 else str(meant)
    return Wrong(f'"{text}" has bits set behind its prefix', f'write "{shown}"')


def lets_anybody_in(networks: tuple[IPv4Network | IPv6Network, ...]) -> bool:
    return any(one.prefixlen < _WIDEST[one.version] for one in networks)


def is_wide(relay: str) -> bool:
    """Whether so many addresses are in it that strangers are among them. A host name is one host's."""
    found = network(relay)
    return not isinstance(found, Wrong) and lets_anybody_in((found,))


def relay(text: str) -> str | Wrong:
    """A network, an address or a host name."""
    found = network(text)
    if _HOST_NAME.fullmatch(text) or not isinstance(found, Wrong):
        return text
    if "/" in text:
        return found
    return Wrong(
        f'"{text}" is neither a network nor a host name', 'write "192.0.2.1", "192.0.2.0/24" or "backup-mx.example"'
    )


def nameserver(text: str) -> str | Wrong:
    """`127.0.0.1`, `127.0.0.1:5353`, `[::1]:53` or `::1`."""
    found = re.fullmatch(r"\[([^\]]+)\](?::(\d{1,5}))?|([\d.]+)(?::(\d{1,5}))?", text)
    host = (found[1] or found[3]) if found else text
    port = int((found[2] or found[4] or 53) if found else 53)
    try:
        ip_address(host)
    except ValueError:
        return Wrong(f'"{text}" is not the address of a name server', 'write "127.0.0.1:5353" or "[::1]:53"')
    return text if 1 <= port <= 65535 else Wrong(f"port {port} does not exist", "write a port from 1 to 65535")
