"""The samples in config/ are the public contract: they load as they stand, and mean exactly this."""

import pickle
import shutil
from datetime import date, timedelta
from ipaddress import ip_network
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from milter import shipped
from milter.core.hours import Schedule
from milter.core.keys import Keys
from milter.core.owner import AddressBook, Brand, DkimKey, Folders, Kind, Mode, Replies, Tone, Trust, Vacation
from milter.core.policy import BadStanding, FilingMethod
from milter.settings import Loaded, load
from milter.settings.values import DoorSettings, InetAddress, LmtpHop, Settings, SmtpHop, UnixAddress
from tests.settings.samples import SECRET

HOST = shipped("config") / "recado.toml"
VACATIONS = ((date(2026, 12, 24), date(2027, 1, 6)),)
ENTROIDO = (date(2027, 2, 9),)
MADRID = ZoneInfo("Europe/Madrid")


@pytest.fixture
def templates(tmp_path: Path) -> Path:
    """Spanish and English, so that this test does not wait for other languages."""
    for name in ("closed.es.txt", "closed.en.txt", "wrong-address.es.txt", "wrong-address.en.txt"):
        (tmp_path / "texts").mkdir(exist_ok=True)
        (tmp_path / "texts" / name).write_text(name)
    return tmp_path / "texts"


@pytest.fixture
def loaded(templates: Path) -> Loaded:
    return load(HOST, secret=SECRET, templates=templates)


@pytest.fixture
def settings(loaded: Loaded) -> Settings:
    assert loaded.settings is not None
    return loaded.settings


def test_it_has_no_problems_and_warns_of_what_it_leaves_open(loaded: Loaded) -> None:
    assert [(one.file.name, one.line, one.key, one.warning) for one in loaded.problems] == [
        ("ana.toml", 28, "identity.studio.dkim.key_file", True),
        ("ana.toml", 51, "plan.silver.urgent", True),
        ("ana.toml", 55, "plan.gold.urgent", True),
        ("ana.toml", 70, "client.bistro.language", True),
    ]


def test_the_host(settings: Settings) -> None:
    lmtp = DoorSettings("lmtp", InetAddress("127.0.0.1", 10024), LmtpHop(UnixAddress("/run/dovecot/lmtp")))
    smtp = DoorSettings("smtp", InetAddress("127.0.0.1", 10026), SmtpHop(InetAddress("127.0.0.1", 10027)))
    assert settings.file == HOST
    assert settings.doors == (lmtp, smtp)
    assert settings.state_dir == Path("/var/lib/recado")
    assert settings.secret_file is None and settings.secret_path == Path("/var/lib/recado/secret")
    assert (settings.workers, settings.message_size_limit, settings.socket_mode) == (1, 0, 0o660)
    assert settings.mynetworks == (ip_network("127.0.0.0/8"), ip_network("::1/128"))
    assert settings.reply_next_hop == SmtpHop(InetAddress("127.0.0.1", 10031))
    assert (settings.redis_url, settings.trusted_relays, settings.nameservers) == ("embedded", (), ())
    assert settings.owners == "owners/*.toml"


def test_the_policy(settings: Settings) -> None:
    policy = settings.policy
    assert (policy.hostname, policy.authserv_id) == ("mx.estudio.example", "mx.estudio.example")
    assert policy.keys == Keys(SECRET)
    assert (policy.trusted_authserv_ids, policy.recipient_delimiter, policy.bounce_address) == ((), "+", "")
    assert (policy.filing, policy.bad_standing) == (FilingMethod.HEADER, BadStanding.TAG)
    assert [one.id for one in policy.owners] == ["ana"]


def test_the_owner(settings: Settings) -> None:
    [ana] = settings.policy.owners
    assert (ana.name, ana.timezone, ana.language, ana.tone) == ("Ana Souto", MADRID, "es", Tone.INFORMAL)
    assert ana.replies == Replies(
        mode=Mode.LIVE,
        trust=Trust.AUTHENTICATED,
        once_per=None,
        repeat=timedelta(days=7),
        delay=(timedelta(minutes=4), timedelta(minutes=12)),
        hourly_limit=60,
        copies=True,
    )
    assert ana.folders == Folders("Clientes/{name}", "", "Avisos")
    assert ana.vacations == (Vacation(date(2026, 12, 24), date(2027, 1, 6)),)
    assert ana.contact_book == AddressBook({"soporte@hosting.example": "contacts"}, {"gestoria.example": "contacts"})
    assert ana.people_book == AddressBook({"primo@familia.example": "people"}, {"amigos.example": "people"})
    assert ana.alert_book == AddressBook({"alerts@uptime.example": "alerts"}, {})
    assert ana.people_pointer is False
    assert ana.texts == {(name, language) for name in ("closed", "wrong-address") for language in ("es", "en")}
    assert set(settings.texts) == {"ana"} and settings.texts["ana"]["closed.es.txt"] == "closed.es.txt"


