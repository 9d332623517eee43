"""What an owner does with mail in his mail program, over IMAP, becomes evidence: config/dovecot's scripts on a real Dovecot."""

import json
import smtplib
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from click.testing import CliRunner

from milter.cli import main
from tests.real.chain import ANA, HOME, mail
from tests.real.dovecot import LEARNING, MAIL_UID, Dovecot
from tests.real.processes import free_ports, short_directory, wait_until
from tests.real.recado import RECADO, Recado
from tests.real.redis_server import RedisServer

pytestmark = [pytest.mark.real("dovecot"), pytest.mark.xdist_group("real")]

MARTA, PRIMO = "marta@flores.example", "primo@familia.example"
FILTER = 'trusted_authserv_ids = ["filter.example"]'
PROVEN = (
    "Authentication-Results: filter.example; dkim=pass header.d={domain}; dmarc=pass header.from={domain}\r\n"
    "Received: from {domain} ({domain} [192.0.2.7]) by mx.estudio.example with ESMTPS id 4Zk;"
    " Sun, 22 Nov 2026 10:00:00 +0100\r\n"
)


@dataclass
class Learning:
    recado: Recado
    dovecot: Dovecot
    port: int

    def deliver(self, author: str, to: str = ANA) -> None:
        """A mail whose author is proven, through the LMTP door."""
        content = PROVEN.format(domain=author.partition("@")[2]).encode() + mail(author, to)
        with smtplib.LMTP("127.0.0.1", self.port, timeout=60) as client:
            client.sendmail(author, [to], content)

    def run(self, *words: str) -> str:
        result = CliRunner().invoke(main, [*words, "--config", str(self.recado.file)])
        assert result.exit_code == 0, result.output
        return result.stdout

    def show(self, name: str = MARTA) -> dict[str, Any]:
        return dict(json.loads(self.run("reputation", "show", name, "--json")))

    def evidence(self, name: str = MARTA) -> tuple[float, float]:
        """For and against, whole pieces: accepted mail is a tenth of one."""
        found = self.show(name)["evidence"]
        return round(found["good"]), round(found["bad"])

    def wait_for(self, expected: tuple[float, float], name: str = MARTA) -> None:
        wait_until(lambda: self.evidence(name) == expected, f"{expected} of {name}\n{self.dovecot.log.read_text()}")

    def folders(self, *names: str, user: str = ANA) -> None:
        with self.dovecot.imap(user) as client:
            for name in names:
                assert client.create(name)[0] == "OK"

    def move(self, source: str, target: str, user: str = ANA, *, by: str = "MOVE") -> None:
        """The first message of `source`; `by` COPY as mail programs do it that know no MOVE."""
        with self.dovecot.imap(user) as client:
            assert client.select(source)[0] == "OK"
            assert client.uid("SEARCH", "ALL")[1] != [b""]
            uid = client.uid("SEARCH", "ALL")[1][0].split()[0].decode()
            assert client.uid(by, uid, target)[0] == "OK"
            if by == "COPY":
                client.uid("STORE", uid, "+FLAGS", "(\\Deleted)")
                client.expunge()

    def store_sent(self, to: str, author: str = ANA) -> None:
        with self.dovecot.imap(ANA) as client:
            now = mail(author, to).replace(b"Date: Sat, 21 Nov 2026 23:47:00 +0100\r\n", b"")
            assert client.append("Sent", "(\\Seen)", "", now)[0] == "OK"  # type: ignore[arg-type]


@contextmanager
def learning(redis: str = "embedded") -> Iterator[Learning]:
    with ExitStack() as stack:
        one, other = (stack.enter_context(short_directory(f"r{name}")) for name in "dr")
        command = f"{RECADO} learn --later --config {other}/recado.toml"
        dovecot = Dovecot(one, learn=command)
        dovecot.start()
        stack.callback(dovecot.stop)
        (port,) = free_ports(1)
        doors = {"lmtp": (f"inet:127.0.0.1:{port}", f"lmtp:unix:{dovecot.lmtp_socket}")}
        recado = Recado(other, doors, replies=9, redis=redis, authentication=FILTER)
        recado.start()
        stack.callback(recado.stop)
        yield Learning(recado, dovecot, port)


