"""What people write for days, months and closures, by language; used only to propose the right spelling."""

DAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

# Monday first; without accents. Beginnings of two letters or more count too, if they fit one day only.
DAY_NAMES = {
    "es": "lunes martes miercoles jueves viernes sabado domingo",
    "en": "monday tuesday wednesday thursday friday saturday sunday",
    "gl": "luns martes mercores xoves venres sabado domingo",
    "ca": "dilluns dimarts dimecres dijous divendres dissabte diumenge",
    "pt": "segunda terca quarta quinta sexta sabado domingo",
    "eu": "astelehena asteartea asteazkena osteguna ostirala larunbata igandea",
    "fr": "lundi mardi mercredi jeudi vendredi samedi dimanche",
    "de": "montag dienstag mittwoch donnerstag freitag samstag sonntag",
    "it": "lunedi martedi mercoledi giovedi venerdi sabato domenica",
}
LETTERS = dict(zip("lmxjvsd", DAYS, strict=True))  # as Spanish calendars head their columns
LETTER_GROUPS = {
    "ca": dict(zip(("dl", "dt", "dc", "dj", "dv", "ds", "dg"), DAYS, strict=True)),
    "eu": dict(zip(("al", "ar", "az", "og", "or", "lr", "ig"), DAYS, strict=True)),
}

MONTH_NAMES = {
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "en": "january february march april may june july august september october november december",
    "pt": "janeiro fevereiro marco abril maio junho julho agosto setembro outubro novembro dezembro",
    "gl": "xaneiro febreiro marzo abril maio xuno xullo agosto setembro outubro novembro decembro",
    "ca": "gener febrer marc abril maig juny juliol agost setembre octubre novembre desembre",
    "fr": "janvier fevrier mars avril mai juin juillet aout septembre octobre novembre decembre",
    "de": "januar februar marz april mai juni juli august september oktober november dezember",
    "it": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
}

RANGE = frozenset({"-", "a", "al", "ao", "to", "till", "until", "through", "thru", "hasta", "ate", "bis", "au", "fins"})
AND = frozenset({",", "&", "/", "y", "e", "i", "et", "u", "und", "and", "eta"})
NOISE = frozenset({
    "de", "del", "des", "desde", "from", "von", "du", "el", "los", "las", "the", "le", "les", "os", "as", "das",
    "dias", "an", "am", "on", "at", "um", "todos", "todo", "tots", "cada", "tous", "every", "each", "jeden",
    "abierto", "abro", "abrimos", "aberto", "obert", "ouvert", "open", "geoffnet", "irekita", "horario",
    "horari", "hours", "horaire",
})  # fmt: skip
PUBLIC_HOLIDAY = frozenset({
    "ph", "festivo", "festivos", "feriado", "feriados", "holiday", "holidays", "festius", "festiu", "ferie",
    "feries", "feiertag", "feiertage", "feiertags", "feiertagen",
})  # fmt: skip
EXCEPT = (
    "excepto",
    "exceptuando",
    "menos",
    "salvo",
    "excepte",
    "llevat de",
    "agas",
    "exceto",
    "sauf",
    "ausser",
    "except",
)
OFF = frozenset(
    {
        "off",
        "closed",
        "cerrado",
        "cerrada",
        "cerrados",
        "cierro",
        "cerramos",
        "tancat",
        "pechado",
        "itxita",
        "fechado",
        "ferme",
        "geschlossen",
        "chiuso",
    }
)
GROUPS = {
    "diario": "Mo-Su", "diariamente": "Mo-Su", "egunero": "Mo-Su",
    "daily": "Mo-Su", "everyday": "Mo-Su", "taglich": "Mo-Su",
    "laborables": "Mo-Fr", "weekdays": "Mo-Fr", "weekday": "Mo-Fr", "werktags": "Mo-Fr",
    "mwf": "Mo,We,Fr", "finde": "Sa-Su", "weekend": "Sa-Su", "weekends": "Sa-Su", "wochenende": "Sa-Su",
}  # fmt: skip
# Said in several words: each pattern, in lower case and without accents, and what it is read as.
PHRASES = (
    (r"\b(?:todos (?:los|os)|tots els|cada|tous les|every|each|jeden) (?:dias?|dies|jours?|days?|tag)\b", "daily"),
    (r"\b(?:fin(?:es|s)? de semana|caps? de setmana|week-ends?)\b", "weekend"),
    (r"\bentre (?:semana|setmana)\b", "weekdays"),
    (r"\b(?:public|bank|national|dias?|dies|jours?) (?=(?:festiv|festi|feri|holi))", ""),
    (r"\bm ?- ?f\b", "mo-fr"),
    (r"^(?:las |les |as )?24 ?(?:h|horas|hores|hours|heures|stunden|x ?7)\b\.?(?:,? daily)?$", "24/7"),
)
NOON = frozenset({"noon", "mediodia", "midi", "mittag", "migdia", "mezzogiorno"})
MIDNIGHT = frozenset({"midnight", "medianoche", "medianoite", "mitjanit", "minuit", "mitternacht", "mezzanotte"})
ALWAYS = frozenset({"siempre", "always", "sempre", "toujours", "immer"})
