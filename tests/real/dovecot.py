"""A private Dovecot 2.3: LMTP, IMAP and Sieve, loading the shipped files of config/dovecot."""

import imaplib
import os
import re
import shutil
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from milter import shipped
from tests.real.processes import Process, free_ports, listening, retried_on_clash, wait_until

PASSWORD = "secret"
LEARNING = ("recado-junk.sieve", "recado-ham.sieve", "recado-sent.sieve")
MAIL_UID = MAIL_GID = 65534
INSTALLED = Path("/etc/dovecot/recado.sieve")  # where the snippet says the script lies


@dataclass(frozen=True)
class Mail:
    """One message of a mailbox: `flags` as the server spells them, `raw` every byte."""

    flags: frozenset[str]
    raw: bytes


@dataclass
class Dovecot:
    """`separator`, `prefix`: of the namespace; `dot`: what the Sieve script makes of one in a name; `quota` in bytes
    and `personal` Sieve script by user, for those who have one; `spam_script` runs before ours. `learn`: the command that
    is told of moves, as 91-recado-learn.conf does."""

    directory: Path
    separator: str = "/"
    prefix: str = ""
    dot: str = "_"
    location: str = "maildir:~/mail"
    users: tuple[str, ...] = ("ana@estudio.example", "ana@casa.example")
    quota: Mapping[str, int] = field(default_factory=dict)
    personal: Mapping[str, str] = field(default_factory=dict)
    spam_script: str = ""
    snippet: str = "90-recado.conf"
    recipient_delimiter: str = "+"
    learn: str = ""

    def __post_init__(self) -> None:
        self.lmtp_socket = self.directory / "lmtp"
        self.auth_socket = self.directory / "auth"
        self.home = self.directory / "home"
        self.log = self.directory / "log"

    def start(self) -> None:
        self.home.mkdir(exist_ok=True)
        os.chown(self.home, MAIL_UID, MAIL_GID)
        for user in self.users:
            home = self.home / user
            home.mkdir(exist_ok=True)
            os.chown(home, MAIL_UID, MAIL_GID)
            if user in self.personal:
                (home / ".dovecot.sieve").write_text(self.personal[user])
        scripts = self.directory / "scripts"
        scripts.mkdir(exist_ok=True)
        shutil.copy(shipped("config") / "dovecot" / "recado.sieve", scripts)
        for name in LEARNING:
            shutil.copy(shipped("config") / "dovecot" / name, scripts)
        (scripts / "spam.sieve").write_text(self.spam_script)
        os.chown(scripts, MAIL_UID, MAIL_GID)
        (self.directory / "users").write_text("".join(f"{self._passwd_line(user)}\n" for user in self.users))
        retried_on_clash(self._start)

    def _passwd_line(self, user: str) -> str:
        extra = f"userdb_quota_rule=*:bytes={self.quota[user]}" if user in self.quota else ""
        return f"{user}:{{PLAIN}}{PASSWORD}:{MAIL_UID}:{MAIL_GID}::{self.home / user}::{extra}"

    def _start(self) -> None:
        self.imap_port, self.lmtp_port = free_ports(2)
        configuration = self.directory / "dovecot.conf"
        configuration.write_text(self._configuration())
        self.process = Process(["/usr/sbin/dovecot", "-F", "-c", configuration], self.log)
        self.process.wait_for(
            lambda: self.lmtp_socket.exists() and listening(self.imap_port) and listening(self.lmtp_port),
            "Dovecot's sockets",
        )

    def _snippet(self) -> str:
        """The shipped file, but for the place of the script and what a test sets otherwise."""
        text = (shipped("config") / "dovecot" / self.snippet).read_text()
        text = text.replace("recipient_delimiter = +", f"recipient_delimiter = {self.recipient_delimiter}")
        before = "sieve_before2" if self.spam_script else "sieve_before"
        text = text.replace(f"sieve_before = {INSTALLED}", f"{before} = {self.directory}/scripts/recado.sieve")
        text = text.replace("recado_separator = /", f"recado_separator = {self.separator}")
        text = text.replace("recado_prefix =", f"recado_prefix = {self.prefix}").replace(
            "recado_dot = _", f"recado_dot = {self.dot}"
        )
        if self.learn:
            text += "\n" + self._learning()
        if self.spam_script:
            text += f"\nplugin {{\n  sieve_before = {self.directory}/scripts/spam.sieve\n}}\n"
        return text

    def _learning(self) -> str:
        """The shipped file, but for the places, and run by the user that Recado runs as here: the mail processes are another."""
        text = (shipped("config") / "dovecot" / "91-recado-learn.conf").read_text()
        text = text.replace("/etc/dovecot/recado-", f"{self.directory}/scripts/recado-")
        command = "/usr/local/bin/recado learn --later --config /etc/recado/recado.toml"
        assert command in text and "user = recado" in text
        return text.replace(command, self.learn).replace("user = recado", "user = root")

    def _configuration(self) -> str:
        return f"""
base_dir = {self.directory}/run
state_dir = {self.directory}/state
log_path = /dev/stderr
auth_verbose = yes
mail_debug = no
protocols = imap lmtp
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
first_valid_uid = 1
mail_location = {self.location}
mail_home = {self.home}/%u
hostname = mx.estudio.example
postmaster_address = postmaster@estudio.example
namespace inbox {{
  inbox = yes
  separator = {self.separator}
  prefix = {self.prefix}
}}
passdb {{
  driver = passwd-file
  args = username_format=%u {self.directory}/users
}}
userdb {{
  driver = passwd-file
  args = username_format=%u {self.directory}/users
}}
service imap-login {{
  inet_listener imap {{
    port = {self.imap_port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service lmtp {{
  unix_listener {self.lmtp_socket} {{
    mode = 0666
  }}
  inet_listener lmtp {{
    port = {self.lmtp_port}
  }}
}}
service auth {{
  unix_listener {self.auth_socket} {{
    mode = 0666
  }}
}}
mail_plugins = quota
plugin {{
  quota = maildir:User quota
  quota_grace = 0
}}
{self._snippet()}
"""

    def stop(self) -> None:
        self.process.stop()

    @contextmanager
    def imap(self, user: str) -> Iterator[imaplib.IMAP4]:
        client = imaplib.IMAP4("127.0.0.1", self.imap_port, timeout=30)
        try:
            client.login(user, PASSWORD)
            yield client
        finally:
            client.logout()

    def folders(self, user: str, subscribed: bool = False) -> set[str]:
        """The mailbox names, decoded from modified UTF-7, without the namespace's prefix."""
        with self.imap(user) as client:
            _, rows = client.lsub() if subscribed else client.list()
        names = (re.sub(rb'^\([^)]*\) (?:"[^"]*"|NIL) ', b"", row) for row in rows if isinstance(row, bytes))
        return {from_mutf7(name.strip(b'"').replace(b'\\"', b'"').replace(b"\\\\", b"\\").decode()) for name in names}

    def mails(self, user: str, folder: str = "INBOX") -> list[Mail]:
        """What lies in `folder`; nothing where it does not exist."""
        with self.imap(user) as client:
            status, _ = client.select(quoted(folder), readonly=True)
            if status != "OK":
                return []
            _, rows = (
                client.fetch("1:*", "(FLAGS BODY.PEEK[])")
                if client.untagged_responses.get("EXISTS") != [b"0"]
                else ("", [])
            )
        found = []
        for index, row in enumerate(rows):
            if not isinstance(row, tuple):
                continue
            flags = re.search(rb"FLAGS \(([^)]*)\)", row[0])
            after = rows[index + 1] if index + 1 < len(rows) else b""
            flags = flags or re.search(rb"FLAGS \(([^)]*)\)", after if isinstance(after, bytes) else b"")
            assert flags is not None, row[0]
            found.append(Mail(frozenset(flags[1].decode().split()) - {"\\Recent"}, row[1]))
        return found

    def count(self, user: str, folder: str = "INBOX") -> int:
        with self.imap(user) as client:
            status, answer = client.select(quoted(folder), readonly=True)
        return int(answer[0] or 0) if status == "OK" else 0

    def wait_for_mail(self, user: str, folder: str = "INBOX", count: int = 1, patience: float = 60.0) -> list[Mail]:
        wait_until(lambda: self.count(user, folder) >= count, f"{count} mails in {user}'s {folder}", patience)
        return self.mails(user, folder)


def quoted(name: str) -> str:
    return '"' + to_mutf7(name).replace("\\", "\\\\").replace('"', '\\"') + '"'


def to_mutf7(name: str) -> str:
    """A mailbox name as IMAP writes it (RFC 3501 section 5.1.3)."""

    def encoded(match: re.Match[str]) -> str:
        text = match[0]
        if text == "&":
            return "&-"
        return "&" + b64encode(text.encode("utf-16-be")).decode().rstrip("=").replace("/", ",") + "-"

    return re.sub(r"&|[^\x20-\x7e]+", encoded, name)


def from_mutf7(name: str) -> str:
    def decoded(match: re.Match[str]) -> str:
        padded = match[1].replace(",", "/") + "=" * (-len(match[1]) % 4)
        return b64decode(padded).decode("utf-16-be") or "&"

    return re.sub(r"&([^-]*)-", decoded, name)
