"""The freelancer as configured: identities, clients, plans and people. Frozen values; made by settings, read by every stage.

Mappings are plain dicts that nobody writes to after loading: mapping proxies do not pickle, and workers get these values pickled.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from milter.core import address
from milter.core.hours import Schedule
from milter.core.look_alike import LookAlikes, look_alikes_of

URGENT_QUOTA = 4  # a month: one a week, so that the word keeps its meaning


class Kind(StrEnum):
    BUSINESS = "business"
    PERSONAL = "personal"


class Tone(StrEnum):
    """informal: tú, tu, du · formal: usted, vous, Sie. None where a value is `Tone | None`: each language's custom."""

    INFORMAL = "informal"
    FORMAL = "formal"


class Mode(StrEnum):
    """Of automatic replies, from the strictest. SHADOW decides and records but sends nothing."""

    OFF = "off"
    SHADOW = "shadow"
    LIVE = "live"


class Trust(StrEnum):
    """Who may get a reply, from the laxest. ANYONE believes what mail says of itself."""

    ANYONE = "anyone"
    AUTHENTICATED = "authenticated"
    KNOWN = "known"


class Invitations(StrEnum):
    """What becomes of a client's invitation outside call hours. TAG: a keyword, nothing else; the others answer it, too."""

    TAG = "tag"
    DECLINE = "decline"
    COUNTER = "counter"


@dataclass(frozen=True, slots=True)
class Brand:
    """What the client sees below a reply. Never a telephone number."""

    name: str = ""
    website: str = ""
    logo: str = ""
    color: str = ""


@dataclass(frozen=True, slots=True)
class DkimKey:
    domain: str
    selector: str
    key_file: str


@dataclass(frozen=True, slots=True)
class AddressBook:
    """Addresses and @domains that name entries. Exact addresses and domains are asked for apart: exact wins over domain."""

    exact: Mapping[str, str]
    domains: Mapping[str, str]

    @classmethod
    def of(cls, entries: Mapping[str, tuple[str, ...]]) -> "AddressBook":
        """From {entry: ("a@b", "@domain", ...)}; the first entry that claims a pattern keeps it."""
        exact: dict[str, str] = {}
        domains: dict[str, str] = {}
        for entry, patterns in entries.items():
            for pattern in patterns:
                book = domains if pattern.startswith("@") else exact
                name = address.normal_domain(pattern[1:]) if pattern.startswith("@") else address.normal(pattern)
                book.setdefault(name, entry)
        return cls(exact, domains)

    def by_address(self, normal_address: str) -> str | None:
        return self.exact.get(normal_address)

    def by_domain(self, normal_address: str) -> str | None:
        return self.domains.get(address.split(normal_address)[1])


@dataclass(frozen=True, slots=True)
class Plan:
    """`schedules`: this plan's own hours by business identity name; an identity that is missing keeps its own hours.

    `urgent_quota`: how many urgent messages a month a client of this plan has.
    """

    id: str
    name: str
    channels: Mapping[str, str] = field(default_factory=dict)
    urgent: str = ""
    urgent_quota: int = URGENT_QUOTA
    schedules: Mapping[str, Schedule] = field(default_factory=dict)
    answer_within: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Client:
    """`folder` is the finished path; `names` maps a normal address to the first name used in the greeting.

    `schedules`: this client's own hours, as a plan's.
    """

    id: str
    name: str
    addresses: tuple[str, ...]
    folder: str
    names: Mapping[str, str] = field(default_factory=dict)
    plan: Plan | None = None
    language: str | None = None
    tone: Tone | None = None
    timezone: ZoneInfo | None = None
    vip: bool = False
    schedules: Mapping[str, Schedule] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Identity:
    """An address group of the owner. `addresses` normal, "@domain" is a catch-all; `schedule` None: always open; `tone` None:
    the owner's."""

    name: str
    kind: Kind
    addresses: tuple[str, ...]
    mailbox: str
    schedule: Schedule | None = None
    call_schedule: Schedule | None = None
    focus: Schedule | None = None
    invitations: Invitations = Invitations.TAG
    booking: str = ""
    brand: Brand = Brand()
    dkim: DkimKey | None = None
    tone: Tone | None = None

    def schedule_for(self, client: Client | None) -> Schedule | None:
        """The client's own hours, else his plan's, else the identity's."""
        plan = client.plan if client else None
        own = client.schedules.get(self.name) if client else None
        return own or (plan.schedules.get(self.name, self.schedule) if plan else self.schedule)


@dataclass(frozen=True, slots=True)
class Replies:
    """What is in force for one owner: his own [replies] under the sysadmin's ceiling. `once_per` None: once a closed period."""

    mode: Mode = Mode.SHADOW
    trust: Trust = Trust.AUTHENTICATED
    once_per: timedelta | None = None
    repeat: timedelta = timedelta(days=7)
    delay: tuple[timedelta, timedelta] = (timedelta(minutes=4), timedelta(minutes=12))
    hourly_limit: int = 60
    copies: bool = True


@dataclass(frozen=True, slots=True)
class Folders:
    """Finished names in the owner's language; "" is the inbox. `clients` holds {name}; `screened`: for first-timers."""

    clients: str
    prospects: str
    alerts: str
    screened: str = ""


@dataclass(frozen=True, slots=True)
class Vacation:
    """First and last day away, both included, in the owner's zone."""

    first: date
    last: date


@dataclass(frozen=True)
class Owner:
    """`id` is the stem of the owner's file. Look-ups by address are made once, when the file is loaded.

    `texts`: (template, language) pairs there is a text for, shipped or the owner's own.
    """

    id: str
    name: str
    timezone: ZoneInfo
    language: str
    tone: Tone | None
    replies: Replies
    identities: tuple[Identity, ...]
    folders: Folders
    plans: Mapping[str, Plan] = field(default_factory=dict)
    clients: Mapping[str, Client] = field(default_factory=dict)
    client_book: AddressBook = field(default_factory=lambda: AddressBook.of({}))
    contact_book: AddressBook = field(default_factory=lambda: AddressBook.of({}))
    people_book: AddressBook = field(default_factory=lambda: AddressBook.of({}))
    alert_book: AddressBook = field(default_factory=lambda: AddressBook.of({}))
    people_pointer: bool = False
    vacations: tuple[Vacation, ...] = ()
    texts: frozenset[tuple[str, str]] = frozenset()
    look_alikes: LookAlikes = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "look_alikes", look_alikes_of(self))

    def identity(self, name: str) -> Identity | None:
        return next((one for one in self.identities if one.name == name), None)

    def first(self, kind: Kind) -> Identity | None:
        return next((one for one in self.identities if one.kind is kind), None)
