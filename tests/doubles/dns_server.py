"""A DNS server on loopback, UDP and TCP on one free port: it answers from a table as a recursive one does, and fails as told.

    with DnsServer({"acme.example TXT": "v=spf1 mx -all", "acme.example MX": ["10 mx.acme.example", "20 mx2.acme.example"],
                    "www.acme.example CNAME": "acme.example", "broken.example TXT": "!servfail"}) as dns:
        Resolver([dns.nameserver])
        dns.records["acme.example TXT"] = "v=spf1 -all"     # from now on
        dns.faults["*"] = "silent"                          # every question; "acme.example TXT" only that one
        dns.asked("acme.example TXT"), dns.questions, await dns.wait_for_questions(3)

It runs in a thread of its own, so that it serves synchronous tests and daemons in other processes too. A TXT value is one
text (cut into strings of 255 bytes) or bytes; several values are a list; a tuple of bytes is one TXT of these strings.
A value "!FAULT" is no record but a fault. Names and kinds may be written in any case, names with or without the last dot.

Faults are words, several with a blank between them:
    silent         no answer, on UDP and TCP
    held           no answer until release()
    servfail refused nxdomain    only this code
    truncated      over UDP only the truncation flag, as for any answer that does not fit; TCP has it
    tcp-closed     TCP is closed without an answer
    forged-id forged-source forged-question junk    first a lie (the values of `forgery`), then the answer
    unchased       a CNAME without what it points to
"""

import asyncio
import socket
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Self

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset

Value = str | bytes | tuple[bytes, ...]
Records = Mapping[str, Value | Sequence[Value]]
CODES = {"servfail": dns.rcode.SERVFAIL, "refused": dns.rcode.REFUSED, "nxdomain": dns.rcode.NXDOMAIN}
FORGERY: Mapping[str, Value] = {
    "TXT": "v=spf1 +all",
    "A": "203.0.113.66",
    "AAAA": "2001:db8::66",
    "MX": "0 forged.example",
    "PTR": "forged.example",
}
PATIENCE = 60  # seconds, for a test that would hang otherwise


class Question(NamedTuple):
    """As asked: `name` lower case without the last dot."""

    name: str
    kind: str
    protocol: str  # "udp" or "tcp"


