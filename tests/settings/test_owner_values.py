"""What an owner's file becomes where it says little, or says it in an odd way."""

from datetime import date, timedelta

import pytest

from milter.core.hours import Schedule
from milter.core.owner import Folders, Mode, Owner, Replies, Tone, Trust, Vacation
from milter.settings.folders import CUSTOM, client_folder
from milter.settings.replies import Wishes, again_under, under
from tests.settings.samples import OWNER, House

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
NONE = Wishes(None, None, None, None, None, None)
CEILING = Replies(mode=Mode.LIVE)


def owner(house: House, text: str, host: str = "") -> Owner:
    if host:
        house.host(f'hostname = "mx.estudio.example"\n[lmtp]\n[replies]\n{host}\n')
    house.owner(OWNER + text)
    [one] = house.settings().policy.owners
    return one


def test_little_is_enough(house: House) -> None:
    ana = owner(house, "")
    [studio] = ana.identities
    assert studio.mailbox == "ana@estudio.example"
    assert studio.schedule == Schedule("24/7", "Europe/Madrid")
    assert (studio.dkim, ana.clients, ana.vacations, ana.people_pointer) == (None, {}, (), False)


def test_an_identity_may_have_its_own_tone(house: House) -> None:
    assert owner(house, 'tone = "formal"\n').identities[0].tone is Tone.FORMAL
    assert owner(house, "").identities[0].tone is None


def test_vacations_close_a_business_without_hours(house: House) -> None:
    ana = owner(house, "days_off = [2027-02-09, 2027-01-02]\n[[vacation]]\nfrom = 2026-12-24\nto = 2026-12-24\n")
    day = date(2026, 12, 24)
    off = (date(2027, 1, 2), date(2027, 2, 9))
    assert ana.identities[0].schedule == Schedule("24/7", "Europe/Madrid", "", "", off, ((day, day),))
    assert ana.vacations == (Vacation(day, day),)


def test_addresses_are_normal(house: House) -> None:
    house.owner(
        OWNER.replace('["ana@estudio.example"]', '["@Estudio.Example.", "ANA@ESTUDIO.example", "ña@señor.example"]')
    )
    [studio] = house.settings().policy.owners[0].identities
    assert studio.addresses == ("@estudio.example", "ana@estudio.example", "ña@xn--seor-hqa.example")
    assert studio.mailbox == "ana@estudio.example", "the first that is a full address"


def test_a_plans_hours_take_the_closures_of_each_identity(house: House) -> None:
    ana = owner(
        house,
        'holidays = "ES-GA"\n'
        '[identity.shop]\nkind = "business"\naddresses = ["@shop.example"]\nmailbox = "a@x.example"\n'
        'days_off = [2027-02-09]\n[identity.home]\nkind = "personal"\naddresses = ["a@casa.example"]\n'
        '[plan.gold]\nhours = "Mo-Sa 10:00-20:00"\nanswer_within = "4h"\n',
    )
    assert ana.plans["gold"].schedules == {
        "studio": Schedule("Mo-Sa 10:00-20:00", "Europe/Madrid", "ES", "GA"),
        "shop": Schedule("Mo-Sa 10:00-20:00", "Europe/Madrid", "", "", (date(2027, 2, 9),)),
    }
    assert ana.plans["gold"].answer_within == 4 * HOUR


def test_a_client_without_a_name_is_called_by_its_id(house: House) -> None:
    client = owner(house, '[client.acme]\naddresses = ["@acme.example"]\n').clients["acme"]
    assert (client.name, client.folder, client.plan, client.language) == ("acme", "Clientes/acme", None, None)


FOLDERS = {
    "": CUSTOM["es"],
    'clients = ""': Folders("", "", "Avisos"),
    'clients = "Trabajo"': Folders("Trabajo", "", "Avisos"),
    'prospects = "/Nuevos/"\nalerts = ""': Folders("Clientes/{name}", "Nuevos", ""),
    'screened = "/Por ver/../Cribado "': Folders("Clientes/{name}", "", "Avisos", "Por ver/Cribado"),
}


@pytest.mark.parametrize("text, folders", FOLDERS.items(), ids=FOLDERS)
def test_folders(house: House, text: str, folders: Folders) -> None:
    assert owner(house, f"[folders]\n{text}\n").folders == folders


@pytest.mark.parametrize(
    "language, clients, alerts",
    [
        ("es", "Clientes", "Avisos"),
        ("en", "Clients", "Alerts"),
        ("ca", "Clients", "Avisos"),
        ("gl", "Clientes", "Avisos"),
        ("eu", "Bezeroak", "Abisuak"),
        ("pt", "Clientes", "Alertas"),
        ("fr", "Clients", "Alertes"),
        ("de", "Kunden", "Warnungen"),
    ],
)
def test_folders_in_the_owners_language(house: House, language: str, clients: str, alerts: str) -> None:
    house.write(f"templates/closed.{language}.txt", "text")
    house.owner(OWNER.replace('"es"', f'"{language}"') + '[client.acme]\naddresses = ["@acme.example"]\n')
    [ana] = house.settings().policy.owners
    assert ana.folders == Folders(f"{clients}/{{name}}", "", alerts)
    assert ana.clients["acme"].folder == f"{clients}/acme"


