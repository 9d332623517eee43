"""`--at`: an instant as people and scripts write it."""

from datetime import UTC, datetime, tzinfo

import click


def parse_instant(text: str | None, zone: tzinfo | None = None) -> datetime:
    """ISO 8601 as an aware instant; without an offset it is what the wall shows in `zone` (UTC if None). None: now.

    Raises click.BadParameter.
    """
    if text is None:
        return datetime.now(UTC)
    try:
        instant = datetime.fromisoformat(text.strip())
    except ValueError as error:
        example = "2026-11-21T22:30:00+01:00"
        raise click.BadParameter(
            f"{text!r} is no instant; write ISO 8601, for example {example}", param_hint="--at"
        ) from error
    return instant if instant.tzinfo else instant.replace(tzinfo=zone or UTC)
