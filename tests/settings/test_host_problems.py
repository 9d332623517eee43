"""Every mistake in recado.toml, and the exact line that `recado check` prints for it."""

from pathlib import Path

import pytest

from milter.settings import load
from tests.settings.samples import HOST, OWNER, House

# what follows `hostname` and [replies] mode = "off", the line it is on, the message
TOP = 'hostname = "mx.estudio.example"\n'
CASES = {
    "unknown key": ('worker = 2\n[lmtp]', '2: worker: unknown key; write "workers"'),
    "unknown table": ('[lmpt]\n[lmtp]', '2: lmpt: unknown table; write "lmtp"'),
    "unknown without a neighbour": (
        "[redis]\nzzzzzz = 1\n[lmtp]", "3: redis.zzzzzz: unknown key; remove it (known here: url)"),
    "key below a table": (
        "[lmtp]\nworkers = 2", "3: lmtp.workers: unknown key; move it above the first [table]"),
    "number for a text": ('authserv_id = 5\n[lmtp]', '2: authserv_id: is a number; write "5"'),
    "text for a number": (
        'workers = "2"\n[lmtp]', "2: workers: is a text; write a whole number, without quotes"),
    "true for a number": (
        "workers = true\n[lmtp]", "2: workers: is true or false; write a whole number, without quotes"),
    "no workers": ("workers = 0\n[lmtp]", "2: workers: is 0; write 1 or more"),
    "an army of workers": ("workers = 100000\n[lmtp]", "2: workers: is 100000; write 256 or less"),
    "text for a list": (
        'mynetworks = "127.0.0.0/8"\n[lmtp]',
        '2: mynetworks: is a text; write a list of texts in square brackets, such as ["…", "…"]'),
    "number in a list": (
        "mynetworks = [1]\n[lmtp]", "2: mynetworks: holds a number; write every entry between double quotes"),
    "text for a table": ('lmtp = "inet"', "2: lmtp: is a text; write a table: [lmtp] on a line of its own"),
    "socket without kind": (
        '[lmtp]\nlisten = "127.0.0.1:10024"',
        '3: lmtp.listen: "127.0.0.1:10024" is not a socket; write "inet:127.0.0.1:10024"'),
    "IPv6 without brackets": (
        '[lmtp]\nlisten = "inet:::1:10024"',
        '3: lmtp.listen: "inet:::1:10024" is not host and port; write "inet:[::1]:10024"'),
    "port as a milter has it": (
        '[lmtp]\nlisten = "inet:8891@localhost"',
        '3: lmtp.listen: "inet:8891@localhost" is not host and port; write "inet:localhost:8891"'),
    "path without kind": (
        '[lmtp]\nlisten = "/run/recado/lmtp"',
        '3: lmtp.listen: "/run/recado/lmtp" is not a socket; write "unix:/run/recado/lmtp"'),
    "relative socket": (
        '[lmtp]\nlisten = "unix:lmtp"',
        '3: lmtp.listen: "unix:lmtp" is not the absolute path of a socket; write "unix:/run/recado/lmtp"'),
    "port too high": (
        '[lmtp]\nlisten = "inet:127.0.0.1:70000"',
        "3: lmtp.listen: port 70000 does not exist; write a port from 1 to 65535"),
    "port 0 to send to": (
        '[lmtp]\nnext_hop = "lmtp:inet:127.0.0.1:0"',
        "3: lmtp.next_hop: port 0 does not exist; write a port from 1 to 65535"),
    "hop without kind": (
        '[lmtp]\nnext_hop = "unix:/run/dovecot/lmtp"',
        '3: lmtp.next_hop: "unix:/run/dovecot/lmtp" is not a next hop; write "lmtp:unix:/run/dovecot/lmtp"'),
    "hop that would ask for MX": (
        '[lmtp]\nnext_hop = "smtp:mail:25"',
        '3: lmtp.next_hop: "smtp:mail:25" is not a next hop; write "smtp:inet:mail:25"'),
    "hop without a port": (
        '[lmtp]\nnext_hop = "lmtp:inet:host"',
        '3: lmtp.next_hop: "inet:host" is not host and port; write "lmtp:unix:/run/dovecot/lmtp"'),
    "hop without a port, of the other door": (
        '[smtp]\nnext_hop = "smtp:[127.0.0.1]"',
        '3: smtp.next_hop: "inet:[127.0.0.1]" is not host and port; write "smtp:inet:127.0.0.1:10027"'),
    "hop of nobody, where lmtp: is refused": (
        '[smtp]\nnext_hop = "postfix"',
        '3: smtp.next_hop: "postfix" is not a next hop; write "smtp:inet:127.0.0.1:10027"'),
    "hop by another transport of Postfix": (
        '[smtp]\nnext_hop = "relay:[mail.example]:25"',
        '3: smtp.next_hop: "relay:[mail.example]:25" is not a next hop; write "smtp:inet:mail.example:25"'),
    "key without a name": (
        '"" = 2\n[lmtp]',
        '2: "": unknown key; remove it (known here: hostname, authserv_id, state_dir, secret_file, owners, workers, '
        "recipient_delimiter, message_size_limit, mynetworks, socket_mode, lmtp, smtp, submission, milter, filing, "
        "replies, authentication, redis)"),
    "relative Maildir": (
        '[lmtp]\nnext_hop = "maildir:mail"',
        '3: lmtp.next_hop: "maildir:mail" is not an absolute folder; write "maildir:/var/lib/recado/mail"'),
    "smtp door with lmtp": (
        '[smtp]\nnext_hop = "lmtp:unix:/run/dovecot/lmtp"',
        '3: smtp.next_hop: "lmtp:unix:/run/dovecot/lmtp": an SMTP door has one answer for all recipients and would '
        'lose mail of an LMTP next hop; write "smtp:inet:127.0.0.1:10027", or use [lmtp]'),
    "submission door with lmtp": (
        '[submission]\nnext_hop = "lmtp:inet:127.0.0.1:24"',
        '3: submission.next_hop: "lmtp:inet:127.0.0.1:24": an SMTP door has one answer for all recipients and would '
        'lose mail of an LMTP next hop; write "smtp:inet:127.0.0.1:10029", or use [lmtp]'),
    "two doors on one socket": (
        '[lmtp]\nlisten = "inet:127.0.0.1:10026"\n[smtp]',
        '4: smtp.listen: "inet:127.0.0.1:10026" is where [lmtp] listens; give every door a socket of its own'),
    "relative state_dir": (
        'state_dir = "state"\n[lmtp]',
        '2: state_dir: "state" is not an absolute path; write it from the root, such as "/var/lib/recado"'),
    "mode not octal": ('socket_mode = "0990"\n[lmtp]', '2: socket_mode: "0990" is not a mode in octal; write "0660"'),
    "host bits": (
        'mynetworks = ["127.0.0.1/8"]\n[lmtp]',
        '2: mynetworks: "127.0.0.1/8" has bits set behind its prefix; write "127.0.0.0/8"'),
    "host bits of IPv6": (
        'mynetworks = ["[2001:db8::1]/32"]\n[lmtp]',
        '2: mynetworks: "[2001:db8::1]/32" has bits set behind its prefix; write "[2001:db8::]/32"'),
    "no network": (
        'mynetworks = ["home"]\n[lmtp]',
        '2: mynetworks: "home" is not a network; write networks as "192.0.2.0/24" or "[2001:db8::]/32"'),
    "filing method": (
        '[lmtp]\n[filing]\nmethod = "sieve"',
        '4: filing.method: "sieve" is none of "header", "detail", "none"; write one of "header", "detail", "none"'),
    "filing method nearly": (
        '[lmtp]\n[filing]\nmethod = "headers"',
        '4: filing.method: "headers" is none of "header", "detail", "none"; write "header"'),
    "name server": (
        '[lmtp]\n[authentication]\nnameservers = ["dns.example"]',
        '4: authentication.nameservers: "dns.example" is not the address of a name server; '
        'write "127.0.0.1:5353" or "[::1]:53"'),
    "own name in Authentication-Results": (
        'authserv_id = "mx estudio"\n[lmtp]',
        '2: authserv_id: "mx estudio" is not an authserv-id; write the first word of its Authentication-Results, '
        'such as "mx.estudio.example"'),
    "own name in no header": (
        'authserv_id = "mx.señal.example"\n[lmtp]',
        '2: authserv_id: "mx.señal.example" cannot stand in a header field; write it in ASCII, '
        'such as "mx.estudio.example"'),
    "round in circles": (
        '[lmtp]\nlisten = "inet:127.0.0.1:24"\nnext_hop = "lmtp:inet:localhost:24"',
        '4: lmtp.next_hop: "lmtp:inet:localhost:24" is where [lmtp] listens: mail would go round in circles; '
        'write another address at one of the two'),
    "round in circles through every address": (
        '[smtp]\nlisten = "inet:0.0.0.0:10027"',
        '2: smtp.next_hop: "smtp:inet:127.0.0.1:10027" is where [smtp] listens: mail would go round in circles; '
        'write another address at one of the two'),
    "round in circles by a Unix socket": (
        '[lmtp]\nlisten = "unix:/run/dovecot/lmtp"',
        '2: lmtp.next_hop: "lmtp:unix:/run/dovecot/lmtp" is where [lmtp] listens: mail would go round in circles; '
        'write another address at one of the two'),
    "redis port": (
        '[lmtp]\n[redis]\nurl = "redis://:hunter2@db:637900/0"',
        '4: redis.url: has a port that does not exist; '
        'write it as "redis://127.0.0.1:6379/0", IPv6 as "redis://[::1]:6379/0"'),
    "redis IPv6": (
        '[lmtp]\n[redis]\nurl = "redis://::1:6379/0"',
        '4: redis.url: has a port that does not exist; '
        'write it as "redis://127.0.0.1:6379/0", IPv6 as "redis://[::1]:6379/0"'),
    "redis socket": (
        '[lmtp]\n[redis]\nurl = "unix://run/redis.sock"',
        '4: redis.url: is not the absolute path of a socket; write "unix:///run/redis/redis-server.sock"'),
    "redis of several": (
        '[lmtp]\n[redis]\nurl = "redis://:hunter2@a:6379,b:6379/0"',
        '4: redis.url: names several servers, which is for Sentinels or a Cluster; '
        'write it as "redis+sentinel://10.0.0.1:26379,10.0.0.2:26379,10.0.0.3:26379/mymaster"'),
    "redis password": (
        '[lmtp]\n[redis]\nurl = "redis://:hunter/2@db:6379/0"',
        '4: redis.url: has a / or a ? before the @; write these of a password percent-encoded: %2F, %3F'),
    "redis database": (
        '[lmtp]\n[redis]\nurl = "redis://:hunter2@db:6379/mail"',
        '4: redis.url: has a database that is not a number; write "redis://127.0.0.1:6379/0"'),
    "redis option": (
        '[lmtp]\n[redis]\nurl = "rediss://:hunter2@db?ssl_ca_cert=/etc/ca.pem"',
        '4: redis.url: has an option after the ? that is not known; write "ssl_ca_certs"'),
    "redis option without a neighbour": (
        '[lmtp]\n[redis]\nurl = "redis://db?xyz=1"',
        '4: redis.url: has an option after the ? that is not known; known are db, username, password, ssl_ca_certs, '
        'ssl_certfile, ssl_keyfile, ssl_check_hostname, ssl_cert_reqs'),
    "redis encrypted by half": (
        '[lmtp]\n[redis]\nurl = "redis://db?ssl_ca_certs=/etc/ca.pem"',
        '4: redis.url: has ssl_ca_certs, but is not encrypted; begin it with "rediss" instead of "redis"'),
    "redis CA": (
        '[lmtp]\n[redis]\nurl = "rediss://:hunter2@db?ssl_ca_certs=/nowhere/ca.pem"',
        '4: redis.url: has ssl_ca_certs, and /nowhere/ca.pem is no file or may not be seen; '
        'write the path of a PEM file'),
    "redis CA by half": (
        '[lmtp]\n[redis]\nurl = "rediss://db?ssl_ca_certs=ca.pem"',
        '4: redis.url: has ssl_ca_certs without an absolute path; '
        'write it from the root: "ssl_ca_certs=/etc/recado/…"'),
    "redis check of the host": (
        '[lmtp]\n[redis]\nurl = "rediss://db?ssl_check_hostname=no"',
        '4: redis.url: has a ssl_check_hostname that means nothing; write true or false'),
    "sentinel without a service": (
        '[lmtp]\n[redis]\nurl = "redis+sentinel://:hunter2@a:26379,b:26379"',
        '4: redis.url: does not name the master that the Sentinels watch; write it behind a slash: '
        '"redis+sentinel://10.0.0.1:26379,10.0.0.2:26379,10.0.0.3:26379/mymaster"'),
    "sentinel port": (
        '[lmtp]\n[redis]\nurl = "redis+sentinel://a:0,b/mymaster"',
        '4: redis.url: has a port that does not exist; '
        'write it as "redis+sentinel://10.0.0.1:26379,10.0.0.2:26379,10.0.0.3:26379/mymaster", '
        'IPv6 as "redis+sentinel://[::1]:26379/mymaster"'),
    "sentinel's password elsewhere": (
        '[lmtp]\n[redis]\nurl = "redis+cluster://a?sentinel_password=hunter2"',
        '4: redis.url: has an option after the ? that is not known; write "password"'),
    "cluster database": (
        '[lmtp]\n[redis]\nurl = "redis+cluster://:hunter2@a:6379/1"',
        '4: redis.url: names a database, and a Cluster has none; '
        'write "redis+cluster://10.0.0.1:6379,10.0.0.2:6379,10.0.0.3:6379"'),
    "cluster scheme": (
        '[lmtp]\n[redis]\nurl = "redis+clustre://:hunter2@a"',
        '4: redis.url: is neither embedded nor the address of a Redis; begin it with "redis+cluster://"'),
    "redis scheme": (
        '[lmtp]\n[redis]\nurl = "reddis://:hunter2@db"',
        '4: redis.url: is neither embedded nor the address of a Redis; begin it with "redis://"'),
}  # fmt: skip


