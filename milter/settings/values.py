"""What recado.toml and the owners' files say, checked and finished. Frozen, picklable: sent to the workers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

from milter.core.policy import Policy
from milter.settings.redis_url import EMBEDDED


@dataclass(frozen=True, slots=True)
class InetAddress:
    host: str
    port: int

    def __str__(self) -> str:
        return f"inet:[{self.host}]:{self.port}" if ":" in self.host else f"inet:{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class UnixAddress:
    path: str

    def __str__(self) -> str:
        return f"unix:{self.path}"


SocketAddress = InetAddress | UnixAddress


@dataclass(frozen=True, slots=True)
class SmtpHop:
    address: SocketAddress

    def __str__(self) -> str:
        return f"smtp:{self.address}"


@dataclass(frozen=True, slots=True)
class LmtpHop:
    address: SocketAddress

    def __str__(self) -> str:
        return f"lmtp:{self.address}"


@dataclass(frozen=True, slots=True)
class MaildirHop:
    """A directory with one Maildir per mailbox address, for a trial without a mail server."""

    directory: Path

    def __str__(self) -> str:
        return f"maildir:{self.directory}"


NextHopAddress = SmtpHop | LmtpHop | MaildirHop


@dataclass(frozen=True, slots=True)
class DoorSettings:
    """`name` lmtp, smtp, submission or milter; `next_hop` None only for milter."""

    name: str
    listen: SocketAddress
    next_hop: NextHopAddress | None


@dataclass(frozen=True)
class Settings:
    """`doors` in the order lmtp, smtp, submission, milter, those that have a table.

    `message_size_limit` 0: the next hop's. `texts`: by owner id, every text in force by the name of its file:
    the shipped ones, overridden by the owner's.
    `reply_next_hop` where automatic replies are submitted; None: not configured, replies run in shadow.
    `owners` the pattern of the owners' files, relative to `file`; `secret_file` absolute; None: in state_dir. `calendars`: the .ics
    files and folders that owners name, also those whose file is broken.
    """

    file: Path
    policy: Policy
    doors: tuple[DoorSettings, ...]
    state_dir: Path
    workers: int = 1
    message_size_limit: int = 0
    mynetworks: tuple[IPv4Network | IPv6Network, ...] = ()
    socket_mode: int = 0o660
    reply_next_hop: NextHopAddress | None = None
    redis_url: str = EMBEDDED
    trusted_relays: tuple[str, ...] = ()
    nameservers: tuple[str, ...] = ()
    texts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    owners: str = "owners/*.toml"
    secret_file: Path | None = None
    calendars: tuple[str, ...] = ()

    @property
    def embedded(self) -> bool:
        """Whether the daemon starts a Redis of its own."""
        return self.redis_url == EMBEDDED

    @property
    def secret_path(self) -> Path:
        return self.secret_file or self.state_dir / "secret"


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding of `recado check`. `line` 0: the file as a whole. `warning`: works, but will disappoint.

    `slip`: a warning that the owner is told by mail too, because he hardly meant what he wrote.
    """

    file: Path
    line: int
    key: str
    what: str
    instead: str
    warning: bool = False
    slip: bool = False

    def __str__(self) -> str:
        # Always with a line: what reads this output (editors, scripts) takes file:line apart.
        return f"{self.file}:{self.line or 1}: {self.key}: {self.what}; {self.instead}"
