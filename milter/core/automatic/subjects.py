"""Signs of a machine in the subject, for responders that carry no other mark (S29).

Anchored at the start, and the phrase must end there as a responder ends it: "Automatic reply: X", never "Automatic reply module".
`Auto:` is not among them (RFC 3834 section 3.1.5 forbids software to go by it, and in Spanish it is a car).
"""

import re
import unicodedata

from milter.core import encoded_words
from milter.core.automatic.sign import Look, Sign

# Lower case, without accents, plain apostrophes.
OUT_OF_OFFICE = {
    "es": """respuesta automatica|autorespuesta|auto-respuesta|auto respuesta|mensaje automatico
        |(?:contestacion|contestador) automatic[ao]|fuera de (?:la )?oficina|estoy fuera de (?:la )?oficina|fuera del despacho
        |ausente(?: de la oficina)?|ausencia de la oficina
        |(?:respuesta|mensaje|aviso|notificacion) de ausencia|respuesta (?:automatica )?(?:de )?fuera de (?:la )?oficina
        |ausente por vacaciones|estoy de vacaciones|de vacaciones""",
    "ca": """resposta automatica|autoresposta|missatge automatic|fora de (?:l'|la )?oficina|fora d'oficina|fora del despatx
        |absent de l'oficina|(?:resposta|missatge|avis) d'absencia|estic de vacances|de vacances""",
    "gl": """resposta automatica|mensaxe automatica|fora da oficina|fora de oficina|(?:resposta|mensaxe|aviso) de ausencia
        |ausente da oficina|estou de vacacions|de vacacions""",
    "eu": """erantzun automatikoa?|mezu automatikoa?|bulegotik kanpo(?: nago)?|bulegotik at|oporretan(?: nago)?|ez nago bulegoan
        |kanpoan nago""",
    "pt": """resposta automatica|mensagem automatica|fora do escritorio|fora da empresa|ausente do escritorio
        |ausencia (?:temporaria|do escritorio)|(?:resposta|mensagem|aviso) de ausencia|estou de ferias|de ferias""",
    "en": """(?:automatic|automated|auto|vacation|holiday|away|absence)[ -]?(?:reply|response|responder|message|notice|answer)
        |autoreply|autoresponse|autoresponder|out[ -]of[ -](?:the[ -])?office
        |out[ -]of[ -](?:the[ -])?office (?:auto[ -]?reply|reply|response|message|notification|notice)
        |i(?:'m| am) (?:currently )?out of (?:the )?office|away from (?:the |my )?(?:office|desk|mail|email)|ooo|oof
        |(?:i(?:'m| am) )?(?:currently )?on (?:vacation|holiday|(?:(?:annual|parental|maternity|paternity) )?leave)""",
    "fr": r"""reponse automatique|message automatique|repondeur automatique|(?:absence|absente?|absent\(e\)|hors) du bureau
        |absence temporaire
        |(?:message|notification|avis|reponse) d'absence|absence|en conges|je suis absente?|en vacances""",
    "de": """automatische (?:antwort|ruckantwort|ruckmeldung|nachricht|e-?mail-antwort)|auto(?:matik)?-?antwort
        |abwesenheits(?:notiz|nachricht|meldung|mitteilung|benachrichtigung|assistent|hinweis|info)|abwesenheit|abwesend
        |nicht im (?:buro|buero|haus)|ausser (?:haus|dem haus)|urlaubs(?:notiz|benachrichtigung|meldung)|im urlaub""",
    "it": """risposta automatica|messaggio automatico|autorisposta|risposta non al computer|non al computer|fuori sede
        |fuori (?:dall')?ufficio|(?:assente|assenza) dall'ufficio|(?:avviso|messaggio|risposta) di assenza|in ferie|assente""",
    "nl": """automatisch (?:antwoord|bericht)|automatische (?:beantwoording|reactie)|afwezigheids(?:bericht|melding|assistent)
        |afwezigheid|afwezig
        |niet (?:aanwezig|op kantoor)|buiten kantoor|uit kantoor|op vakantie""",
    "sv": """autosvar|automatsvar|automatiskt (?:svar|meddelande)|automatisk svar|franvaro(?:meddelande)?|franvarande
        |inte pa kontoret|ej pa kontoret|utanfor kontoret|pa semester""",
    "da": """autosvar|automatisk (?:svar|besked)|fravaer(?:sbesked|smeddelelse)?|fravær(?:sbesked|smeddelelse|ende)?
        |ikke pa kontoret|ikke til stede|uden for kontoret|ude af kontoret|pa ferie""",
    "others": """automaattinen vastaus|poissa toimistosta|poissaoloilmoitus|fraværsmelding|automatyczna odpowiedz
        |odpowiedz automatyczna|automaticka odpoved|raspuns automat|automatikus valasz|otomatik yan[ıi]t
        |автоматическии ответ|автоматична відповідь|αυτοματη απαντηση|自動返信|自动回复""",
}
_BOUNCES = """undelivered mail returned to sender|mail delivery failed|mail delivery failure|delivery status notification
    |delivery failure|failure notice|undeliverable|undeliverable mail|undeliverable message|returned mail
    |message delivery failure(?: notice)?|correo no entregado|no se puede entregar|no se puede entregar el mensaje
    |error de entrega|unzustellbar|echec de remise|non remis|impossibile recapitare"""