@pytest.mark.parametrize("text, line", CASES.values(), ids=CASES)
def test_one_mistake_gives_one_line(house: House, text: str, line: str) -> None:
    house.host(f'{TOP}{text}\n[replies]\nmode = "off"\n')
    assert house.lines() == [f"recado.toml:{line}"]
    assert house.load().settings is None


def test_a_hop_of_replies_that_is_none(house: House) -> None:
    house.host(f'{TOP}[lmtp]\n[replies]\nnext_hop = "postfix"\n')
    assert house.lines() == [
        'recado.toml:4: replies.next_hop: "postfix" is not a next hop; write "smtp:inet:127.0.0.1:10031"'
    ]


REPLIES = {
    "mode": ('mode = "lives"', 'mode: "lives" is none of "off", "shadow", "live"; write "live"'),
    "trust": (
        'trust = "everybody"',
        'trust: "everybody" is none of "anyone", "authenticated", "known"; '
        'write one of "anyone", "authenticated", "known"'),
    "duration in words": (
        'repeat = "7 días"', 'repeat: "7 días" is not a length of time; write "7d" (units: s, m, h, d, w)'),
    "duration without unit": (
        'repeat = "24"', 'repeat: "24" is not a length of time; write "24h" (units: s, m, h, d, w)'),
    "duration too long": (
        'repeat = "999999w"', 'repeat: "999999w" is more than ten years; write a shorter time, such as "7d"'),
    "number for a duration": ("repeat = 7", 'repeat: is a number; write "7h" (units: s, m, h, d, w)'),
    "span backwards": ('delay = "12m-4m"', 'delay: "12m-4m" ends before it begins; write "4m-12m"'),
    "span lacks a unit": ('delay = "4-12m"', 'delay: "4-12m" lacks a unit; write "4m-12m"'),
    "no time at all": (
        'once_per = "0s"', 'once_per: "0s" is no time at all; write a time above zero, such as "24h"'),
    "neither": (
        'once_per = "closed"',
        'once_per: "closed" is neither "closed-period" nor a length of time; write "closed-period" or "24h"'),
    "limit": ("hourly_limit = 0", "hourly_limit: is 0; write 1 or more"),
    "bounce address": (
        'bounce_address = "Recado <b@x.example>"',
        'bounce_address: "Recado <b@x.example>" is not an address; write only the address, such as "b@x.example"'),
}  # fmt: skip


