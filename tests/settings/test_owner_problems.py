"""Every mistake in an owner's file, and the exact line that he reads."""

import pytest

from tests.settings.samples import HOST, OWNER, House

ES = (
    "ES-AN, ES-AR, ES-AS, ES-Barcelona, ES-CB, ES-CE, ES-CL, ES-CM, ES-CN, ES-CT, ES-EX, ES-GA, ES-IB, ES-MC, ES-MD, "
    "ES-ML, ES-NC, ES-PV, ES-RI, ES-VC"
)
# what stands behind OWNER, whose last line is the sixth: identity.studio is still open
CASES = {
    "unknown key": ('mailbx = "a@x.example"', '7: identity.studio.mailbx: unknown key; write "mailbox"'),
    "key of the top": ('language = "es"', "7: identity.studio.language: unknown key; move it above the first [table]"),
    "unknown table": ("[identity.studio.brnd]", '7: identity.studio.brnd: unknown table; write "brand"'),
    "mailbox": (
        'mailbox = "ana"',
        '7: identity.studio.mailbox: "ana" is not an address; write only the address, such as "ana@estudio.example"'),
    "region": (
        'holidays = "ES-XX"',
        f'7: identity.studio.holidays: "XX" is not a region of ES; write "ES" for the whole country (known: {ES})'),
    "region by name": (
        'holidays = "ES-Galicia"',
        '7: identity.studio.holidays: "ES-Galicia" is not how it is written; write "ES-GA"'),
    "region without its country": (
        'holidays = "Galicia"', '7: identity.studio.holidays: "Galicia" is not how it is written; write "ES-GA"'),
    "region as it is called": (
        'holidays = "Comunidad de Madrid"',
        '7: identity.studio.holidays: "Comunidad de Madrid" is not how it is written; write "ES-MD"'),
    "day first": (
        "days_off = [09-02-2027]", "7: syntax: unclosed array; write 2027-02-09"),
    "days with strokes": (
        "[[vacation]]\nfrom = 15/8/2027",
        "8: syntax: expected newline or end of document after a statement; write 2027-08-15"),
    "accents in a table": (
        "[client.mi peluquería]",
        "7: syntax: expected ']' at the end of a table declaration; write [client.mi-peluqueria]"),
    "the second vacation in single brackets": (
        "[[vacation]]\nfrom = 2026-12-24\nto = 2026-12-31\n[vacation]",
        "10: syntax: cannot declare [vacation] twice; write [[vacation]]"),
    "region in lower case": (
        'holidays = "es-ga"', '7: identity.studio.holidays: "es-ga" is not how it is written; write "ES-GA"'),
    "country by name": (
        'holidays = "Spain"', '7: identity.studio.holidays: "Spain" is not how it is written; write "ES"'),
    "unknown country": (
        'holidays = "España"',
        '7: identity.studio.holidays: "España" is not a country with known holidays; '
        'write "ES", or a region such as "ES-GA"'),
    "day in quotes": (
        'days_off = ["2027-02-09"]',
        '7: identity.studio.days_off: "2027-02-09" is a text; write days without quotes, as 2026-12-24'),
    "day with a time": (
        "days_off = [2027-02-09T10:00:00]",
        "7: identity.studio.days_off: has a time of day; write only the day, 2027-02-09"),
    "booking": (
        'booking = "citas.example/ana"',
        '7: identity.studio.booking: "citas.example/ana" is not the address of a page; write "https://citas.example/ana"'),
    "colour": (
        '[identity.studio.brand]\ncolor = "green"',
        '8: identity.studio.brand.color: "green" is not a colour; write six hexadecimal digits, such as "#1f5f5b"'),
    "line break in a text": (
        '[identity.studio.brand]\nname = "Ana\\nBcc: x@x.example"',
        "8: identity.studio.brand.name: holds a line break or another control character; write it in one line"),
    "address twice": (
        '[identity.home]\nkind = "personal"\naddresses = ["ANA@Estudio.example."]',
        '9: identity.home.addresses: "ana@estudio.example" belongs to identity.studio already; give it to one of them'),
    "no addresses": (
        '[identity.home]\nkind = "personal"',
        '7: identity.home.addresses: is missing: no mail would be its own; write addresses = ["ana@estudio.example"]'),
    "empty addresses": (
        '[identity.home]\nkind = "personal"\naddresses = []',
        '9: identity.home.addresses: is missing: no mail would be its own; write addresses = ["ana@estudio.example"]'),
    "no mailbox for a domain": (
        '[identity.home]\nkind = "personal"\naddresses = ["@casa.example"]',
        "7: identity.home.mailbox: is missing, and no full address could stand for it; "
        'write mailbox = "ana@estudio.example"'),
    "no kind": (
        '[identity.home]\naddresses = ["a@casa.example"]',
        '7: identity.home.kind: is missing; write kind = "business" or kind = "personal"'),
    "kind": (
        '[identity.home]\nkind = "private"\naddresses = ["a@casa.example"]',
        '8: identity.home.kind: "private" is none of "business", "personal"; write one of "business", "personal"'),
    "domain with a star": (
        '[people]\naddresses = ["*@amigos.example"]',
        '8: people.addresses: "*@amigos.example" is not an address; write "@amigos.example" for the whole domain'),
    "domain without at": (
        '[contacts]\naddresses = ["gestoria.example"]',
        '8: contacts.addresses: "gestoria.example" is not an address; write "@gestoria.example" for the whole domain'),
    "name and address": (
        '[alerts]\naddresses = ["Uptime <a@uptime.example>"]',
        '8: alerts.addresses: "Uptime <a@uptime.example>" is not an address; '
        'write only the address, such as "a@uptime.example"'),
    "vacation backwards, and no other year makes it one": (
        "[[vacation]]\nfrom = 2026-12-24\nto = 2026-12-06",
        "9: vacation.to: 2026-12-06 lies before from = 2026-12-24; write the last day away, 2026-12-24 or later"),
    "time zone by its hours": (
        '[client.a]\naddresses = ["@a.example"]\ntimezone = "GMT+1"',
        '9: client.a.timezone: "GMT+1" is not a time zone; '
        'write the name of a place, such as "Europe/Madrid": it knows the summer'),
    "vacation backwards": (
        "[[vacation]]\nfrom = 2026-12-24\nto = 2026-01-06",
        "9: vacation.to: 2026-01-06 lies before from = 2026-12-24; write the last day away, 2027-01-06 or later"),
    "the second vacation": (
        "[[vacation]]\nfrom = 2026-12-24\nto = 2026-12-24\n[[vacation]]\nfrom = 2027-03-01",
        "10: vacation.to: is missing; write to = 2026-12-24"),
    "vacation in one bracket": (
        "[vacation]\nfrom = 2026-12-24\nto = 2026-12-25",
        "7: vacation: is a table; write tables of their own: [[vacation]] with two brackets"),
    "plan": (
        '[plan.gold]\n[client.acme]\naddresses = ["@acme.example"]\nplan = "glod"',
        '10: client.acme.plan: "glod" is not a plan; write "gold"'),
    "plan without any": (
        '[client.acme]\naddresses = ["@acme.example"]\nplan = "gold"',
        '9: client.acme.plan: "gold" is not a plan; write [plan.gold], or leave the line out'),
    "urgent": (
        '[plan.gold]\nurgent = "sms"',
        '8: plan.gold.urgent: "sms" is not known; write "notify", or leave the line out'),
    "answer_within": (
        '[plan.gold]\nanswer_within = "4 horas"',
        '8: plan.gold.answer_within: "4 horas" is not a length of time; write "4h" (units: s, m, h, d, w)'),
    "client without addresses": (
        '[client.acme]\nname = "ACME"',
        '7: client.acme.addresses: is missing: no mail would be its own; write addresses = ["@acme.example"]'),
    "client's name of nobody": (
        '[client.acme]\naddresses = ["@acme.example"]\nnames = { "Laura" = "Laura" }',
        '9: client.acme.names.Laura: "Laura" is not an address; write only the address, such as "ana@estudio.example"'),
    "client's language": (
        '[client.acme]\naddresses = ["@acme.example"]\nlanguage = "es-ES"',
        '9: client.acme.language: "es-ES" is no language that there are texts for; write "es"'),
    "client's tone": (
        '[client.acme]\naddresses = ["@acme.example"]\ntone = "formall"',
        '9: client.acme.tone: "formall" is none of "informal", "formal"; write "formal"'),
    "client's zone": (
        '[client.acme]\naddresses = ["@acme.example"]\ntimezone = "Paris"',
        '9: client.acme.timezone: "Paris" is not a time zone; write "Europe/Paris"'),
    "client is no table": ("[client]\nacme = 1", "8: client.acme: is a number; write it below [client.NAME]"),
    "a table's Spanish name": ('[cliente.acme]\naddresses = ["@acme.example"]', '7: cliente: unknown table; write "client"'),
    "a key's Spanish name": ('horario = "Mo-Fr 16:00-20:00"', '7: identity.studio.horario: unknown key; write "hours"'),
    "a Spanish word": (
        '[replies]\nmode = "ensayo"', '8: replies.mode: "ensayo" is none of "off", "shadow", "live"; write "shadow"'),
    "a plan by its name": (
        '[plan.silver]\nname = "Plata"\n[client.acme]\naddresses = ["@acme.example"]\nplan = "plata"',
        '11: client.acme.plan: "plata" is not a plan; write "silver"'),
    "a length without quotes": (
        "[plan.gold]\nanswer_within = 4", '8: plan.gold.answer_within: is a number; write "4h" (units: s, m, h, d, w)'),
    "a wait without quotes": (
        "[replies]\ndelay = 5", '8: replies.delay: is a number; write "5m", or a span such as "4m-12m"'),
    "text without quotes": (
        "hours = Mo-Fr 16:00-20:00  # a remark",
        '7: syntax: invalid value; put texts between double quotes: hours = "Mo-Fr 16:00-20:00"'),
    "a word processor's quotes": (
        "hours = “Mo-Fr 16:00-20:00”", '7: syntax: invalid value; put texts between double quotes: hours = "Mo-Fr 16:00-20:00"'),
    "yes": ("[replies]\ncopies = sí", "8: syntax: invalid value; write true, without quotes"),
    "a day with one digit": (
        "[[vacation]]\nfrom = 2026-12-4",
        "8: syntax: expected newline or end of document after a statement; write 2026-12-04"),
    "an address without quotes": (
        '[client.acme]\nnames = { laura@acme.example = "Laura" }',
        "8: syntax: expected '=' after a key in a key/value pair; write \"laura@acme.example\" between double quotes"),
    "a table that is not closed": (
        "[client.acme", "7: syntax: expected ']' at the end of a table declaration; write [client.acme]"),
    "entries without a comma": (
        '[contacts]\naddresses = ["@a.example" "@b.example"]',
        "8: syntax: unclosed array; put a comma between the entries, and ] behind the last"),
    "folder": (
        '[folders]\nclients = "Clientes/{nombre}"',
        '8: folders.clients: "{nombre}" stands for nothing; write "Clientes/{name}"'),
    "folder for first-timers": (
        '[folders]\nscreened = "Cribado/{name}"',
        '8: folders.screened: "{name}" stands for nothing; write the name of one folder'),
    "folder misspelt": ('[folders]\nscreend = "Cribado"', '8: folders.screend: unknown key; write "screened"'),
    "pointer": (
        '[people]\npointer = "yes"', "8: people.pointer: is a text; write true or false, without quotes"),
    "replies": ('[replies]\nmoed = "live"', '8: replies.moed: unknown key; write "mode"'),
    "next hop is the sysadmin's": (
        '[replies]\nnext_hop = "smtp:inet:127.0.0.1:25"',
        "8: replies.next_hop: unknown key; remove it "
        "(known here: mode, trust, once_per, repeat, delay, hourly_limit, copies)"),
}  # fmt: skip


