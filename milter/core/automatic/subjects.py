"""Signs of a machine in the subject, for responders that carry no other mark (S29).

Anchored at the start, and the phrase must end there as a responder ends it: "Automatic reply: X", never "Automatic reply module".
`Auto:` alone is not among them (RFC 3834 section 3.1.5 forbids software to go by it, and in Spanish it is a car).
"""

import re
import unicodedata

from milter.core import encoded_words
from milter.core.automatic.sign import Look, Sign

# Lower case, without accents, plain apostrophes. What a responder calls its letter:
REPLIES = {
    "es": """(?:respuesta|contestacion) automatica|auto[ -]?respuesta|mensaje automatico|contestador automatico
        |(?:respuesta|mensaje|aviso|notificacion) de ausencia|respuesta (?:de )?fuera de (?:la )?oficina""",
    "ca": "resposta automatica|autoresposta|missatge automatic|(?:resposta|missatge|avis) d'absencia",
    "gl": "autorresposta|mensaxe automatica|(?:resposta|mensaxe|aviso) de ausencia",
    "eu": "erantzun automatikoa?|mezu automatikoa?",
    "pt": "auto-?resposta|mensagem automatica|(?:mensagem|aviso) de ausencia",
    "en": """(?:(?:vacation|holiday|away|absence)[ -])?(?:automatic|automated|auto)[ -]?
        (?:reply|response|responder|message|notice|answer)(?: to)?
        |(?:vacation|holiday|away|absence)[ -]?(?:reply|response|responder|message|notice|answer)
        |out[ -]of[ -](?:the[ -])?office (?:auto[ -]?reply|reply|response|message|notification|notice)""",
    "fr": "(?:reponse|message|repondeur) automatique|auto-?reponse|(?:message|notification|avis|reponse) d'absence",
    "de": """automatische (?:antwort|ruckantwort|ruckmeldung|nachricht|e-?mail-antwort)|auto(?:matik)?-?antwort
        |(?:automatische )?(?:abwesenheits|urlaubs)
        (?:notiz|nachricht|meldung|mitteilung|benachrichtigung|assistent|hinweis|info)""",
    "it": """(?:risposta|messaggio) automatic[ao]|autorisposta|risposta (?:non al computer|(?:di )?fuori (?:sede|ufficio))
        |(?:avviso|messaggio|risposta) di assenza""",
    "nl": """automatisch (?:antwoord|bericht)|automatische (?:beantwoording|reactie)
        |afwezigheids(?:bericht|melding|assistent)""",
    "sv": "auto(?:mat)?svar|automatiskt (?:svar|meddelande)|franvaro(?:meddelande|assistent)",
    "da": "automatisk (?:svar|besked)|frav(?:ae|æ)rs(?:besked|meddelelse|assistent)",
    "others": """automaattinen vastaus|poissaoloilmoitus|fraværsmelding|automatyczna odpowiedz|odpowiedz automatyczna
        |automaticka odpoved|raspuns automat|automatikus valasz|otomatik yan[ıi]t
        |автоматическии ответ|автоматична відповідь|αυτοματη απαντηση|自動返信|自动回复""",
}
# Where the writer is: alone, behind "I am", or behind the name of the letter.
AWAY = {
    "es": """fuera de (?:la )?oficina|fuera del despacho|ausente(?: de la oficina| por vacaciones)?
        |ausencia de la oficina|de vacaciones""",
    "ca": "fora de (?:l'|la )?oficina|fora d'oficina|fora del despatx|absent(?: de l'oficina)?|de vacances",
    "gl": "fora da oficina|fora de oficina|ausente da oficina|de vacacions",
    "eu": "bulegotik (?:kanpo|at)(?: nago)?|oporretan(?: nago)?|ez nago bulegoan|kanpoan nago",
    "pt": "fora do escritorio|fora da empresa|ausente do escritorio|ausencia (?:temporaria|do escritorio)|(?:de|em) ferias",
    "en": """out[ -]of[ -](?:the[ -])?office|away from (?:the |my )?(?:office|desk|mail|email)|ooo|oof
        |on (?:vacation|holiday|pto|(?:(?:annual|parental|maternity|paternity) )?leave)""",
    "fr": r"(?:absence|absente?|absent\(e\)|hors) du bureau|absence(?: temporaire)?|absente?|en conges?|en vacances",
    "de": "abwesenheit|abwesend|nicht im (?:buro|buero|haus)|ausser (?:haus|dem haus)|im urlaub",
    "it": """non al computer|fuori sede|fuori (?:dall')?ufficio|(?:assente|assenza) dall'ufficio|non in ufficio
        |in ferie|assente""",
    "nl": "afwezigheid|afwezig|niet (?:aanwezig|op kantoor)|buiten kantoor|uit kantoor|(?:op|met) vakantie",
    "sv": "franvaro|franvarande|(?:inte|ej) pa kontoret|utanfor kontoret|ute fran kontoret|pa semester",
    "da": "frav(?:ae|æ)r(?:ende)?|ikke (?:pa kontoret|til ?stede)|uden for kontoret|ude af kontoret|pa ferie",
    "others": "poissa toimistosta",
}
_SENTENCES = "no estoy en la oficina|no soc a l'oficina|non estou na oficina|jag har semester|jeg holder ferie"
_I_AM = """estoy|estare|estic|soc|sere|estou|estarei|i(?:'m| am)|i(?:'ll| will) be|je suis|je serai|ich bin
    |sono|saro|ik ben|jag ar|jeg er"""