@pytest.mark.parametrize("text, line", REPLIES.values(), ids=REPLIES)
def test_replies(house: House, text: str, line: str) -> None:
    house.host(f'{TOP}[lmtp]\n[replies]\nnext_hop = "smtp:inet:127.0.0.1:10031"\n{text}\n')
    assert house.lines() == [f"recado.toml:5: replies.{line}"]


def test_the_password_of_redis_is_never_printed(house: House) -> None:
    house.host(f'{TOP}[lmtp]\n[replies]\nmode = "off"\n[redis]\nurl = "reddis://:hunter2@db"\n')
    assert "hunter2" not in "".join(house.lines())


def test_every_problem_at_once_in_the_order_of_the_lines(house: House) -> None:
    house.host('workers = 0\nowner = "x"\n[lmtp]\nlisten = "x"\n[replies]\nmode = "of"\ntrust = "k"\n')
    house.owner(OWNER.replace("Europe/Madrid", "Europe/Madird"))
    assert [line.split(": ")[0] + " " + line.split(": ")[1] for line in house.lines() if "warning" not in line] == [
        "recado.toml:1 hostname",
        "recado.toml:1 workers",
        "recado.toml:2 owner",
        "recado.toml:4 lmtp.listen",
        "recado.toml:6 replies.mode",
        "recado.toml:7 replies.trust",
        "owners/ana.toml:2 timezone",
    ]


