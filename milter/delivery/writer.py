"""Writes a whole reply: text, message, signature. Templates are compiled and keys loaded once a configuration."""

from dataclasses import dataclass, field, replace
from datetime import datetime

from milter.core import reply_message
from milter.core.owner import Identity, Owner
from milter.core.reply_job import ReplyIntent
from milter.core.reply_message import NotAddressable
from milter.delivery import rehearsal
from milter.delivery.owner_mail import Letter
from milter.delivery.render import RenderError, Texts
from milter.delivery.sign import Signer, SigningFailed
from milter.settings.values import Settings


class NotWritten(Exception):
    """A text that does not render, or a configured key that does not sign: the reply is withheld, never sent half."""


@dataclass(slots=True)
class Writer:
    _texts: dict[str, Texts] = field(default_factory=dict)
    _signers: dict[tuple[str, str], Signer | None] = field(default_factory=dict)
    _settings: Settings | None = None

    def write(self, settings: Settings, intent: ReplyIntent, now: datetime, *, count: int = 1) -> bytes:
        """The bytes to send, CRLF. `count` messages of this person since closing. NotWritten says why there are none."""
        owner, identity = self._configured(settings, intent)
        try:
            rendered = self._text(owner).render(intent, owner, count=count, due=intent.due)
            content = reply_message.build(intent, rendered, owner, identity, now)
            signer = self._signer(owner, identity)
            return signer.sign(content) if signer else content
        except (RenderError, SigningFailed, NotAddressable) as error:
            raise NotWritten(str(error)) from error

    def honest(self, settings: Settings, intent: ReplyIntent, *, count: int = 1) -> ReplyIntent:
        """Without the promise, if the owner's own text does not say it: nobody was told an instant. NotWritten as of `write`."""
        if intent.due is None:
            return intent
        owner, _ = self._configured(settings, intent)
        try:
            promises = self._text(owner).render(intent, owner, count=count, due=intent.due).promises
        except RenderError as error:
            raise NotWritten(str(error)) from error
        return intent if promises else replace(intent, due=None)

    def rehearse(self, settings: Settings, intent: ReplyIntent, now: datetime, *, count: int = 1) -> Letter:
        """The same text as a letter to the owner. NotWritten as of the reply itself."""
        owner, identity = self._configured(settings, intent)
        try:
            rendered = self._text(owner).render(intent, owner, count=count, due=intent.due)
            return rehearsal.letter(intent, rendered, owner, identity, settings.policy, now)
        except (RenderError, NotAddressable) as error:
            raise NotWritten(str(error)) from error

    def _configured(self, settings: Settings, intent: ReplyIntent) -> tuple[Owner, Identity]:
        if self._settings is not settings:
            self._texts, self._signers, self._settings = {}, {}, settings
        owner = settings.policy.owner(intent.owner)
        identity = owner.identity(intent.identity) if owner else None
        if owner is None or identity is None:
            raise NotWritten(f"{intent.owner}/{intent.identity} is not configured any more")
        return owner, identity

    def _text(self, owner: Owner) -> Texts:
        assert self._settings is not None
        if owner.id not in self._texts:
            self._texts[owner.id] = Texts(self._settings.texts[owner.id])
        return self._texts[owner.id]

    def _signer(self, owner: Owner, identity: Identity) -> Signer | None:
        name = (owner.id, identity.name)
        if name not in self._signers:
            key = identity.dkim
            self._signers[name] = Signer.load(key) if key and key.key_file else None
        return self._signers[name]