@pytest.mark.parametrize("text, line", CASES.values(), ids=CASES)
def test_one_mistake_gives_one_line(house: House, text: str, line: str) -> None:
    house.owner(f"{OWNER}{text}\n")
    assert house.lines() == [f"owners/ana.toml:{line}"]
    assert house.settings().policy.owners == (), "without a last good version he is left out"


TOP = {
    "zone": (
        '"Europe/Madrid"', '"Europe/Madird"', '2: timezone: "Europe/Madird" is not a time zone; write "Europe/Madrid"'),
    "language": (
        '"es"', '"xx"',
        '3: language: "xx" is no language that there are texts for; '
        'write one of "ca", "de", "en", "es", "eu", "fr", "gl", "pt"'),
    "language without texts": (
        '"es"', '"fr"',
        '3: language: there are no texts in "fr"; write what is missing into ana/, or choose one of "en", "es"'),
    "no name": ('name = "Ana"', "#", '1: name: is missing; write name = "Ana Souto"'),
    "no zone": ("timezone =", "# timezone =", '1: timezone: is missing; write timezone = "Europe/Madrid"'),
}  # fmt: skip


@pytest.mark.parametrize("good, bad, line", TOP.values(), ids=TOP)
def test_the_top(house: House, good: str, bad: str, line: str) -> None:
    house.owner(OWNER.replace(good, bad, 1))
    assert house.lines() == [f"owners/ana.toml:{line}"]


