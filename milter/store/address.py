"""Where Redis is: the words of `redis.url`, taken apart. Nothing here connects; settings read it for their problems."""

import re
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import StrEnum
from urllib.parse import parse_qsl, unquote

Place = tuple[str, int]  # host and port; ("/path", 0) is a Unix socket


class Shape(StrEnum):
    SERVER = "server"
    SENTINEL = "sentinel"
    CLUSTER = "cluster"


SCHEMES = {
    "redis": (Shape.SERVER, False),
    "rediss": (Shape.SERVER, True),
    "unix": (Shape.SERVER, False),
    "redis+sentinel": (Shape.SENTINEL, False),
    "rediss+sentinel": (Shape.SENTINEL, True),
    "redis+cluster": (Shape.CLUSTER, False),
    "rediss+cluster": (Shape.CLUSTER, True),
}
EXAMPLES = {
    Shape.SERVER: "redis://127.0.0.1:6379/0",
    Shape.SENTINEL: "redis+sentinel://10.0.0.1:26379,10.0.0.2:26379,10.0.0.3:26379/mymaster",
    Shape.CLUSTER: "redis+cluster://10.0.0.1:6379,10.0.0.2:6379,10.0.0.3:6379",
}
FILES = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")
TLS = (*FILES, "ssl_check_hostname", "ssl_cert_reqs")
LOGIN = ("username", "password")
SENTINEL_LOGIN = ("sentinel_username", "sentinel_password")
_WORDS = {"ssl_check_hostname": ("true", "false"), "ssl_cert_reqs": ("required", "none")}
_HOST = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]*))(?::([0-9]*))?")


@dataclass(frozen=True, slots=True)
class Malformed:
    """`what` continues "redis.url", `instead` tells what to write. Neither repeats the address: it may hold a password."""

    what: str
    instead: str


@dataclass(frozen=True, slots=True)
class Address:
    """`places`: the server, the Sentinels, or where a Cluster is asked for its map. `login` and `sentinel_login` hold
    what there is of username and password; `tls` the files and words of the encryption, None without."""

    shape: Shape
    places: tuple[Place, ...]
    service: str = ""
    db: int = 0
    tls: tuple[tuple[str, str], ...] | None = None
    login: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    sentinel_login: tuple[tuple[str, str], ...] = field(default=(), repr=False)


def parse(text: str) -> Address | Malformed:
    """`redis://` `rediss://` `unix://`, and both of TCP with `+sentinel` or `+cluster`; user and password percent-encoded."""
    scheme, _, rest = text.partition("://")
    shape, encrypted = SCHEMES[scheme]
    rest, _, query = rest.partition("?")
    authority, slash, path = rest.partition("/")
    if "@" in path + query and "@" not in authority and scheme != "unix":
        return Malformed("has a / or a ? before the @", "write these of a password percent-encoded: %2F, %3F")
    userinfo, _, hosts = authority.rpartition("@")
    options = _options(shape, encrypted, query)
    if isinstance(options, Malformed):
        return options
    user, _, password = userinfo.partition(":")
    login = {"username": unquote(user), "password": unquote(password)}
    login = {name: options.get(name) or one for name, one in login.items()}
    where = _socket(hosts, slash + path) if scheme == "unix" else _places(hosts, shape)
    if isinstance(where, Malformed):
        return where
    asked = options.get("db", "")
    inside = _service(asked, "" if scheme == "unix" else path, shape)
    if isinstance(inside, Malformed):
        return inside
    return Address(
        shape,
        where,
        *inside,
        tuple((name, one) for name, one in options.items() if name in TLS) if encrypted else None,
        tuple((name, one) for name, one in login.items() if one),
        tuple((name.removeprefix("sentinel_"), options[name]) for name in SENTINEL_LOGIN if options.get(name)),
    )


def _options(shape: Shape, encrypted: bool, query: str) -> dict[str, str] | Malformed:
    options = dict(parse_qsl(query, keep_blank_values=True))
    known = ("db", *LOGIN, *TLS, *(SENTINEL_LOGIN if shape is Shape.SENTINEL else ()))
    for name, value in options.items():
        if name not in known:
            near = get_close_matches(name, known, n=1)
            return Malformed(
                "has an option after the ? that is not known",
                f'write "{near[0]}"' if near else f"known are {', '.join(known)}",
            )
        if name in TLS and not encrypted:
            return Malformed(f"has {name}, but is not encrypted", 'begin it with "rediss" instead of "redis"')
        if value not in _WORDS.get(name, (value,)):
            return Malformed(f"has a {name} that means nothing", f"write {' or '.join(_WORDS[name])}")
        if name in FILES and not value.startswith("/"):
            return Malformed(f"has {name} without an absolute path", f'write it from the root: "{name}=/etc/recado/…"')
    return options


def _socket(host: str, path: str) -> tuple[Place, ...] | Malformed:
    if host or not path.strip("/"):
        return Malformed("is not the absolute path of a socket", 'write "unix:///run/redis/redis-server.sock"')
    return ((unquote(path), 0),)


def _places(hosts: str, shape: Shape) -> tuple[Place, ...] | Malformed:
    several = hosts.split(",")
    if len(several) > 1 and shape is Shape.SERVER:
        return Malformed(
            "names several servers, which is for Sentinels or a Cluster", f'write it as "{EXAMPLES[Shape.SENTINEL]}"'
        )
    found: list[Place] = []
    for one in several:
        match = _HOST.fullmatch(one)
        port = int(match[3] or (26379 if shape is Shape.SENTINEL else 6379)) if match else 0
        if not match or not 0 < port < 65536:
            example = EXAMPLES[shape]
            return Malformed("has a port that does not exist", f'write it as "{example}", IPv6 as "{_ipv6(example)}"')
        found.append((match[1] or match[2] or "localhost", port))
    return tuple(found)


def _ipv6(example: str) -> str:
    """The same of one host on IPv6."""
    scheme, _, rest = example.partition("://")
    hosts, slash, path = rest.partition("/")
    return f"{scheme}://[::1]:{hosts.rpartition(':')[2]}{slash}{path}"


def _service(db: str, path: str, shape: Shape) -> tuple[str, int] | Malformed:
    parts = [unquote(one) for one in path.split("/") if one]
    service = parts.pop(0) if shape is Shape.SENTINEL and parts else ""
    if shape is Shape.SENTINEL and not service:
        return Malformed(
            "does not name the master that the Sentinels watch", f'write it behind a slash: "{EXAMPLES[shape]}"'
        )
    number = db or (parts.pop(0) if parts else "0")
    if parts or not re.fullmatch(r"[0-9]{1,5}", number):
        return Malformed("has a database that is not a number", f'write "{EXAMPLES[shape]}"')
    if shape is Shape.CLUSTER and int(number):
        return Malformed("names a database, and a Cluster has none", f'write "{EXAMPLES[shape]}"')
    return service, int(number)
