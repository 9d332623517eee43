"""Signs of a machine in the addresses: envelope sender, author and, for mailboxes that nobody reads, Reply-To."""

import re
import unicodedata
from collections.abc import Iterator

from milter.core import address, mailboxes
from milter.core.automatic.sign import Look, Sign

# S20, S21, S24: whole local parts. postmaster is not here: people write from it too.
_DAEMONS = """
    mailer-daemon mailer_daemon mailer.daemon mailerdaemon maildaemon mail-daemon mdaemon listserv majordomo mailman
    mailman-loop sympa ezmlm listproc root daemon cron crond anacron nobody uucp www-data wwwrun httpd apache nginx
    autoresponder auto-responder autoreply auto-reply nagios icinga zabbix monit munin smartd fail2ban logwatch
    null devnull dev-null blackhole
"""
# S22: "do not answer" in the languages of the house, words joined and without accents.
_NOREPLY = """
    noreply noreplies donotreply dontreply donotrespond dontrespond donotanswer noresponse noanswer notreply neverreply
    unattended unmonitored notmonitored replynotpossible cannotreply noreplay
    noresponder noresponda norespondas norespondan norespondais noresponde norespuesta norespuestas sinrespuesta
    noreplica noreplicar noescribir nocontestar nocontesta nocontestes noconteste nocontesten
    norespon norespondre norespongueu norespongui noresponeu noresposta nocontesteu nocontesti nocontestis
    nocontestareu senseresposta
    nonresponder nonresponda nonrespondas noncontestar noncontestes senresposta
    ezerantzun ezerantzunmesedez erantzunikez erantzungabe
    naoresponder naoresponda naoresponde naorespondas semresposta
    nepasrepondre nepasrepondres nerepondezpas nerepondspas nereponsepas pasdereponse sansreponse noreponse
    nichtantworten bittenichtantworten keineantwort keineantworten keinerueckantwort antwortnichtmoeglich
    antwortenichtmoeglich antwortennichtmoeglich antwortnichtmoglich antwortennichtmoglich nichtbeantworten
    nonrispondere norispondere nonrispondete nonrispondi nonrisponda norisposta senzarisposta
    nietantwoorden nietbeantwoorden nietreageren geenantwoord geenreactie
    svarainte svaraej svarasej ejbesvaras intesvara ejsvar ingetsvar
    svarikke ikkesvar besvarikke besvaresikke ikkebesvar ikkebesvares intetsvar ingensvar
    eivastausta alavastaa nieodpowiadac nieodpowiadaj neodpovidat neodpovidejte
"""
DAEMONS = frozenset(_DAEMONS.split())
NOREPLY = frozenset(_NOREPLY.split())
_LONGEST_PHRASE = 5  # words of the longest entry above, written apart: ne-pas-re-pon-dre is nobody's spelling
_WORDS = re.compile(r"[a-z0-9]+")
# noreplyalertas@, pleasedonotreply@: no other word holds these.
_GLUED = re.compile(
    r"[a-z]*(?:noreply|donotreply|noresponder|nonresponder|nocontestar|norespongueu|ezerantzun|nepasrepondre"
    r"|nichtantworten|naoresponder|nonrispondere|nietantwoorden)[a-z]*"
)
_VERP = re.compile(
    r"(?:.*[-_.+])?(?:bounces[-+=_.].*|bounce[+=].*|bounce[-_.].*[\d=].*|bounces?\d*)"  # S23: list-bounces, bounce+tag, bounce-88
    r"|.*-return-\d+(?:-.*)?"  # ezmlm: list-return-12-ana=estudio.example
    r"|.*-confirm\+.*"  # Mailman: answering would confirm a subscription
    r"|.*\+bnc[a-z0-9]{8,}"  # Google Groups
)
_RETURN_HOSTS = frozenset({"bounce", "bounces"})
_M365_SRS = re.compile(r".*\+srs=.*")  # Microsoft 365 forwards people's mail from bounces+SRS=...


def null_sender(look: Look) -> Sign | None:
    """S1, RFC 3834 section 2 and RFC 5321 section 4.5.5: must not be answered."""
    return None if look.mail_from else Sign("null", "MAIL FROM:<>")


def daemon_sender(look: Look) -> Sign | None:
    """S20, S21, S24 (RFC 3834 section 2, RFC 5230 section 4.6): whole names, `-request` at the end, `owner-` first."""
    for local in _local_parts(look):
        name = address.without_detail(local, "+")
        if name.rstrip("0123456789") in DAEMONS or name.endswith(("-request", "-owner")) or name.startswith("owner-"):
            return Sign("daemon", f"{name}@")
    return None


def verp_sender(look: Look) -> Sign | None:
    """S23. SRS and BATV are not return addresses of lists: they were unwrapped before."""
    local = address.split(address.unwrapped(look.mail_from))[0][:320]
    if _M365_SRS.fullmatch(local):
        return None
    if _VERP.fullmatch(local) or _holds_recipient(local, look):
        return Sign("verp", f"{local}@")
    return _at_bounces(look)


def noreply_sender(look: Look) -> Sign | None:
    """S22: in the local part only, as words of it; the domain noreply-design.example may be a person's."""
    for local in (*_local_parts(look), *_reply_to(look)):
        if _is_noreply(local):
            return Sign("noreply", f"{local}@")
    return None


def _at_bounces(look: Look) -> Sign | None:
    """x7@bounces.acme.example for an author elsewhere: a host that only takes bounces back, whatever stands before the @."""
    domain = address.split(address.unwrapped(look.mail_from))[1]
    if _RETURN_HOSTS.isdisjoint(domain.split(".")):
        return None
    written = {address.split(address.normal(one.address))[1] for one in look.message.authors}
    return None if domain in written else Sign("verp", f"@{domain}")


def _holds_recipient(local: str, look: Look) -> bool:
    """news-ana=estudio.example: the recipient written into the return address."""
    name, domain = address.split(address.normal(look.rcpt_to))
    return bool(domain) and local.endswith((f"-{name}={domain}", f"+{name}={domain}"))


def _local_parts(look: Look) -> Iterator[str]:
    yield address.split(address.unwrapped(look.mail_from))[0]
    for one in look.message.authors:
        if one.address:
            yield address.split(address.normal(one.address))[0]


def _reply_to(look: Look) -> Iterator[str]:
    for value in look.message.all("reply-to"):
        for one in mailboxes.parse(value):
            if one.address:
                yield address.split(address.normal(one.address))[0]


def _is_noreply(local: str) -> bool:
    plain = "".join(one for one in unicodedata.normalize("NFKD", local[:320]) if not unicodedata.combining(one))
    words = [one.rstrip("0123456789") or one for one in _WORDS.findall(plain)][:40]
    for first in range(len(words)):
        for last in range(first + 1, min(first + _LONGEST_PHRASE, len(words)) + 1):
            if "".join(words[first:last]) in NOREPLY:
                return True
    return any(_GLUED.fullmatch(one) for one in words)