SANE = {
    "ACME & Cía.": "C/ACME & Cía.",
    " /ACME/ ": "C/ACME",
    "../../etc": "C/etc",
    "..": "C/id",
    "": "C/id",
    "a..b": "C/a.b",
    "Grupo/ACME": "C/Grupo/ACME",
    "a//b": "C/a/b",
    "a / b": "C/a/b",
    "a\x00\r\nb\x7f": "C/ab",
    "{name}": "C/{name}",
}


@pytest.mark.parametrize("name, folder", SANE.items(), ids=repr)
def test_a_name_cannot_leave_its_folder(name: str, folder: str) -> None:
    assert client_folder(Folders("C/{name}", "", ""), name, "id") == folder


def test_an_own_text_lies_over_the_shipped_one(house: House) -> None:
    house.write("owners/ana/closed.es.txt", "mine")
    house.write("owners/ana/closed.fr.txt", "à moi")
    settings = house.settings()
    assert settings.texts == {"ana": {"closed.es.txt": "mine", "closed.en.txt": "shipped en", "closed.fr.txt": "à moi"}}
    assert settings.policy.owners[0].texts == {("closed", "es"), ("closed", "en"), ("closed", "fr")}


def test_a_text_of_his_own_makes_a_language(house: House) -> None:
    house.write("owners/ana/closed.it.txt", "testo")
    house.owner(OWNER.replace('"es"', '"it"'))
    assert house.lines() == []


# the sysadmin's, the owner's, in force
MERGED = {
    "nothing said": (CEILING, NONE, CEILING),
    "stricter mode": (CEILING, Wishes(Mode.SHADOW, None, None, None, None, None), Replies(mode=Mode.SHADOW)),
    "laxer mode": (
        Replies(mode=Mode.OFF), Wishes(Mode.LIVE, None, None, None, None, None), Replies(mode=Mode.OFF)),
    "stricter trust": (
        CEILING, Wishes(None, Trust.KNOWN, None, None, None, None), Replies(mode=Mode.LIVE, trust=Trust.KNOWN)),
    "laxer trust": (CEILING, Wishes(None, Trust.ANYONE, None, None, None, None), CEILING),
    "longer repeat": (
        CEILING, Wishes(None, None, None, 9 * DAY, None, None), Replies(mode=Mode.LIVE, repeat=9 * DAY)),
    "shorter repeat": (CEILING, Wishes(None, None, None, HOUR, None, None), CEILING),
    "no repeat": (CEILING, Wishes(None, None, None, 0 * DAY, None, None), CEILING),
    "longer once_per": (
        Replies(once_per=DAY), Wishes(None, None, 7 * DAY, None, None, None), Replies(once_per=7 * DAY)),
    "shorter once_per": (Replies(once_per=DAY), Wishes(None, None, HOUR, None, None, None), Replies(once_per=DAY)),
    "the sysadmin's kind stays": (
        Replies(once_per=DAY), Wishes(None, None, "closed-period", None, None, None), Replies(once_per=DAY)),
    "a duration under closed-period": (
        CEILING, Wishes(None, None, 9 * DAY, None, None, None), Replies(mode=Mode.LIVE, repeat=9 * DAY)),
    "lower limit": (
        CEILING, Wishes(None, None, None, None, None, 5), Replies(mode=Mode.LIVE, hourly_limit=5)),
    "higher limit": (CEILING, Wishes(None, None, None, None, None, 500), CEILING),
    "his own delay": (
        CEILING, Wishes(None, None, None, None, (0 * DAY, 0 * DAY), None),
        Replies(mode=Mode.LIVE, delay=(0 * DAY, 0 * DAY))),
    "no copies": (CEILING, Wishes(None, None, None, None, None, None, False), Replies(mode=Mode.LIVE, copies=False)),
}  # fmt: skip


@pytest.mark.parametrize("ceiling, wishes, merged", MERGED.values(), ids=MERGED)
def test_the_stricter_wins(ceiling: Replies, wishes: Wishes, merged: Replies) -> None:
    assert under(ceiling, wishes) == merged
    assert again_under(ceiling, merged) == merged


def test_shadow_is_where_everybody_begins(house: House) -> None:
    assert owner(house, "", host="trust = 'known'").replies == Replies(mode=Mode.SHADOW, trust=Trust.KNOWN)
    assert owner(house, "", host="mode = 'live'\ndelay = '5m'").replies == Replies(
        mode=Mode.LIVE, delay=(timedelta(minutes=5), timedelta(minutes=5))
    )


def test_what_the_owner_writes_arrives(house: House) -> None:
    text = (
        '[replies]\nmode = "shadow"\ntrust = "known"\nonce_per = "30d"\nrepeat = "2w"\ndelay = "0s"\n'
        "hourly_limit = 10\ncopies = false\n"
    )
    assert owner(house, text, host='mode = "live"\nonce_per = "24h"').replies == Replies(
        Mode.SHADOW, Trust.KNOWN, 30 * DAY, 14 * DAY, (0 * DAY, 0 * DAY), 10, False
    )
