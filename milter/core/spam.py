"""Verdicts of the spam filters in front of us (S27). Forging one earns only silence, so any positive one is believed."""

from milter.core.message import Message

_YES = frozenset({"yes", "true"})
_ACTIONS = frozenset({"reject", "add header", "rewrite subject", "quarantine", "discard"})


def verdict(message: Message) -> str:
    """The field that says spam, for the reason's evidence; "" if none does. Scores and levels alone are no verdict."""
    for name in ("x-spam-flag", "x-spam-status", "x-spam"):  # SpamAssassin and Amavis; rspamd's milter
        for value in message.all(name):
            word = value.replace(",", " ").replace(";", " ").split()[:1]
            if word and word[0].lower() in _YES:
                return f"{name}: {word[0]}"
    for value in message.all("x-rspamd-action"):
        action = value.split("(")[0].split(";")[0].strip().lower()
        if action in _ACTIONS:
            return f"x-rspamd-action: {action}"
    for value in message.all("x-spamd-result"):  # default: True [15.00 / 15.00]; ...
        if value.partition(":")[2].lstrip().lower().startswith("true"):
            return "x-spamd-result: True"
    return ""