SYNTAX = {
    "no quotes": ("hostname = mx\n", "1: syntax: invalid value; put texts between double quotes"),
    "a mode without quotes": (
        'hostname = "a"\nsocket_mode = 0660\n',
        "2: syntax: expected newline or end of document after a statement; put texts between double quotes: "
        'socket_mode = "0660"',
    ),
    "a size with its unit": (
        'hostname = "a"\nmessage_size_limit = 50M\n',
        "2: syntax: expected newline or end of document after a statement; write a whole number, without quotes",
    ),
    "twice": ('hostname = "a"\nhostname = "b"\n', "2: syntax: cannot overwrite a value; give each key once"),
    "table twice": (
        'hostname = "a"\n[lmtp]\n[lmtp]\n',
        "3: syntax: cannot declare [lmtp] twice; give each [table] once",
    ),
    "open list": ('hostname = "a"\nmynetworks = ["x",\n', "2: syntax: "),
    "bytes": (b'hostname = "a"\n# \xff\n', "2: encoding: is not UTF-8; save the file as UTF-8"),
    "nested": ("x = " + "[" * 5000 + "\n", "1: syntax: lists nested too deep; write plain lists"),
    "huge number": ("workers = " + "9" * 5000 + "\n", "1: syntax: "),
}


@pytest.mark.parametrize("text, start", SYNTAX.values(), ids=SYNTAX)
def test_a_file_that_is_no_toml(house: House, text: str | bytes, start: str) -> None:
    house.host(text)
    house.owner(OWNER.replace("Europe/Madrid", "Europe/Madird"))
    found = house.lines()
    assert found[0].startswith(f"recado.toml:{start}")
    assert found[1].startswith("owners/ana.toml:2: timezone:"), "the owners' files are looked through all the same"
    assert house.load().settings is None