# How a responder goes on: a mark, its parent's subject, or since when and until when. Anything else is a person's sentence.
_UNTIL = "hasta|fins|ate|arte|until|till|through|thru|jusqu'?|bis|fino|tot|t/m|til|till"
_SINCE = "desde|del|al|from|to|since|du|depuis|vom|ab|dal|dall'|van|vanaf|fram|fra|od"
_MARK = r"\s*$ | \s*[:;,!\])|] | \.(?:\s|$) | \s+[-–—(\[/]"
_PARENT = r"\s+(?:re|rv|aw|fwd?|sv|vs|antw|tr|res|enc)\s*:"
# "del 3 al 10", but not "Mensaje automático del formulario".
_DATES = rf"\s+\d | \s+(?:{_UNTIL})\b | \s+(?:{_SINCE})\b[^:]{{0,12}}\d"


def _anchored(phrases: str, *ends: str) -> re.Pattern[str]:
    joined = re.sub(r"\s*\n\s*", "", phrases).replace(" ", r"\ ")
    return re.compile(rf"[\[(*\s]*(?:{joined})(?= {' | '.join(ends)} )", re.X)


_OUT_OF_OFFICE = _anchored("|".join(OUT_OF_OFFICE.values()), _MARK, _PARENT, _DATES)
_BOUNCE = _anchored(_BOUNCES, _MARK, _PARENT)
_DMARC_REPORT = re.compile(r"report[ -]domain:\s*\S+\s+submitter:")  # RFC 7489 section 7.2.1.1
LONGEST = 2048  # characters of the subject looked at


def out_of_office_subject(look: Look) -> Sign | None:
    """S29."""
    found = _OUT_OF_OFFICE.match(_plain(look))
    return Sign("subject", f"Subject: {found[0].strip()} …") if found else None


def bounce_subject(look: Look) -> Sign | None:
    """S3: bounces re-sent with a sender and without their report."""
    found = _BOUNCE.match(_plain(look))
    return Sign("bounce", f"Subject: {found[0].strip()} …") if found else None


def report_subject(look: Look) -> Sign | None:
    """S4: DMARC's aggregate reports come as an ordinary attachment."""
    return Sign("report", "Subject: Report Domain: …") if _DMARC_REPORT.match(_plain(look)) else None


def _plain(look: Look) -> str:
    """The subject decoded, in lower case, without accents, one space between words."""
    text = encoded_words.decode((look.message.first("subject") or "")[:LONGEST])
    text = unicodedata.normalize("NFKD", text.replace("’", "'")).casefold()
    return " ".join("".join(one for one in text if not unicodedata.combining(one)).split())[:300]
