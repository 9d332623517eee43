"""Invitations as calendars write them."""

from base64 import b64encode

ZONE = """BEGIN:VTIMEZONE
TZID:{name}
BEGIN:STANDARD
DTSTART:16010101T020000
TZOFFSETFROM:-0400
TZOFFSETTO:-0500
RRULE:{rule}
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010101T020000
TZOFFSETFROM:-0500
TZOFFSETTO:-0400
RRULE:FREQ=YEARLY;BYDAY=2SU;BYMONTH=3
END:DAYLIGHT
END:VTIMEZONE
"""
YEARLY = "FREQ=YEARLY;BYDAY=1SU;BYMONTH=11"
EVENT = {
    "UID": "abc-1@acme.example",
    "SEQUENCE": "2",
    "ORGANIZER;CN=Laura": "mailto:laura@acme.example",
    "ATTENDEE;RSVP=TRUE": "MAILTO:ana@estudio.example",
    "DTSTART": "20261124T090000Z",
    "DTEND": "20261124T093000Z",
    "SUMMARY": "Revisión",
}


def calendar(*more: str, zone: str = "", method: str = "REQUEST", **changed: str | None) -> bytes:
    """One event. `changed`: a property in place of the usual one (None: left out); `more`: lines to add."""
    names = {one.partition(";")[0]: one for one in EVENT}
    fields = dict(EVENT)
    for name, value in changed.items():
        fields.pop(names.get(name, name), None)
        if value is not None:
            fields[name] = value
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", f"METHOD:{method}", *zone.strip().splitlines(), "BEGIN:VEVENT"]
    for name, value in fields.items():
        # "TZID=Here:2026..." says its parameter with it.
        lines.append(f"{name};{value}" if value.startswith(("TZID=", "VALUE=")) else f"{name}:{value}")
    lines += [*more, "END:VEVENT", "END:VCALENDAR", ""]
    return "\r\n".join(lines).encode()


def alone(ics: bytes, method: str = "REQUEST") -> tuple[str, bytes]:
    """(header, body) of a mail that is nothing but the invitation."""
    return f"Content-Type: text/calendar; method={method}; charset=utf-8", ics


def inside(ics: bytes, text: str = "Hola", method: str = "REQUEST") -> tuple[str, bytes]:
    """As Outlook and others send it: in base64, beside a text, two levels down, and once more as a file."""
    part = b"\r\n".join(b64encode(ics)[at : at + 76] for at in range(0, len(b64encode(ics)), 76)).decode()
    body = f"""--o
Content-Type: multipart/alternative; boundary=i

--i
Content-Type: text/plain; charset=utf-8

{text}
--i
Content-Type: text/calendar; charset="utf-8"; method={method}
Content-Transfer-Encoding: base64

{part}
--i--
--o
Content-Type: application/ics; name=invite.ics
Content-Disposition: attachment
Content-Transfer-Encoding: base64

{part}
--o--
"""
    return "Content-Type: multipart/mixed; boundary=o", body.replace("\r\n", "\n").replace("\n", "\r\n").encode()
