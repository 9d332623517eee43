"""Faults in the Postfix chain under load: nothing lost, nothing remembered doubled, every true acknowledgement once."""

import re
import smtplib
from collections import Counter
from statistics import median

import pytest

from tests.real.chain import ANA, LAURA, Chain, chain, mail
from tests.real.load import SENDERS, Load, clients, copies, during
from tests.real.processes import short_directory, wait_until
from tests.real.redis_server import RedisServer

pytestmark = [pytest.mark.real("postfix", "dovecot", "redis-server"), pytest.mark.xdist_group("real")]

FOLDER = "Clientes/ACME Veterinaria"
TOTAL = 300


def replies_by_client(office: Chain) -> Counter[str]:
    return Counter(to for one in office.outside.replies() for to in one.rcpt_to)


def test_kill_9_under_load_loses_none(capsys: pytest.CaptureFixture[str]) -> None:
    """What was in flight between Dovecot's 250 and ours may come twice: no more than the sessions carried."""
    kills = (60, 140, 220)
    with chain() as office:

        def kill_and_start() -> None:
            office.recado.kill()
            office.recado.start()

        during(Load(office, clients(TOTAL), ANA), TOTAL, kills, kill_and_start)
        office.postfix.wait_for_empty_queue()
        found = copies(office, ANA, FOLDER)
        doubled = sum(found.values()) - len(found)
        answered = replies_by_client(office)
        with capsys.disabled():
            print(f"\nkill -9 x 3 under {TOTAL}: {len(found)} arrived, {doubled} twice, {len(answered)} answered")
        assert sorted(found) == clients(TOTAL)
        assert doubled <= SENDERS * len(kills)
        assert max(answered.values()) == 1, "a reply doubled"
        assert office.outside.bounces() == []


@pytest.mark.parametrize("crash", ["kill -9", "connection lost"])
def test_what_was_remembered_is_not_delivered_again(crash: str) -> None:
    """Postfix never saw our 250 and comes again with the same mail and queue id."""
    with chain() as office:
        message = b"Received: from acme.example by mx.estudio.example with ESMTP id 4bK1\r\n" + mail(LAURA, ANA)
        first = by_hand(office, message)
        if crash == "kill -9":
            office.recado.kill()
            office.recado.start()
        second = by_hand(office, message)
        assert (first[0], second) == (250, first)
        assert len(office.dovecot.mails(ANA, FOLDER)) == 1
        other = by_hand(office, message, queue_id="4bK2")
        assert other[0] == 250
        assert len(office.dovecot.mails(ANA, FOLDER)) == 2, "another queue id is another mail"


def by_hand(office: Chain, message: bytes, queue_id: str = "4bK1") -> tuple[int, bytes]:
    """The transaction as Postfix's lmtp client does it; the connection ends without a QUIT."""
    client = smtplib.LMTP("127.0.0.1", office.postfix.doors["lmtp door"], timeout=60)
    try:
        client.ehlo_or_helo_if_needed()
        assert client.docmd("XFORWARD", f"NAME=acme.example ADDR=192.0.2.7 IDENT={queue_id} SOURCE=REMOTE")[0] == 250
        assert client.mail(LAURA)[0] == 250
        assert client.rcpt(ANA)[0] == 250
        return client.data(message)
    finally:
        client.close()


def test_redis_away_delays_no_mail_and_the_acknowledgements_come_when_it_returns(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with short_directory("rr") as directory:
        redis = RedisServer(directory)
        redis.start()
        try:
            with chain(recado={"redis": redis.url}) as office:
                first, later = clients(TOTAL)[:100], clients(TOTAL)[100:]
                during(Load(office, first, ANA), len(first), (), redis.stop)
                office.outside.wait_for_replies(len(first))
                with_redis = transmission_times(office)
                during(Load(office, later, ANA), len(later), (50,), redis.stop)
                wait_until(lambda: len(copies(office, ANA, FOLDER)) == TOTAL, "every mail without Redis")
                without = transmission_times(office)[len(with_redis) :]
                statuses = Counter(status for *_, status in office.postfix.deliveries())
                redis.start()
                office.outside.wait_for_replies(TOTAL)
                office.postfix.wait_for_empty_queue()
                with capsys.disabled():
                    print(
                        f"\nRedis away: deliveries {spread(with_redis)} before, {spread(without)} after, {dict(statuses)}"
                    )
                assert set(statuses) == {"sent"}, "none deferred: each delivery succeeded at once"
                # A single slow one is the machine's; if each had waited for Redis, it would be every one.
                assert median(without) < median(with_redis) + 1.0
                assert sorted(copies(office, ANA, FOLDER).items()) == [(one, 1) for one in clients(TOTAL)]
                assert replies_by_client(office) == dict.fromkeys(clients(TOTAL), 1)
        finally:
            redis.stop()


def transmission_times(office: Chain) -> list[float]:
    """Seconds that Postfix spent in each delivery through Recado: the last of its delays=a/b/c/d."""
    door = office.postfix.doors["lmtp door"]
    return [float(one) for one in re.findall(rf":{door}, .*delays=[^,]*/([\d.]+), ", office.postfix.logged())]


def spread(times: list[float]) -> str:
    return f"p50 {median(times):.2f} s, longest {max(times):.2f} s"


def test_sigterm_under_load_exits_0_and_loses_nothing() -> None:
    with chain() as office:
        statuses: list[int] = []

        def stop_and_start() -> None:
            statuses.append(office.recado.stop())
            office.recado.start()

        during(Load(office, clients(TOTAL), ANA), TOTAL, (100, 200), stop_and_start)
        office.postfix.wait_for_empty_queue()
        assert statuses == [0, 0]
        assert sorted(copies(office, ANA, FOLDER).items()) == [(one, 1) for one in clients(TOTAL)]
        assert office.outside.bounces() == []
        office.outside.wait_for_replies(TOTAL, patience=100)  # longer than a lease
        assert replies_by_client(office) == dict.fromkeys(clients(TOTAL), 1)
