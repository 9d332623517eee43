"""recado.toml: the sysadmin's file."""

import re
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address
from pathlib import Path

from milter.core.owner import Mode, Replies
from milter.core.policy import BadStanding, FilingMethod
from milter.settings import networks, replies, sockets
from milter.settings.findings import Wrong
from milter.settings.mail_address import one_address
from milter.settings.reader import Reader
from milter.settings.redis_url import EMBEDDED, redis_url
from milter.settings.source import Source
from milter.settings.values import (
    DoorSettings,
    InetAddress,
    LmtpHop,
    NextHopAddress,
    SmtpHop,
    SocketAddress,
    UnixAddress,
)

TOP = (
    "hostname", "authserv_id", "state_dir", "secret_file", "owners", "workers", "recipient_delimiter",
    "message_size_limit", "mynetworks", "socket_mode",
)  # fmt: skip
TABLES = ("lmtp", "smtp", "submission", "milter", "filing", "replies", "authentication", "redis")
LOOPBACK = (IPv4Network("127.0.0.0/8"), IPv6Network("::1/128"))
MOST_WORKERS = 256  # a slip of the finger must not fork a machine to death
LONGEST_BOUNCE = (
    64 - 41
)  # characters (RFC 5321 section 4.5.3.1.1): the delimiter and a mark of core.bounces come behind

USUAL_REPLY_HOP = "smtp:inet:127.0.0.1:10031"

_HOST_NAME = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(\.(?!-)[A-Za-z0-9-]{1,63})*")
_LOCAL = "127.0.0.1"
_DOORS: dict[str, tuple[SocketAddress, NextHopAddress | None]] = {
    "lmtp": (InetAddress(_LOCAL, 10024), LmtpHop(UnixAddress("/run/dovecot/lmtp"))),
    "smtp": (InetAddress(_LOCAL, 10026), SmtpHop(InetAddress(_LOCAL, 10027))),
    "submission": (InetAddress(_LOCAL, 10028), SmtpHop(InetAddress(_LOCAL, 10029))),
    "milter": (UnixAddress("/var/spool/postfix/recado/milter.sock"), None),
}


@dataclass(frozen=True, slots=True)
class Host:
    """What recado.toml says, every gap filled. `replies` is the ceiling of every owner's own."""

    hostname: str
    authserv_id: str
    state_dir: Path
    secret_file: Path | None
    owners: str
    workers: int
    recipient_delimiter: str
    message_size_limit: int
    mynetworks: tuple[IPv4Network | IPv6Network, ...]
    socket_mode: int
    doors: tuple[DoorSettings, ...]
    filing: FilingMethod
    bad_standing: BadStanding
    replies: Replies
    reply_next_hop: NextHopAddress | None
    bounce_address: str
    trusted_authserv_ids: tuple[str, ...]
    trusted_relays: tuple[str, ...]
    nameservers: tuple[str, ...]
    redis_url: str


def read_host(source: Source) -> Host:
    """Every problem goes to `source`; what it says is in force only if there is none."""
    source.top = TOP
    top = Reader(source, (), source.data, (*TOP, *TABLES))
    filing = top.table("filing", ("method", "bad_standing"))
    reply = top.table("replies", (*replies.KEYS, "next_hop", "bounce_address"))
    authentication = top.table("authentication", ("trusted_authserv_ids", "trusted_relays", "nameservers"))
    redis = top.table("redis", ("url",))
    hostname = _hostname(top)
    secret = top.text("secret_file")
    host = Host(
        hostname=hostname,
        authserv_id=top.optional("authserv_id", _own_token, hostname),
        state_dir=_absolute(top, "state_dir", "/var/lib/recado"),
        secret_file=_absolute(top, "secret_file", "/etc/recado/secret") if secret else None,
        owners=top.text("owners") or "owners/*.toml",
        workers=top.whole("workers", 1, least=1, most=MOST_WORKERS),
        recipient_delimiter=top.parsed("recipient_delimiter", _delimiter, "+"),
        message_size_limit=top.whole("message_size_limit", 0, least=0),
        mynetworks=top.each("mynetworks", networks.network, LOOPBACK),
        socket_mode=top.parsed("socket_mode", _octal, 0o660),
        doors=tuple(_door(top, name) for name in _DOORS if name in top),
        filing=filing.choice("method", FilingMethod.HEADER),
        bad_standing=filing.choice("bad_standing", BadStanding.TAG),
        replies=replies.of_host(replies.read(reply)),
        reply_next_hop=reply.optional("next_hop", lambda text: sockets.next_hop(text, USUAL_REPLY_HOP), None),
        bounce_address=reply.optional("bounce_address", one_address, ""),
        trusted_authserv_ids=authentication.each("trusted_authserv_ids", _token),
        trusted_relays=authentication.each("trusted_relays", networks.relay),
        nameservers=authentication.each("nameservers", networks.nameserver),
        redis_url=redis.parsed("url", redis_url, EMBEDDED),
    )
    _same_socket(top, host)
    _circles(top, host)
    _disappointments(top, reply, filing, authentication, host)
    return host


def _hostname(top: Reader) -> str:
    name = top.needed("hostname", "mx.estudio.example")
    if name and not _HOST_NAME.fullmatch(name):
        top.problem(
            "hostname", Wrong(f'"{name}" is not a host name', 'write the full name, such as "mx.estudio.example"')
        )
    return name


def _absolute(top: Reader, key: str, example: str) -> Path:
    path = Path(top.text(key) or example)
    if not path.is_absolute():
        top.problem(key, Wrong(f'"{path}" is not an absolute path', f'write it from the root, such as "{example}"'))
    return path