def test_a_file_that_is_not_there(house: House) -> None:
    house.file.unlink()
    assert house.lines()[0] == (
        "recado.toml:1: file: cannot be read (No such file or directory); write it, or name another with --config"
    )


def test_nothing_is_said_of_owners_where_nobody_knows_who_they_are(tmp_path: Path) -> None:
    assert len(load(tmp_path / "recado.toml", make_secret=False).problems) == 1


WARNINGS = {
    "no door": ('[replies]\nmode = "off"', "1: doors: no door is open"),
    "no place for replies": ("[lmtp]", "1: replies.next_hop: is missing: no automatic reply can be sent"),
    "no place for replies of a table": (
        '[lmtp]\n[replies]\nmode = "shadow"', "3: replies.next_hop: is missing: no automatic reply can be sent"),
    "a door that is not there yet": (
        '[lmtp]\n[milter]\n[replies]\nmode = "off"', "3: milter: is not there yet: nobody listens, and Postfix would wait"),
    "anybody": (
        'mynetworks = ["0.0.0.0/0"]\n[lmtp]\nlisten = "inet:0.0.0.0:10024"\n[replies]\nmode = "off"',
        "2: mynetworks: lets anybody in at [lmtp], which listens beyond this host"),
    "relays anywhere": (
        '[authentication]\ntrusted_relays = ["192.0.2.0/24", "::/0", "mx2.example"]\n[lmtp]\n[replies]\nmode = "off"',
        "3: authentication.trusted_relays: ::/0 is nearly everybody: whoever writes to us could say where his mail comes"),
    "nothing to part with": (
        'recipient_delimiter = ""\n[lmtp]\n[filing]\nmethod = "detail"\n[replies]\nmode = "off"',
        '5: filing.method: "detail" files nothing without recipient_delimiter'),
    "junk that nobody files": (
        '[lmtp]\n[filing]\nmethod = "none"\nbad_standing = "junk"\n[replies]\nmode = "off"',
        '5: filing.bad_standing: "junk" files nothing with method "none"'),
    "bounces of nobody in particular": (
        'recipient_delimiter = ""\n[lmtp]\n[replies]\nmode = "off"\nbounce_address = "b@estudio.example"',
        "6: replies.bounce_address: needs recipient_delimiter: each reply has its own address"),
    "bounces to an owner": (
        '[lmtp]\n[replies]\nmode = "off"\nbounce_address = "ana@estudio.example"',
        "5: replies.bounce_address: is an address of the owner in ana.toml"),
}  # fmt: skip