def test_a_multi_line_list_is_named_at_its_end(house: House) -> None:
    house.owner(OWNER + '[people]\naddresses = [\n  "a@x.example",\n  "b",\n]\npointer = true\n')
    assert [line.split(": ")[0] for line in house.lines()] == ["owners/ana.toml:11"]


def test_an_owner_without_an_identity(house: House) -> None:
    house.owner(OWNER.split("[identity")[0])
    assert house.lines() == [
        "owners/ana.toml:1: identity: is missing: no address is yours; "
        'write [identity.studio] with addresses = ["ana@estudio.example"]'
    ]


def test_every_problem_of_an_owner_at_once(house: House) -> None:
    house.owner(OWNER.replace("Madrid", "Madird") + 'hours = "Lu-Vi 16-20"\nholidays = "ES-XX"\n[clients]\n[folder]\n')
    assert [line.split(": ")[0] for line in house.lines()] == [f"owners/ana.toml:{line}" for line in (2, 7, 8, 9, 10)]


LIVE = HOST.replace('mode = "off"', 'mode = "live"\nnext_hop = "smtp:inet:127.0.0.1:10031"')
WARNINGS = {
    "live without a key": (
        LIVE, '[replies]\nmode = "live"',
        "4: identity.studio.dkim.key_file: replies are live without a DKIM key: many land in spam; "
        "make one with recado dkim-key"),
    "more than is allowed": (
        HOST, '[replies]\nmode = "live"',
        '8: replies.mode: "live", but the sysadmin allows no more than "off"; ask for [replies] mode in recado.toml'),
    "key that is not there": (
        HOST, '[identity.studio.dkim]\nkey_file = "/nowhere/key"',
        "8: identity.studio.dkim.key_file: /nowhere/key is not there: no reply leaves; "
        "write where recado dkim-key put the key"),
    "urgent": (
        HOST, '[plan.gold]\nurgent = "notify"',
        "8: plan.gold.urgent: there is no notifier yet: URGENTE marks the mail $Urgent, and alerts nobody; "
        "leave it out if you count on an alert"),
    "urgent quota for nothing": (
        HOST, "[plan.gold]\nurgent_quota = 2",
        '8: plan.gold.urgent_quota: does nothing without urgent = "notify"; write that too, or leave it out'),
    "answers to invitations without call hours": (
        HOST, 'invitations = "decline"',
        '7: identity.studio.invitations: does nothing without call_hours; write call_hours = "Tu,Th 17:00-19:00"'),
    "a client's language": (
        HOST, '[client.bistro]\naddresses = ["chef@bistro.example"]\nlanguage = "fr"',
        '9: client.bistro.language: there are no texts in "fr": "es" is used; write what is missing into ana/'),
    "two clients": (
        HOST, '[client.a]\naddresses = ["@x.example"]\n[client.b]\naddresses = ["@X.example"]',
        '10: client.b.addresses: "@x.example" belongs to client.a already, which keeps it; give it to one of them'),
    "a night too long": (
        HOST, 'hours = "Mo-Fr 23:30-16:00"',
        '7: identity.studio.hours: "23:30-16:00" lasts until 16:00 of the next day; '
        'write "16:00-23:30" if that is not meant'),
    "a day and a night": (
        HOST, 'hours = "Mo-Fr 10:00-10:00"',
        '7: identity.studio.hours: "10:00-10:00" lasts a day and a night; write another end if that is not meant'),
    "no end": (
        HOST, 'hours = "Mo-Fr 16:00+"',
        '7: identity.studio.hours: "16:00+" has no end: open until midnight; write it, as in "16:00-20:00"'),
    "by the sun": (
        HOST, 'hours = "sunrise-18:00"',
        '7: identity.studio.hours: "sunrise" is the same time on every day here; write the time'),
    "Gabon": (
        HOST, 'holidays = "GA"',
        '7: identity.studio.holidays: "GA" is a country far away; write "ES-GA" for the region of Spain'),
    "calls when it never opens": (
        HOST, 'hours = "Mo-Fr 10:00-12:00"\ncall_hours = "Sa 10:00-12:00"',
        "8: identity.studio.call_hours: falls on no day on which hours open: calls are never taken; "
        "write days that are in hours"),
    "a vacation of years": (
        HOST, "[[vacation]]\nfrom = 2020-12-24\nto = 2027-01-06",
        "9: vacation.to: lasts 2205 days, from 2020-12-24 to 2027-01-06; write another year, if that is not meant"),
    "PH for nothing": (
        HOST, 'hours = "Mo-Fr 10:00-12:00; PH off"',
        '7: identity.studio.hours: PH does nothing without holidays; '
        'write holidays = "ES", or a region such as "ES-GA"'),
    "school holidays": (
        HOST, 'hours = "Mo-Fr 10:00-12:00; SH off"',
        "7: identity.studio.hours: school holidays (SH) are not known, that part does nothing; "
        "list the days in days_off or [[vacation]]"),
}  # fmt: skip