@dataclass
class DnsServer:
    """`ttl` of every record, `negative_ttl` of the SOA that comes with an empty answer (none if None). Both in seconds."""

    records: dict[str, Value | Sequence[Value]] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)
    host: str = "127.0.0.1"
    ttl: int = 300
    negative_ttl: int | None = 60
    forgery: Mapping[str, Value] = field(default_factory=lambda: FORGERY)
    questions: list[Question] = field(default_factory=list)
    port: int = 0

    def __post_init__(self) -> None:
        self._changed = threading.Condition()
        self._loop = asyncio.new_event_loop()
        self._released: asyncio.Event = asyncio.Event()
        self._working: set[asyncio.Task[None]] = set()

    @property
    def nameserver(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def asked(self, key: str) -> int:
        """How often `key` ("acme.example TXT") was asked for."""
        name, kind = _key(key)
        return sum((one.name, one.kind) == (name, kind) for one in self.questions)

    def release(self) -> None:
        """Answers what is held, and holds nothing any more."""
        self._loop.call_soon_threadsafe(self._released.set)

    async def wait_for_questions(self, count: int) -> None:
        def wait() -> bool:
            with self._changed:
                return self._changed.wait_for(lambda: len(self.questions) >= count, PATIENCE)

        assert await asyncio.to_thread(wait), f"only {len(self.questions)} of {count} questions came: {self.questions}"

    def __enter__(self) -> Self:
        self._udp, self._tcp = _bound(self.host, self.port)
        self._other = socket.socket(self._udp.family, socket.SOCK_DGRAM)
        self._other.bind((self.host, 0))
        self.port = self._udp.getsockname()[1]
        started = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(started,), daemon=True)
        self._thread.start()
        started.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def _run(self, started: threading.Event) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve(started))

    async def _serve(self, started: threading.Event) -> None:
        self._stop = asyncio.Event()
        transport, _ = await self._loop.create_datagram_endpoint(lambda: _Udp(self), sock=self._udp)
        server = await asyncio.start_server(self._talk, sock=self._tcp)
        started.set()
        await self._stop.wait()
        server.close()
        for one in list(self._working):
            one.cancel()
        await asyncio.gather(*self._working, return_exceptions=True)
        transport.close()
        self._other.close()
        await asyncio.sleep(0)

    def take(self, wire: bytes, source: tuple[object, ...], transport: asyncio.DatagramTransport) -> None:
        """One datagram."""
        self._start(self._answer_datagram(wire, source, transport))

    def _start(self, work: object) -> None:
        task = self._loop.create_task(work)  # type: ignore[arg-type]
        self._working.add(task)
        task.add_done_callback(self._working.discard)

    async def _answer_datagram(
        self, wire: bytes, source: tuple[object, ...], transport: asyncio.DatagramTransport
    ) -> None:
        query = dns.message.from_wire(wire)
        faults = self._note(query, "udp")
        for lie in faults & {"forged-id", "forged-source", "forged-question", "junk"}:
            forged = b"\0\1junk" if lie == "junk" else self._forged(query, lie)
            if lie == "forged-source":
                self._other.sendto(forged, source)  # type: ignore[arg-type]
            else:
                transport.sendto(forged, source)
        answer = await self._answer(query, faults)
        if answer is None:
            return
        wire = answer.to_wire(max_size=65535)
        if "truncated" in faults or len(wire) > max(query.payload, 512):
            answer = dns.message.make_response(query)
            answer.flags |= dns.flags.TC
            wire = answer.to_wire()
        transport.sendto(wire, source)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One TCP connection, one question."""
        self._working.add(task := asyncio.current_task())  # type: ignore[arg-type]
        try:
            length = int.from_bytes(await reader.readexactly(2), "big")
            query = dns.message.from_wire(await reader.readexactly(length))
            faults = self._note(query, "tcp")
            answer = None if "tcp-closed" in faults else await self._answer(query, faults)
            if answer is not None:
                writer.write(answer.to_wire(max_size=65535, prepend_length=True))
                await writer.drain()
            elif "silent" in faults:
                await reader.read()
        except (OSError, EOFError):
            pass  # the one who asked is gone: that is his right
        finally:
            self._working.discard(task)  # type: ignore[arg-type]
            writer.close()

    def _note(self, query: dns.message.Message, protocol: str) -> set[str]:
        """Writes the question down; its faults."""
        name, kind = _asked(query)
        with self._changed:
            self.questions.append(Question(name, kind, protocol))
            self._changed.notify_all()
        faults = {_key(key) if key != "*" else "*": words for key, words in self.faults.items()}
        words = f"{faults.get('*', '')} {faults.get((name, kind), '')}"
        written = {each for key, one in self.records.items() if _key(key) == (name, kind) for each in _listed(one)}
        return {*words.split(), *(one[1:] for one in written if _is_fault(one))}  # type: ignore[index]

    async def _answer(self, query: dns.message.Message, faults: set[str]) -> dns.message.Message | None:
        if "held" in faults:
            await self._released.wait()
        if "silent" in faults:
            return None
        answer = dns.message.make_response(query, recursion_available=True)
        for word in faults & CODES.keys():
            answer.set_rcode(CODES[word])
            return answer
        name, kind = _asked(query)
        table, seen = self._table(), set[str]()
        here = query.question[0].name
        while name not in seen:
            seen.add(name)
            alias = table.get((name, "CNAME"))
            if values := table.get((name, kind)):
                answer.answer.append(self._rrset(here, kind, values))
                return answer
            if not alias:
                break
            answer.answer.append(self._rrset(here, "CNAME", alias))
            if "unchased" in faults:
                return answer
            here = dns.name.from_text(str(alias[0]))
            name = str(alias[0]).lower().rstrip(".")
        else:
            return answer
        if not any(each == name or each.endswith(f".{name}") for each, _ in table):
            answer.set_rcode(dns.rcode.NXDOMAIN)
        if self.negative_ttl is not None:
            soa = f"ns.invalid. hostmaster.invalid. 1 3600 600 86400 {self.negative_ttl}"
            answer.authority.append(dns.rrset.from_text(".", self.negative_ttl, "IN", "SOA", soa))
        return answer

    def _table(self) -> dict[tuple[str, str], list[Value]]:
        table = {_key(key): _listed(one) for key, one in self.records.items()}
        return {key: [one for one in values if not _is_fault(one)] for key, values in table.items()}

    def _rrset(self, name: dns.name.Name, kind: str, values: Sequence[Value]) -> dns.rrset.RRset:
        return dns.rrset.from_rdata_list(name, self.ttl, [_rdata(kind, one) for one in values])

    def _forged(self, query: dns.message.Message, lie: str) -> bytes:
        asked = query.question[0]
        kind = dns.rdatatype.to_text(asked.rdtype)
        answer = dns.message.make_response(query)
        answer.answer.append(self._rrset(asked.name, kind, [self.forgery[kind]]))
        if lie == "forged-id":
            answer.id ^= 1
        if lie == "forged-question":
            answer.question = [dns.rrset.RRset(dns.name.from_text("other.example"), asked.rdclass, asked.rdtype)]
        return answer.to_wire()


class _Udp(asyncio.DatagramProtocol):
    def __init__(self, server: DnsServer) -> None:
        self.server = server

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple[object, ...]) -> None:
        self.server.take(data, addr, self.transport)  # type: ignore[arg-type]


def _bound(host: str, port: int) -> tuple[socket.socket, socket.socket]:
    """A UDP and a listening TCP socket of one port."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    while True:
        udp, tcp = socket.socket(family, socket.SOCK_DGRAM), socket.socket(family, socket.SOCK_STREAM)
        tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            udp.bind((host, port))
            tcp.bind((host, udp.getsockname()[1]))
        except OSError:
            udp.close()
            tcp.close()
            if port:
                raise
            continue
        tcp.listen()
        return udp, tcp


def _key(key: str) -> tuple[str, str]:
    name, kind = key.split()
    return name.lower().rstrip("."), kind.upper()


def _listed(value: Value | Sequence[Value]) -> list[Value]:
    return list(value) if isinstance(value, list) else [value]  # type: ignore[list-item]


def _is_fault(value: Value) -> bool:
    return isinstance(value, str) and value.startswith("!")


def _asked(query: dns.message.Message) -> tuple[str, str]:
    asked = query.question[0]
    return asked.name.to_text(omit_final_dot=True).lower(), dns.rdatatype.to_text(asked.rdtype)


def _rdata(kind: str, value: Value) -> dns.rdata.Rdata:
    if kind != "TXT":
        assert isinstance(value, str)
        shown = value if kind in ("A", "AAAA") or value.endswith(".") else f"{value}."
        return dns.rdata.from_text(dns.rdataclass.IN, kind, shown)
    if isinstance(value, tuple):
        strings = list(value)
    else:
        text = value.encode() if isinstance(value, str) else value
        strings = [text[at : at + 255] for at in range(0, len(text), 255)] or [b""]
    wire = b"".join(bytes([len(one)]) + one for one in strings)
    return dns.rdata.from_wire(dns.rdataclass.IN, dns.rdatatype.TXT, wire, 0, len(wire))
