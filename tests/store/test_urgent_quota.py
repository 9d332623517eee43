"""How often a client was urgent this month, and which invitation was answered: told to a real store."""

import pytest

from milter.core.decision import CountUrgent
from milter.core.owner import Invitations
from milter.core.reply_job import ClaimKey, ReplyKind
from milter.store import event_json
from milter.store.api import Event
from milter.store.redis import RedisStore
from tests.core.letters_with_events import alone, calendar
from tests.core.test_time_topics import busy
from tests.store.desk import Desk, madrid

URGENT = "Subject: URGENTE: la tienda no carga"


@pytest.fixture
def desk(store: RedisStore) -> Desk:
    return Desk(store, busy(Invitations.DECLINE))


async def urgent(desk: Desk, at: str, header: str = URGENT, **more: str) -> bool:
    await desk.mail(at, header, **more)
    return "$Urgent" in desk.last.keywords


async def test_two_a_month_and_client_and_the_next_month_begins_anew(desk: Desk) -> None:
    assert await urgent(desk, "2026-11-03 10:00")
    assert not await urgent(desk, "2026-11-03 11:00", "")
    assert await urgent(desk, "2026-11-30 23:59", mail_from="pedro@acme.example")
    assert not await urgent(desk, "2026-11-30 23:59")
    assert await urgent(desk, "2026-12-01 00:00")


async def test_a_count_survives_the_outbox_and_is_counted_once(desk: Desk) -> None:
    counted = CountUrgent(ClaimKey("ana", "", "acme 2026-11", ReplyKind.URGENT), madrid("2026-12-01 00:00"))
    event = Event("e1", madrid("2026-11-03 10:00"), "acme.example", urgent=(counted,))
    again = event_json.decode(event_json.encode(event))
    assert again == event
    await desk.store.settle(event)
    await desk.store.settle(again)
    assert await urgent(desk, "2026-11-03 11:00")
    assert not await urgent(desk, "2026-11-03 12:00")


async def test_an_invitation_is_answered_once_and_its_change_again(desk: Desk) -> None:
    async def invite(at: str, **changed: str) -> str:
        header, body = alone(calendar(**changed))
        return await desk.mail(at, header, body=body)

    assert await invite("2026-11-17 10:00") == "call-request"
    assert await invite("2026-11-17 10:05") == "reply-withheld-answered"
    assert await invite("2026-11-17 10:10", SEQUENCE="3") == "call-request"
    assert await invite("2026-11-17 17:10", SEQUENCE="4") == "call-request", "whether or not it is open"
