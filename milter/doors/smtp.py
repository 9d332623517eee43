"""The SMTP door: EHLO or HELO, and behind the dot one reply for all recipients."""

from milter.doors import answers
from milter.doors.esmtp import Argument, Esmtp
from milter.errors import SmtpReply, internal_error


class Smtp(Esmtp):
    async def smtp_EHLO(self, argument: Argument) -> None:
        await self.hello(argument, extended=True)

    async def smtp_HELO(self, argument: Argument) -> None:
        await self.hello(argument, extended=False)

    async def smtp_LHLO(self, argument: Argument) -> None:
        self.say(answers.NOT_HERE)

    def last_words(self, replies: tuple[SmtpReply, ...], transaction_id: str) -> tuple[SmtpReply, ...]:
        """The first, where all are of one kind. Mixed outcomes, which `admit` is there to prevent, are 451.

        Then the peer tries again: a second copy for some is better than none for others.
        """
        kinds = {reply.code // 100 for reply in replies}
        return replies[:1] if len(kinds) == 1 else (internal_error(transaction_id),)