@pytest.mark.parametrize("text, start", WARNINGS.values(), ids=WARNINGS)
def test_what_will_disappoint(house: House, text: str, start: str) -> None:
    house.host(TOP + text + "\n")
    assert [line[: len(start) + 21] for line in house.lines()] == [f"warning: recado.toml:{start}"]
    assert house.load().settings is not None


def test_only_a_door_that_is_not_there_yet(house: House) -> None:
    house.host(f'{TOP}[milter]\nnext_hop = "smtp:inet:127.0.0.1:25"\n[replies]\nmode = "off"\n')
    *warnings, wrong = house.lines()
    assert [line.split(": ")[2] for line in warnings] == ["doors", "milter"]
    assert wrong == "recado.toml:3: milter.next_hop: unknown key; remove it (known here: listen)"


QUIET = {
    "replies off": "[lmtp]\n[replies]\nmode = 'off'",
    "anybody on loopback": "mynetworks = ['0.0.0.0/0']\n[lmtp]\nlisten = 'inet:[::1]:10024'\n[replies]\nmode = 'off'",
    "beyond, but known": "mynetworks = ['10.0.0.0/8']\n[lmtp]\nlisten = 'inet:0.0.0.0:10024'\n[replies]\nmode = 'off'",
    "relays of our own": "[lmtp]\n[replies]\nmode = 'off'\n[authentication]\ntrusted_relays = ['10.0.0.0/8', 'mx2.example']",
    "smtp door on trial": "[smtp]\nnext_hop = 'maildir:/tmp/mail'\n[replies]\nmode = 'off'",
    "bounces": "[lmtp]\n[replies]\nmode = 'off'\nbounce_address = 'recado-bounce@estudio.example'",
    "two free ports": (
        "[lmtp]\nlisten = 'inet:127.0.0.1:0'\n[smtp]\nlisten = 'inet:127.0.0.1:0'\n[replies]\nmode = 'off'"
    ),
}


@pytest.mark.parametrize("text", QUIET.values(), ids=QUIET)
def test_what_is_well(house: House, text: str) -> None:
    house.host(TOP + text + "\n")
    assert house.lines() == []


def test_windows_editors_are_forgiven(house: House) -> None:
    house.host(b"\xef\xbb\xbf" + HOST.replace("\n", "\r\n").encode())
    assert house.lines() == []


@pytest.mark.parametrize(("length", "well"), [(23, True), (24, False)])
def test_a_bounce_address_leaves_room_for_its_mark(house: House, length: int, well: bool) -> None:
    house.host(f"{TOP}[lmtp]\n[replies]\nmode = 'off'\nbounce_address = '{'b' * length}@estudio.example'\n")
    told = "write one of at most 23 characters before the @"
    assert [line.rpartition("; ")[2] for line in house.lines()] == ([] if well else [told])
