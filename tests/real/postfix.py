"""A private Postfix: own configuration, queue and ports, loading the shipped snippets of config/postfix."""

import json
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from milter import shipped
from tests.real.processes import Process, free_ports, listening, retried_on_clash, wait_until

SERVICES = """
pickup    unix  n - n 60 1 pickup
cleanup   unix  n - n - 0 cleanup
qmgr      unix  n - n 300 1 qmgr
rewrite   unix  - - n - - trivial-rewrite
bounce    unix  - - n - 0 bounce
defer     unix  - - n - 0 bounce
trace     unix  - - n - 0 bounce
verify    unix  - - n - 1 verify
flush     unix  n - n 1000? 0 flush
proxymap  unix  - - n - - proxymap
smtp      unix  - - n - - smtp
showq     unix  n - n - - showq
error     unix  - - n - - error
retry     unix  - - n - - error
discard   unix  - - n - - discard
local     unix  - n n - - local
virtual   unix  - n n - - virtual
lmtp      unix  - - n - - lmtp
anvil     unix  - - n - 1 anvil
scache    unix  - - n - 1 scache
postlog   unix-dgram n - n - 1 postlogd
"""
# The ports as the snippets write them, by what they are for.
PORTS = {
    "smtp": "25",
    "lmtp door": "10024",
    "smtp door": "10026",
    "after": "10027",
    "before": "10030",
    "replies": "10031",
}
OWN_PORTS = ("smtp", "after", "before", "replies")


@dataclass
class Postfix:
    """`snippets` are names in config/postfix without .main.cf and .master.cf. `doors`: the ports where Recado listens,
    by "lmtp door", "smtp door". `relay_port` gets mail for other domains. `transport`: virtual_transport where no
    snippet has one. `proxy_filter`: a plain smtpd_proxy_filter, for the bench. `main`: further lines of main.cf.
    `auth_socket`: where Dovecot tells who may log in.
    """

    directory: Path
    snippets: Sequence[str] = ()
    doors: Mapping[str, int] = field(default_factory=dict)
    relay_port: int = 9
    transport: str = ""
    aliases: Mapping[str, str] = field(default_factory=dict)
    domains: Sequence[str] = ("estudio.example", "casa.example")
    proxy_filter: str = ""
    main: str = ""
    auth_socket: Path | str = "private/auth"

    def __post_init__(self) -> None:
        self.log = self.directory / "log"
        self.configuration = self.directory / "etc"

    def start(self) -> None:
        self.configuration.mkdir()
        shutil.copy("/etc/postfix/dynamicmaps.cf", self.configuration)
        for name in ("queue", "data"):
            (self.directory / name).mkdir()
        shutil.chown(self.directory / "data", "postfix", "postfix")
        (self.directory / "aliases").write_text("".join(f"{one} {to}\n" for one, to in self.aliases.items()))
        retried_on_clash(self._start)

    def _start(self) -> None:
        self.ports = dict(zip(OWN_PORTS, free_ports(len(OWN_PORTS)), strict=True)) | self.doors
        (self.configuration / "main.cf").write_text(self._main())
        (self.configuration / "master.cf").write_text(self._master())
        self.process = Process(
            ["/usr/sbin/postfix", "-c", self.configuration, "start-fg"], self.directory / "start.log"
        )
        awaited = [self.ports[name] for name in OWN_PORTS if f":{self.ports[name]} inet" in self._master()]
        self.process.wait_for(lambda: all(listening(port) for port in awaited), "Postfix's ports")

    def _shipped(self, suffix: str) -> str:
        folder = shipped("config") / "postfix"
        files = [folder / f"{name}.{suffix}" for name in self.snippets]
        text = "\n".join(file.read_text() for file in files if file.exists())
        for name, port in PORTS.items():
            if name in self.ports:
                text = re.sub(rf"(127\.0\.0\.1\]?):{port}\b", rf"\g<1>:{self.ports[name]}", text)
        return text

    def _main(self) -> str:
        transport = f"virtual_transport = {self.transport}" if self.transport else ""
        return f"""
compatibility_level = 3.6
queue_directory = {self.directory}/queue
data_directory = {self.directory}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
maillog_file = {self.log}
maillog_file_prefixes = {self.directory}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mx.estudio.example
mydestination =
mynetworks = 127.0.0.0/8
alias_maps =
alias_database =
local_recipient_maps =
virtual_mailbox_domains = {", ".join(self.domains)}
virtual_alias_maps = texthash:{self.directory}/aliases
message_size_limit = 104857600
mailbox_size_limit = 0
virtual_mailbox_limit = 0
recipient_delimiter = +
disable_dns_lookups = yes
smtp_host_lookup = native
relayhost = [127.0.0.1]:{self.relay_port}
biff = no
{transport}
smtpd_sasl_type = dovecot
smtpd_sasl_path = {self.auth_socket}
{self.main}
{self._shipped("main.cf")}
"""

    def _master(self) -> str:
        snippets = self._shipped("master.cf")
        text = SERVICES + ("" if re.search(r"^smtp\s+inet", snippets, re.M) else self._plain_smtp()) + snippets
        return re.sub(r"^smtp(\s+)inet", rf"127.0.0.1:{self.ports['smtp']} inet", text, flags=re.M)

    def _plain_smtp(self) -> str:
        proxy = f"  -o smtpd_proxy_filter={self.proxy_filter} -o smtpd_proxy_options=speed_adjust\n"
        return "smtp inet n - n - - smtpd\n" + (proxy if self.proxy_filter else "")

    @property
    def smtp_port(self) -> int:
        return self.ports["smtp"]

    def command(self, *arguments: str) -> str:
        """Runs postqueue, postsuper or postfix (with `-c` our directory) and answers its output."""
        name, *rest = arguments
        done = subprocess.run(
            [f"/usr/sbin/{name}", "-c", str(self.configuration), *rest], capture_output=True, text=True, check=True
        )
        return done.stdout

    def queue(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.command("postqueue", "-j").splitlines()]

    def flush(self) -> None:
        """Tries the deferred mail again now: by itself Postfix waits 300 s."""
        self.command("postqueue", "-f")

    def wait_for_empty_queue(self, patience: float = 120.0) -> None:
        """Until everything is delivered or bounced; what a fault has deferred is tried again and again."""

        def empty() -> bool:
            waiting = self.queue()
            if any(one["queue_name"] == "deferred" for one in waiting):
                self.flush()
            return not waiting

        wait_until(empty, "Postfix's queue to run empty", patience)

    def wait_for_deferral(self) -> None:
        wait_until(lambda: any(one["queue_name"] == "deferred" for one in self.queue()), "a deferred mail")

    def logged(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def deliveries(self) -> list[tuple[str, str, str]]:
        """(recipient, relay, status) of every line of a delivery agent, in order."""
        return re.findall(r"to=<([^>]*)>.*? relay=([^,]*),.* status=(\w+)", self.logged())

    def stop(self) -> None:
        with suppress(subprocess.CalledProcessError):
            self.command("postfix", "stop")
        # master leaves Process's group: its own pid file names it, should `stop` not have reached it.
        self.process.stop()
        pid_file = self.directory / "queue" / "pid" / "master.pid"
        assert not pid_file.exists() or not _alive(int(pid_file.read_text())), "Postfix's master is still there"


def _alive(pid: int) -> bool:
    """Whether `pid` is still a Postfix master."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/exe").readlink().name == "master"
    return False