_NOW = """actualmente|actualment|atualmente|currently|actuellement|derzeit|zurzeit|momentan
    |attualmente|momenteel"""
# "Respuesta automática por vacaciones", "Automatische Antwort bei Abwesenheit", "Risposta automatica Fuori sede"
_FOR = "de|da|do|por|per|di|du|d'|bei|wegen|bij|vid|ved"
_ABSENCE = """ausencia|vacaciones|absencia|vacances|vacacions|ferias|absence|conges|abwesenheit|urlaub|assenza
    |ferie|afwezigheid|vakantie|franvaro|semester|frav(?:ae|æ)r"""
_BOUNCES = r"""undelivered mail returned to sender|mail delivery failed|mail delivery failure
    |delivery status notification|delivery failure|failure notice|undeliverable(?: mail| message)?|returned mail
    |message delivery failure(?: notice)?|permanent delivery failure|delivery notification: delivery has failed
    |delayed mail(?= \(still being retried)|successful mail delivery report|notice: mail delivery status
    |warning: could not send message for past \d+ (?:hour|day|minute)s?
    |warning: message \S+ delayed \d+ (?:hour|day)s?
    |correo no entregado|no se puede entregar(?: el mensaje)?|no es pot lliurar|non se pode entregar
    |nao entregue|nao e possivel entregar|unzustellbar|echec de remise|non remis
    |impossibile recapitare|non recapitabile|onbestelbaar|kan inte levereras|kan ikke leveres"""
# Brackets, stars, a picture, and the tag that gateways put before mail from outside; a question is a person's.
_START = r"(?:\[ext(?:ern(?:al|e|o)?)?\])? [^\w¿]*+"
# How a responder goes on: a mark, its parent's subject, or since when and until when. Anything else is a person's sentence.
_UNTIL = "hasta|fins|ate|ata|until|till|through|thru|jusqu'?|bis|fino|tot|t/m|til|till"
_SINCE = "desde|del|al|from|to|since|starting|du|depuis|vom|ab|dal|dall'|van|vanaf|fram|fra|od"
_MARK = r'["”»*]*(?: \s*$ | \s*[:;,!\])|] | \.+(?:\s|$) | \s+[-–—(\[/☀-➿\U0001f300-\U0001faff] )'
_PARENT = r"\s+(?:re|rv|aw|fwd?|sv|vs|antw|tr|res|enc)\s*:"
# "del 3 al 10" and "abuztuaren 20ra arte", but not "Mensaje automático del formulario".
_DATES = rf"\s+\d | \s+(?:{_UNTIL})\b | \s+(?:{_SINCE})\b[^:]{{0,12}}\d | \s+(?:\S+\s+){{1,3}}arte\b"


def _anchored(phrases: str, *ends: str) -> re.Pattern[str]:
    return re.compile(rf"{_START}(?:{_spaced(phrases)})(?= {' | '.join(ends)} )", re.X)


def _spaced(phrases: str) -> str:
    """For a verbose pattern: line breaks mean nothing, spaces do."""
    return re.sub(r"\s*\n\s*", "", phrases).replace(" ", r"\ ")


_AWAY = "|".join(AWAY.values())
_OUT_OF_OFFICE = _anchored(
    f"(?:auto: )?(?:(?:{'|'.join(REPLIES.values())})(?: (?:(?:{_FOR}) ?)?(?:{_AWAY}|{_ABSENCE}))?"
    f"|(?:(?:{_I_AM}) )?(?:(?:{_NOW}) )?(?:{_AWAY})"
    f"|(?:{_I_AM}) (?:(?:{_NOW}) )?away|{_SENTENCES})",
    _MARK,
    _PARENT,
    _DATES,
)
# Lotus Notes writes the name first: the whole sentence, with its full stop or when they return.
_NOTES = re.compile(r"(?:auto: )?[^:]{2,60} (?:is out of the office|ist ausser haus)(?:\.$| \(returning )")
_BOUNCE = _anchored(_BOUNCES, _MARK, _PARENT)
# RFC 7489 section 7.2.1.1, and what Microsoft and Amazon put before it.
_DMARC_REPORT = re.compile(r"(?:\[preview\] |dmarc aggregate )?report[ -]domain:\s*\S+\s+submitter:")
LONGEST = 2048  # characters of the subject looked at


def out_of_office_subject(look: Look) -> Sign | None:
    """S29."""
    text = _plain(look)
    found = _OUT_OF_OFFICE.match(text) or _NOTES.match(text)
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
