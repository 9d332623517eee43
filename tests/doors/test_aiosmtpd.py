"""aiosmtpd stays as milter/doors/esmtp.py needs it. When this fails, read that file beside the new aiosmtpd."""

import asyncio
import inspect

import pytest
from aiosmtpd.smtp import SMTP

from milter.doors.esmtp import Esmtp
from milter.doors.lmtp import Lmtp
from milter.doors.smtp import Smtp

OVERRIDDEN = ("_handle_client", "_reset_timeout", "_timeout_cb", "_set_rset_state")
USED = ("_cb_client_connected",)
# Made by the constructor, or by the connection.
ATTRIBUTES = ("_handler_coroutine", "_timeout_duration", "_timeout_handle")


@pytest.mark.parametrize("name", [*OVERRIDDEN, *USED])
def test_the_private_methods_are_there(name: str) -> None:
    assert inspect.isfunction(getattr(SMTP, name))


@pytest.mark.parametrize("name", OVERRIDDEN)
def test_what_is_overridden_is_still_called(name: str) -> None:
    assert f"self.{name}" in inspect.getsource(SMTP)


async def test_the_private_attributes_are_there() -> None:
    stock = vars(SMTP(None, hostname="mx.example", timeout=7, loop=asyncio.get_running_loop()))
    assert all(name in stock for name in ATTRIBUTES)
    assert stock["_timeout_duration"] == 7
    assert "self._writer = writer" in inspect.getsource(SMTP._cb_client_connected)


def test_the_connection_starts_the_task_that_speaks() -> None:
    source = inspect.getsource(SMTP.connection_made)
    assert "self._handler_coroutine = self.loop.create_task(\n                self._handle_client())" in source


@pytest.mark.parametrize("kind", [Lmtp, Smtp])
def test_no_verb_of_the_stock_class_is_left(kind: type[Esmtp]) -> None:
    verbs = [name for name in dir(kind) if name.startswith("smtp_")]
    assert len(verbs) > 15
    assert [name for name in verbs if getattr(kind, name) is getattr(SMTP, name, None)] == []