@pytest.mark.parametrize("host, text, line", WARNINGS.values(), ids=WARNINGS)
def test_what_will_disappoint(house: House, host: str, text: str, line: str) -> None:
    house.host(host)
    house.owner(f"{OWNER}{text}\n")
    assert house.lines() == [f"warning: owners/ana.toml:{line}"]
    assert len(house.settings().policy.owners) == 1


@pytest.mark.parametrize(("own", "quiet"), [("Vuelvo {{ opens }}.", False), ("Te digo algo antes {{due}}.", True)])
def test_a_promise_that_no_text_makes(house: House, own: str, quiet: bool) -> None:
    house.owner(f'{OWNER}[plan.gold]\nanswer_within = "4h"\n[plan.silver]\n')
    assert house.lines() == []
    house.write("owners/ana/closed.es.txt", own)
    line = (
        "warning: owners/ana.toml:8: plan.gold.answer_within: your own closed.es.txt does not say {{ due }}: "
        "nothing is promised in it; add it to the text"
    )
    assert house.lines() == ([] if quiet else [line])


def test_live_with_a_key_is_quiet(house: House) -> None:
    house.host(LIVE)
    house.write("owners/keys/ana.pem", "key")
    house.owner(OWNER + '[identity.studio.dkim]\nkey_file = "keys/ana.pem"\n[replies]\nmode = "live"\n')
    assert house.lines() == []


