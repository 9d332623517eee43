"""Where we listen and where mail goes next, as sysadmins write it in smtpd_milters and transport_maps."""

import re
from ipaddress import ip_address
from pathlib import Path

from milter.settings.findings import Wrong
from milter.settings.values import InetAddress, LmtpHop, MaildirHop, NextHopAddress, SmtpHop, SocketAddress, UnixAddress

_HOST = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*\.?")
_INET = re.compile(r"(?:\[(?P<v6>[^\]]*)\]|(?P<host>[^:\[\]]*)):(?P<port>\d{1,5})")
_RELAYED = re.compile(r"(?:relay|smtps):\[?(?P<host>[\w.-]+)\]?:(?P<port>\d{1,5})")  # other transports of Postfix
_ANY = "inet:127.0.0.1:10024"
_LONGEST_PATH = 107  # bytes in sun_path, less the closing zero


def listen(text: str) -> SocketAddress | Wrong:
    """`inet:host:port`, `inet:[::1]:port` or `unix:/path`. Port 0 picks a free one."""
    return _socket(text, least_port=0)


def next_hop(text: str, usual: str = "lmtp:unix:/run/dovecot/lmtp") -> NextHopAddress | Wrong:
    """`lmtp:` or `smtp:` before `inet:host:port`, `unix:/path` or `[host]:port`; or `maildir:/dir`.

    `usual`: what to write here if nobody can tell what is meant.
    """
    kind, colon, rest = text.partition(":")
    if kind == "maildir" and colon:
        if rest.startswith("/") and rest != "/":
            return MaildirHop(Path(rest))
        return Wrong(f'"{text}" is not an absolute folder', 'write "maildir:/var/lib/recado/mail"')
    if kind not in ("lmtp", "smtp") or not colon:
        return Wrong(f'"{text}" is not a next hop', f'write "{_hop_meant(text) or usual}"')
    address = _socket(f"inet:{rest}" if rest.startswith("[") else rest, least_port=1)
    if isinstance(address, Wrong):
        if _INET.fullmatch(rest) and not isinstance(_inet(rest, 1), Wrong):
            return Wrong(f'"{text}" is not a next hop', f'write "{kind}:inet:{rest}"')
        instead = address.instead.replace(f'"{_ANY}"', f'"{usual}"')
        return Wrong(address.what, instead if usual in instead else instead.replace('"', f'"{kind}:', 1))
    return SmtpHop(address) if kind == "smtp" else LmtpHop(address)


def _socket(text: str, least_port: int) -> SocketAddress | Wrong:
    kind, _, rest = text.partition(":")
    if kind == "unix":
        return _unix(rest)
    if kind == "inet":
        return _inet(rest, least_port)
    return Wrong(f'"{text}" is not a socket', f'write "{_socket_meant(text)}"')


def _unix(path: str) -> UnixAddress | Wrong:
    if not path.startswith("/") or path.endswith("/"):
        return Wrong(f'"unix:{path}" is not the absolute path of a socket', 'write "unix:/run/recado/lmtp"')
    if len(path.encode()) > _LONGEST_PATH:
        return Wrong(
            f"the path has more than {_LONGEST_PATH} bytes, the most a Unix socket may have", "write a shorter path"
        )
    return UnixAddress(path)


def _inet(rest: str, least_port: int) -> InetAddress | Wrong:
    found = _INET.fullmatch(rest)
    if not found:
        return Wrong(f'"inet:{rest}" is not host and port', f'write "{_inet_meant(rest)}"')
    port = int(found["port"])
    if not least_port <= port <= 65535:
        return Wrong(f"port {port} does not exist", f"write a port from {max(least_port, 1)} to 65535")
    if found["v6"] is not None:
        # transport_maps brackets mean "no MX look-up", so names and IPv4 may stand in them too
        return _named(found["v6"], port)
    return _named(found["host"], port)


def _named(host: str, port: int) -> InetAddress | Wrong:
    if _is_ip(host) or (_HOST.fullmatch(host) and not re.fullmatch(r"[\d.]+", host)):
        return InetAddress(host, port)
    return Wrong(f'"{host}" is neither a host name nor an IP address', f'write "inet:127.0.0.1:{port}"')


def _is_ip(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _inet_meant(rest: str) -> str:
    host, _, port = rest.rpartition(":")
    if rest.isdigit():
        return f"inet:127.0.0.1:{rest}"
    if (at := rest.partition("@"))[1] and at[0].isdigit():  # as a milter library spells it
        return f"inet:{at[2]}:{at[0]}"
    if _is_ip(host) and port.isdigit():
        return f"inet:[{host}]:{port}"
    return _ANY


def _socket_meant(text: str) -> str:
    if text.startswith("/"):
        return f"unix:{text}"
    if text.startswith("local:/"):
        return f"unix:{text.removeprefix('local:')}"
    if _INET.fullmatch(text) and not isinstance(_inet(text, 0), Wrong):
        return f"inet:{text}"
    return _inet_meant(text)


def _hop_meant(text: str) -> str:
    """ "" when it cannot be guessed."""
    if text.startswith("/"):
        return f"lmtp:unix:{text}"
    if text.startswith("unix:"):
        return f"lmtp:{text}"
    if text.startswith("inet:"):
        return f"smtp:{text}"
    if _INET.fullmatch(text):
        return f"smtp:inet:{text}"
    if relayed := _RELAYED.fullmatch(text):
        return f"smtp:inet:{relayed['host']}:{relayed['port']}"
    return ""