def test_the_identities(settings: Settings) -> None:
    studio, home = settings.policy.owners[0].identities
    assert (studio.name, studio.kind, studio.mailbox) == ("studio", Kind.BUSINESS, "ana@estudio.example")
    assert studio.addresses == ("ana@estudio.example", "hola@estudio.example")
    place = ("Europe/Madrid", "ES", "GA", ENTROIDO, VACATIONS)
    assert studio.schedule == Schedule("Mo-Fr 16:00-23:30; PH off", *place)
    assert studio.call_schedule == Schedule("Tu,Th 17:00-19:00; PH off", *place)
    assert studio.booking == "https://citas.estudio.example/ana"
    assert studio.brand == Brand(
        "Estudio Souto", "https://estudio.example", "https://estudio.example/logo.png", "#1f5f5b"
    )
    assert studio.dkim == DkimKey("estudio.example", "recado", "")
    assert (home.name, home.kind, home.addresses) == ("home", Kind.PERSONAL, ("ana@casa.example",))
    assert (home.mailbox, home.schedule, home.call_schedule, home.dkim) == ("ana@casa.example", None, None, None)


def test_the_plans(settings: Settings) -> None:
    plans = settings.policy.owners[0].plans
    assert {one.id: one.name for one in plans.values()} == {"bronze": "Bronce", "silver": "Plata", "gold": "Oro"}
    assert (plans["bronze"].channels, plans["bronze"].urgent, plans["bronze"].schedules) == ({}, "", {})
    assert (plans["silver"].channels, plans["silver"].urgent) == ({"Telegram": "@anasouto"}, "notify")
    gold = Schedule("Mo-Sa 10:00-23:30; PH off", "Europe/Madrid", "ES", "GA", ENTROIDO, VACATIONS)
    assert plans["gold"].schedules == {"studio": gold}
    assert [one.answer_within for one in plans.values()] == [None, None, None]


def test_the_clients(settings: Settings) -> None:
    ana = settings.policy.owners[0]
    acme, bistro = ana.clients["acme"], ana.clients["bistro"]
    assert (acme.name, acme.folder) == ("ACME Veterinaria", "Clientes/ACME Veterinaria")
    assert acme.addresses == ("@acme.example", "laura.acme@gmail.example")
    assert acme.names == {"laura@acme.example": "Laura", "laura.acme@gmail.example": "Laura"}
    assert (acme.plan, acme.language, acme.tone, acme.timezone) == (ana.plans["silver"], "es", None, None)
    assert (bistro.plan, bistro.language, bistro.tone) == (ana.plans["bronze"], "fr", Tone.FORMAL)
    assert (bistro.timezone, bistro.names) == (ZoneInfo("Europe/Paris"), {})
    assert ana.client_book.exact == {"laura.acme@gmail.example": "acme", "chef@bistro.example": "bistro"}
    assert ana.client_book.domains == {"acme.example": "acme"}


def test_the_settings_can_be_sent_to_a_worker(settings: Settings) -> None:
    assert pickle.loads(pickle.dumps(settings)) == settings


def host_keys() -> list[int]:
    """The numbers of the lines that hold a key, but for hostname."""
    lines = HOST.read_text().split("\n")
    return [n for n, text in enumerate(lines) if "=" in text.split("#")[0] and not text.startswith("hostname")]


@pytest.mark.parametrize("number", host_keys(), ids=lambda n: HOST.read_text().split("\n")[n].split("=")[0].strip())
def test_every_key_but_hostname_has_a_default(tmp_path: Path, templates: Path, number: int) -> None:
    lines = HOST.read_text().split("\n")
    file = tmp_path / "recado.toml"
    file.write_text("\n".join([*lines[:number], *lines[number + 1 :]]))
    shutil.copytree(HOST.parent / "owners", tmp_path / "owners")
    found = load(file, secret=SECRET, templates=templates)
    assert found.settings is not None and not found.broken
    assert len(found.settings.policy.owners) == 1


@pytest.mark.parametrize("table", ["lmtp", "smtp", "filing", "replies", "authentication", "redis"])
def test_every_table_may_be_left_out(tmp_path: Path, templates: Path, table: str) -> None:
    kept = [part for part in HOST.read_text().split("\n[") if not part.startswith(f"{table}]")]
    file = tmp_path / "recado.toml"
    file.write_text("\n[".join(kept))
    found = load(file, secret=SECRET, templates=templates)
    assert found.settings is not None and not found.broken
    assert table not in [one.name for one in found.settings.doors]


def test_hostname_is_needed(tmp_path: Path) -> None:
    file = tmp_path / "recado.toml"
    file.write_text(HOST.read_text().replace("hostname ", "#"))
    found = load(file, secret=SECRET)
    assert found.settings is None
    assert str(found.problems[0]) == f'{file}:1: hostname: is missing; write hostname = "mx.estudio.example"'


def test_the_defaults(tmp_path: Path, templates: Path) -> None:
    file = tmp_path / "recado.toml"
    file.write_text('hostname = "mx.estudio.example"\n[lmtp]\n[smtp]\n[submission]\n[milter]\n')
    found = load(file, secret=SECRET, templates=templates).settings
    assert found is not None
    assert [f"{one.name} {one.listen} {one.next_hop}" for one in found.doors] == [
        "lmtp inet:127.0.0.1:10024 lmtp:unix:/run/dovecot/lmtp",
        "smtp inet:127.0.0.1:10026 smtp:inet:127.0.0.1:10027",
        "submission inet:127.0.0.1:10028 smtp:inet:127.0.0.1:10029",
        "milter unix:/var/spool/postfix/recado/milter.sock None",
    ]
    assert found.policy.authserv_id == "mx.estudio.example"
    assert found.mynetworks == (ip_network("127.0.0.0/8"), ip_network("::1/128"))
    assert (found.reply_next_hop, found.redis_url, found.policy.filing) == (None, "embedded", FilingMethod.HEADER)