@pytest.mark.parametrize("there", [True, False])
def test_a_running_daemon_keeps_to_the_key_that_it_has(house: House, there: bool) -> None:
    one, other = house.write("owners/one.pem", "key"), house.folder / "owners" / "other.pem"
    house.owner(OWNER + '[identity.studio.dkim]\nkey_file = "one.pem"\n')
    before = house.settings()
    house.owner(OWNER + '[identity.studio.dkim]\nkey_file = "other.pem"\n')
    if there:
        other.write_text("key")
    loaded = house.load(before)
    assert (
        [str(each).partition(": ")[2] for each in loaded.problems] == []
        if there
        else [f"identity.studio.dkim.key_file: {other} is not there; write where recado dkim-key put the key"]
    )
    assert all(not each.warning for each in loaded.problems)
    (ana,) = loaded.settings.policy.owners
    assert ana.identities[0].dkim.key_file == str(other if there else one)


def test_hours_can_be_changed_while_the_key_is_still_to_be_made(house: House) -> None:
    later = '[identity.studio.dkim]\nkey_file = "later.pem"\n'
    house.owner(OWNER + later)
    before = house.settings()
    house.owner(OWNER + 'hours = "Mo-Fr 09:00-14:00"\n' + later)
    loaded = house.load(before)
    assert [each.warning for each in loaded.problems] == [True]
    assert loaded.settings.policy.owners != before.policy.owners


