"""The next hops' part of `recado check`: whether anybody listens where mail and replies are to go.

Asked by `check` alone: when the daemon starts, Dovecot may still be starting.
"""

import socket

from milter.core.owner import Mode
from milter.settings.findings import Wrong
from milter.settings.source import read
from milter.settings.values import InetAddress, LmtpHop, NextHopAddress, Problem, Settings, SmtpHop, UnixAddress

PATIENCE = 1.0  # seconds
THIS_HOST = ("127.0.0.1", "::1", "localhost")


def ask(settings: Settings) -> tuple[Problem, ...]:
    """Warnings. Hosts elsewhere are not asked: a firewall may let the service through, and not us."""
    source = read(settings.file)
    source.problems.clear()
    for door in settings.doors:
        if wrong := _nobody(door.next_hop, "mail waits in Postfix"):
            source.warn((door.name, "next_hop"), wrong)
    live = any(one.replies.mode is Mode.LIVE for one in settings.policy.owners)
    if live and (wrong := _nobody(settings.reply_next_hop, "replies are given up after four hours")):
        source.warn(("replies", "next_hop"), wrong)
    return tuple(source.problems)


def _nobody(hop: NextHopAddress | None, else_: str) -> Wrong | None:
    if not isinstance(hop, LmtpHop | SmtpHop):
        return None
    match hop.address:
        case UnixAddress(path):
            place, error = path, _refused(socket.AF_UNIX, path)
        case InetAddress(host, port) if host in THIS_HOST:
            place, error = str(hop.address), _refused(socket.AF_INET6 if ":" in host else socket.AF_INET, (host, port))
        case _:
            return None
    if error is None:
        return None
    if isinstance(error, PermissionError):
        return Wrong(f"{place} may not be opened by this user", "write a socket that the service may open")
    why = error.strerror or str(error)
    return Wrong(
        f"nobody listens at {place} ({why}), and until then {else_}", "start who serves it, or write where that listens"
    )


def _refused(family: socket.AddressFamily, address: str | tuple[str, int]) -> OSError | None:
    """Why nobody can be there; None if somebody is, or is only slow."""
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.settimeout(PATIENCE)
        try:
            probe.connect(address)
        except (FileNotFoundError, ConnectionRefusedError, NotADirectoryError, PermissionError) as error:
            return error
        except OSError:
            return None
    return None
