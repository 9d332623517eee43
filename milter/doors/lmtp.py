"""The LMTP door (RFC 2033): LHLO, and behind the dot one reply a recipient."""

from milter.doors import answers
from milter.doors.esmtp import Argument, Esmtp


class Lmtp(Esmtp):
    protocol = "LMTP"

    async def smtp_LHLO(self, argument: Argument) -> None:
        await self.hello(argument, extended=True)

    async def smtp_EHLO(self, argument: Argument) -> None:
        # RFC 2033 section 4.1: HELO and EHLO are not spoken here.
        self.say(answers.NOT_HERE)

    smtp_HELO = smtp_EHLO