DETAIL = HOST.replace("[replies]", '[filing]\nmethod = "detail"\n[replies]')


@pytest.mark.parametrize("name", ["ACME & Cía", "Le Bistro", "a.b", "Señor", "a+b"])
def test_detail_cannot_file_everything(house: House, name: str) -> None:
    house.host(DETAIL)
    house.owner(f'{OWNER}[client.acme]\nname = "{name}"\naddresses = ["@acme.example"]\n')
    assert house.lines() == [
        f'warning: owners/ana.toml:8: client.acme.name: filing.method "detail" cannot file into "Clientes/{name}"; '
        'use letters, digits, "-", "_" and "/" only, or method "header"'
    ]


@pytest.mark.parametrize("hours", ["Mo-Fr 16:00-00:00", "Mo-Fr 22:00-03:00", "Mo-Su 20:00-08:00", "Mo-Fr 09:00-00:00"])
def test_a_night_is_no_slip(house: House, hours: str) -> None:
    house.owner(f'{OWNER}hours = "{hours}"\n')
    assert house.lines() == []


def test_detail_files_plain_names(house: House) -> None:
    house.host(DETAIL)
    house.owner(f'{OWNER}[client.acme]\nname = "ACME-2_b"\naddresses = ["@acme.example"]\n')
    assert house.lines() == []


def test_detail_cannot_file_first_timers_everywhere(house: House) -> None:
    house.host(DETAIL)
    house.owner(f'{OWNER}[folders]\nscreened = "Por ver"\n')
    assert house.lines() == [
        'warning: owners/ana.toml:8: folders.screened: filing.method "detail" cannot file into "Por ver"; '
        'use letters, digits, "-", "_" and "/" only, or method "header"'
    ]


def test_nobody_is_screened_where_nothing_is_filed(house: House) -> None:
    house.host(DETAIL.replace("detail", "none"))
    house.owner(f'{OWNER}[folders]\nscreened = "Cribado"\n')
    assert house.lines() == [
        'warning: owners/ana.toml:8: folders.screened: filing.method "none" files nobody; '
        'ask for method "header" in recado.toml, or leave it out'
    ]
    house.owner(OWNER)
    assert house.lines() == []


TEXTS = {
    "broken": (
        "closed.es.txt", "one\nBROKEN", "owners/ana/closed.es.txt:2: closed.es.txt: closed.es.txt is broken; mend it"),
    "not UTF-8": (
        "closed.es.txt", b"\xff", "owners/ana/closed.es.txt:1: closed.es.txt: is not UTF-8; save the file as UTF-8"),
    "misspelt": (
        "closd.es.txt", "x",
        'warning: owners/ana/closd.es.txt:1: closd.es.txt: is no text that is ever sent; name it "closed.es.txt"'),
    "in Spanish": (
        "cerrado.es.txt", "x",
        "warning: owners/ana/cerrado.es.txt:1: cerrado.es.txt: is no text that is ever sent; "
        'name it "closed.es.txt"'),
}  # fmt: skip


@pytest.mark.parametrize("name, text, line", TEXTS.values(), ids=TEXTS)
def test_an_own_text(house: House, name: str, text: str | bytes, line: str) -> None:
    house.write(f"owners/ana/{name}", text)
    assert house.lines() == [line]
    assert len(house.settings().policy.owners) == ("warning" in line)


def test_one_text_of_a_language_is_missing(house: House) -> None:
    house.write("templates/vacation.es.txt", "text")
    house.owner(OWNER.replace('"es"', '"en"'))
    assert house.lines() == [
        "owners/ana.toml:3: language: there is no vacation.en.txt; "
        'write what is missing into ana/, or choose one of "es"'
    ]


def test_a_wrong_region_is_no_missing_one(house: House) -> None:
    house.owner(f'{OWNER}holidays = "ES-XX"\nhours = "Mo-Fr 10:00-12:00; PH off"\n')
    assert [line.split(": ")[1] for line in house.lines()] == ["identity.studio.holidays"]


def test_other_files_in_his_folder_are_left_alone(house: House) -> None:
    for name in ("fiestas.ics", "closed.es.txt~", ".closed.es.txt.swp", "logo.png"):
        house.write(f"owners/ana/{name}", b"BROKEN \xff")
    assert house.lines() == []