def test_into_junk_and_out_of_it_again() -> None:
    with learning() as office:
        office.folders("Junk", "Trash", "Sent")
        office.deliver(MARTA)
        assert office.evidence() == (0, 0)
        office.move("INBOX", "Junk")
        office.wait_for((0, 1))
        office.move("Junk", "INBOX")
        office.wait_for((2, 0))
        office.move("INBOX", "Junk", by="COPY")
        office.wait_for((0, 1))
        office.move("Junk", "Trash")
        # What is learned is learned in order: when this is, the move before it is through.
        office.store_sent(MARTA)
        office.wait_for((1, 1))
        assert "recado-learn: Error" not in office.dovecot.log.read_text()


def test_what_the_owner_sent_withholds_the_reply() -> None:
    with learning() as office:
        office.folders("Sent")
        office.store_sent(f"{MARTA}, laura@acme.example")
        office.wait_for((1, 0), "laura@acme.example")
        office.wait_for((1, 0))
        office.deliver("laura@acme.example")
        (found,) = office.dovecot.wait_for_mail(ANA, "Clientes/ACME Veterinaria")
        assert b"reply-withheld-owner-wrote" in found.raw


def test_personal_mail_stays_where_it_is() -> None:
    """Nothing of it is handed over, and nothing is learned of it."""
    with learning() as office:
        office.folders("Junk", user=HOME)
        office.folders("Junk", "Sent")
        office.deliver(PRIMO, HOME)
        office.move("INBOX", "Junk", HOME)
        office.store_sent(PRIMO, author=HOME)
        office.store_sent(MARTA)
        office.wait_for((1, 0))
        found = office.show(PRIMO)
        assert (found["evidence"]["count"], found["unproven"]) == (0, [])


def test_a_whole_folder_at_once() -> None:
    with learning() as office:
        office.folders("Junk")
        for _ in range(12):
            office.deliver(MARTA)
        with office.dovecot.imap(ANA) as client:
            client.select("INBOX")
            assert client.uid("MOVE", "1:*", "Junk")[0] == "OK"
        office.wait_for((1, 12))


@pytest.mark.real("redis-server")
def test_while_redis_is_away_the_move_succeeds_and_is_learned_later() -> None:
    with short_directory("rr") as directory:
        redis = RedisServer(directory)
        redis.start()
        try:
            with learning(redis.url) as office:
                office.folders("Junk")
                office.deliver(MARTA)
                redis.stop()
                office.move("INBOX", "Junk")
                outbox = office.recado.directory / "state" / "outbox"
                wait_until(lambda: list(outbox.glob("*.json")), "the event in the outbox")
                assert office.dovecot.count(ANA, "Junk") == 1
                redis.start()
                office.wait_for((0, 1))
                assert "it waits in the outbox" in office.dovecot.log.read_text()
        finally:
            redis.stop()


def test_the_mail_processes_may_not_read_the_secret() -> None:
    """Learned all the same: the command runs as Recado's user, whoever the mail processes are."""
    with learning() as office:
        secret = (office.recado.directory / "state" / "secret").stat()
        assert (secret.st_uid != MAIL_UID, secret.st_mode & 0o077) == (True, 0)
        office.folders("Sent")
        office.store_sent(MARTA)
        office.wait_for((1, 0))


def test_the_scripts_compile_as_the_readme_says() -> None:
    with short_directory("rd") as directory:
        dovecot = Dovecot(directory, learn="/bin/true")
        dovecot.start()
        try:
            for name in LEARNING:
                script = directory / "scripts" / name
                command = ["sievec", "-c", directory / "dovecot.conf", script]
                compiled = subprocess.run(command, capture_output=True, text=True, check=False)
                assert (compiled.returncode, compiled.stdout + compiled.stderr) == (0, ""), name
                assert script.with_suffix(".svbin").exists()
        finally:
            dovecot.stop()
