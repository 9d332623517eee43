"""config/dovecot on a real Dovecot: the folder and keywords that Recado-* fields give, however folders are spelt."""

import re
import smtplib
import subprocess
from collections.abc import Callable, Iterator
from email.header import Header
from pathlib import Path

import pytest

from tests.real.dovecot import Dovecot
from tests.real.processes import short_directory

pytestmark = [pytest.mark.real("dovecot"), pytest.mark.xdist_group("real")]

ANA = "ana@estudio.example"
FILES_ALL = "files@estudio.example"
FLAGS_MORE = "flags@estudio.example"
USERS = (ANA, FILES_ALL, FLAGS_MORE)
PERSONAL = {
    FILES_ALL: 'require ["fileinto", "mailbox"]; fileinto :create "Mine";',
    FLAGS_MORE: 'require "imap4flags"; if hasflag "$Contact" { addflag "SawIt"; }',
}
SPAM_SCRIPT = 'require ["fileinto", "mailbox"]; if header :is "X-Spam-Flag" "YES" { fileinto :create "Junk"; stop; }'

Running = Callable[..., Dovecot]


@pytest.fixture
def running() -> Iterator[Running]:
    """Starts a Dovecot with these settings; it is stopped after the test."""
    with short_directory("rd") as directory:
        started: list[Dovecot] = []

        def start(**settings: object) -> Dovecot:
            dovecot = Dovecot(directory, users=USERS, personal=PERSONAL, **settings)  # type: ignore[arg-type]
            started.append(dovecot)
            dovecot.start()
            return dovecot

        yield start
        for dovecot in started:
            dovecot.stop()


def deliver(dovecot: Dovecot, fields: str, user: str = ANA) -> None:
    message = f"{fields}From: laura@acme.example\r\nTo: {user}\r\nSubject: Web\r\n\r\nHola\r\n"
    with smtplib.LMTP(str(dovecot.lmtp_socket)) as client:
        client.sendmail("laura@acme.example", [user], message.encode())


def filed(folder: str, keywords: str = "$Client") -> str:
    return f"Recado-Folder: {folder}\r\nRecado-Keywords: {keywords}\r\n"


NAMES = [  # (Recado-Folder, where "/" separates, where "." separates)
    ("Clientes/ACME Veterinaria", "Clientes/ACME Veterinaria", "Clientes.ACME Veterinaria"),
    ("Clientes/Muñoz & Cía", "Clientes/Muñoz & Cía", "Clientes.Muñoz & Cía"),
    ('Clientes/L\'Étoile "du" Nord', 'Clientes/L\'Étoile "du" Nord', 'Clientes.L\'Étoile "du" Nord'),
    ("Clientes/ACME S.L.", "Clientes/ACME S_L_", "Clientes.ACME S_L_"),
    ("Avisos", "Avisos", "Avisos"),
    ("Trabajo/2026/Clientes/ACME", "Trabajo/2026/Clientes/ACME", "Trabajo.2026.Clientes.ACME"),
    ("Clientes/東京 🌸", "Clientes/東京 🌸", "Clientes.東京 🌸"),
]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"separator": "/"}, [slash for _, slash, _ in NAMES]),
        ({"separator": "."}, [dot for _, _, dot in NAMES]),
        ({"separator": ".", "prefix": "INBOX."}, [f"INBOX.{dot}" for _, _, dot in NAMES]),
        ({"separator": "/", "location": "maildir:~/mail:LAYOUT=fs", "dot": "."}, [name for name, _, _ in NAMES]),
    ],
    ids=["slash", "dot", "dot-INBOX-prefix", "slash-keeping-dots"],
)
def test_every_folder_name_on_every_server(running: Running, settings: dict[str, str], expected: list[str]) -> None:
    dovecot = running(**settings)
    for name, _, _ in NAMES:
        deliver(dovecot, filed(name, "$Client $Urgent"))
        deliver(
            dovecot, filed(Header(name, "utf-8", header_name="Recado-Folder").encode(linesep="\r\n"), "$Client $Urgent")
        )
    for folder in expected:
        assert [mail.flags for mail in dovecot.mails(ANA, folder)] == [{"$Client", "$Urgent"}] * 2, folder
    assert set(expected) <= dovecot.folders(ANA, subscribed=True)
    assert dovecot.mails(ANA) == []


def test_in_the_inbox(running: Running) -> None:
    """Keywords without a folder, nothing of ours, and a name the server cannot hold: all of them stay in the inbox."""
    dovecot = running()
    deliver(dovecot, "Recado-Keywords: $Contact\r\n")
    deliver(dovecot, "")
    deliver(dovecot, filed("/nowhere//"))
    deliver(dovecot, "Recado-Folder: \r\n")
    assert [mail.flags for mail in dovecot.mails(ANA)] == [{"$Contact"}, set(), set(), set()]
    assert dovecot.folders(ANA) == {"INBOX"}


def test_strangers(running: Running) -> None:
    """Who looks like a client stays in sight; a bad standing is marked, or lies in the junk; first-timers in their folder."""
    dovecot = running()
    deliver(dovecot, "Recado-Keywords: $Prospect $LookAlike\r\n")
    deliver(dovecot, "Recado-Keywords: $Prospect $BadStanding\r\n")
    deliver(dovecot, filed("Junk", "$Prospect $Junk"))
    deliver(dovecot, filed("Cribado", "$Prospect"))
    assert [mail.flags for mail in dovecot.mails(ANA)] == [{"$Prospect", "$LookAlike"}, {"$Prospect", "$BadStanding"}]
    assert [mail.flags for mail in dovecot.mails(ANA, "Junk")] == [{"$Prospect", "$Junk"}]
    assert [mail.flags for mail in dovecot.mails(ANA, "Cribado")] == [{"$Prospect"}]


def test_the_users_own_script_runs_after_ours_unless_ours_filed(running: Running) -> None:
    dovecot = running()
    for user in (FILES_ALL, FLAGS_MORE):
        deliver(dovecot, filed("Clientes/ACME"), user)
        deliver(dovecot, "Recado-Keywords: $Contact\r\n", user)
    assert [mail.flags for mail in dovecot.mails(FILES_ALL, "Clientes/ACME")] == [{"$Client"}]
    assert len(dovecot.mails(FILES_ALL, "Mine")) == 1
    assert [mail.flags for mail in dovecot.mails(FLAGS_MORE)] == [{"$Contact", "SawIt"}]


def test_a_spam_script_before_ours_has_the_first_word(running: Running) -> None:
    dovecot = running(spam_script=SPAM_SCRIPT)
    deliver(dovecot, "X-Spam-Flag: YES\r\n" + filed("Clientes/ACME"))
    deliver(dovecot, "X-Spam-Flag: NO\r\n" + filed("Clientes/ACME"))
    assert len(dovecot.mails(ANA, "Junk")) == 1
    assert len(dovecot.mails(ANA, "Clientes/ACME")) == 1


def test_the_script_compiles_as_the_readme_says(running: Running) -> None:
    """With the file that was just installed: what the running Dovecot would tell of its settings is older."""
    page = (Path(__file__).parent.parent.parent / "README.md").read_text()
    (command,) = re.findall(r"^(sievec .*recado\.sieve)\b", page, re.M)
    directory = running().directory
    command = command.replace("/etc/dovecot/dovecot.conf", f"{directory}/dovecot.conf")
    command = command.replace("/etc/dovecot/recado.sieve", f"{directory}/scripts/recado.sieve")
    compiled = subprocess.run(command.split(), capture_output=True, text=True)
    assert (compiled.returncode, compiled.stdout + compiled.stderr) == (0, "")