def _door(top: Reader, name: str) -> DoorSettings:
    listen, next_hop = _DOORS[name]
    table = top.table(name, ("listen", "next_hop") if next_hop else ("listen",))
    hop = table.parsed("next_hop", lambda text: sockets.next_hop(text, str(next_hop)), next_hop) if next_hop else None
    if name in ("smtp", "submission") and isinstance(hop, LmtpHop):
        # One reply for many recipients: whichever it is, somebody's mail is lost or doubled.
        wrong = f'"{hop}": an SMTP door has one answer for all recipients and would lose mail of an LMTP next hop'
        table.problem("next_hop", Wrong(wrong, f'write "{next_hop}", or use [lmtp]'))
    return DoorSettings(name, table.parsed("listen", sockets.listen, listen), hop)


def _same_socket(top: Reader, host: Host) -> None:
    seen: dict[SocketAddress, str] = {}
    for door in host.doors:
        if isinstance(door.listen, InetAddress) and door.listen.port == 0:
            continue
        first = seen.setdefault(door.listen, door.name)
        if first != door.name:
            wrong = Wrong(f'"{door.listen}" is where [{first}] listens', "give every door a socket of its own")
            top.source.problem((door.name, "listen"), wrong)


def _circles(top: Reader, host: Host) -> None:
    """A door whose mail would come in at a door again."""
    for door in host.doors:
        if not isinstance(door.next_hop, SmtpHop | LmtpHop):
            continue
        for other in host.doors:
            if _reaches(door.next_hop.address, other.listen):
                wrong = Wrong(
                    f'"{door.next_hop}" is where [{other.name}] listens: mail would go round in circles',
                    "write another address at one of the two",
                )
                top.source.problem((door.name, "next_hop"), wrong)


def _reaches(hop: SocketAddress, listen: SocketAddress) -> bool:
    if not isinstance(hop, InetAddress) or not isinstance(listen, InetAddress):
        return hop == listen
    if hop.port != listen.port:
        return False
    host = _LOCAL if hop.host == "localhost" else hop.host
    return host == (_LOCAL if listen.host == "localhost" else listen.host) or (
        listen.host in ("", "0.0.0.0", "::") and _is_loopback(host)
    )


def _disappointments(top: Reader, reply: Reader, filing: Reader, authentication: Reader, host: Host) -> None:
    if "milter" in top:
        # Opened, its worker would die at once, and with it the doors that do serve.
        wrong = Wrong(
            "is not there yet: nobody listens, and Postfix would wait", "use [lmtp] or [smtp], and leave it out"
        )
        top.warn("milter", wrong)
    if not any(one.next_hop for one in host.doors):
        top.warn("doors", Wrong("no door is open: no mail will come", "write [lmtp] with listen and next_hop"))
    if host.replies.mode is not Mode.OFF and reply.blank("next_hop"):
        wrong = Wrong("is missing: no automatic reply can be sent", f'write next_hop = "{USUAL_REPLY_HOP}"')
        reply.warn("next_hop", wrong)
    if host.filing is FilingMethod.DETAIL and not host.recipient_delimiter:
        filing.warn(
            "method", Wrong('"detail" files nothing without recipient_delimiter', 'write recipient_delimiter = "+"')
        )
    if host.filing is FilingMethod.NONE and host.bad_standing is BadStanding.JUNK:
        filing.warn("bad_standing", Wrong('"junk" files nothing with method "none"', 'write method = "header"'))
    _bounces(reply, host)
    for door in host.doors:
        if (
            isinstance(door.listen, InetAddress)
            and not _is_loopback(door.listen.host)
            and networks.lets_anybody_in(host.mynetworks)
        ):
            wrong = Wrong(
                f"lets anybody in at [{door.name}], which listens beyond this host", "name only your own hosts"
            )
            top.warn("mynetworks", wrong)
    wide = [one for one in host.trusted_relays if networks.is_wide(one)]
    if wide:
        wrong = Wrong(
            f"{', '.join(wide)} is nearly everybody: whoever writes to us could say where his mail comes from",
            "name only the backup MX and forwarders that are yours",
        )
        authentication.warn("trusted_relays", wrong)


def _bounces(reply: Reader, host: Host) -> None:
    local = host.bounce_address.rpartition("@")[0]
    if local and not host.recipient_delimiter:
        wrong = Wrong(
            "needs recipient_delimiter: each reply has its own address",
            'write recipient_delimiter = "+", as in Postfix',
        )
        reply.warn("bounce_address", wrong)
    if len(local) > LONGEST_BOUNCE:
        wrong = Wrong(
            "is too long: with its mark it has more than 64 characters before the @",
            f"write one of at most {LONGEST_BOUNCE} characters before the @",
        )
        reply.problem("bounce_address", wrong)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _delimiter(text: str) -> str | Wrong:
    if all(one in "+-_.=#~!$%&*/?^" for one in text):
        return text
    return Wrong(f'"{text}" cannot part an address from its detail', 'write "+", as in Postfix')


def _octal(text: str) -> int | Wrong:
    if re.fullmatch(r"(?:0o)?[0-7]{1,4}", text) and int(text, 8) <= 0o777:
        return int(text, 8)
    return Wrong(f'"{text}" is not a mode in octal', 'write "0660"')


def _own_token(text: str) -> str | Wrong:
    if text.isascii() and text.isprintable():
        return _token(text)
    return Wrong(f'"{text}" cannot stand in a header field', 'write it in ASCII, such as "mx.estudio.example"')


def _token(text: str) -> str | Wrong:
    if re.fullmatch(r"[^\s;\"(),]+", text):
        return text
    return Wrong(
        f'"{text}" is not an authserv-id',
        'write the first word of its Authentication-Results, such as "mx.estudio.example"',
    )
