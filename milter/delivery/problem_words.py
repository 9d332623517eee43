"""The problems of the settings in an owner's language. They are found in English; what is quoted in them stays as it is.

A sentence without a translation is told in English: better half understood than not told.
"""

import re
from functools import cache

from milter.settings.values import Problem

_SPANISH_WHAT = {
    '"{a}" is not an address': "«{a}» no es una dirección de correo",
    '"{a}" is not a time zone': "«{a}» no es una zona horaria",
    '"{a}" is not a region of {b}': "«{a}» no es una comunidad de {b}",
    '"{a}" is not how it is written': "«{a}» no se escribe así",
    '"{a}" is not a country with known holidays': "«{a}» no es un país cuyos festivos se conozcan",
    '"{a}": no region of {b} is known': "«{a}»: no se conocen comunidades de {b}",
    '"{a}" is no language that there are texts for': "«{a}» no es un idioma con textos",
    'there are no texts in "{a}"': "no hay textos en «{a}»",
    "there is no {a}.txt": "falta {a}.txt",
    '"{a}" is none of {b}': "«{a}» no es ninguno de {b}",
    '"{a}" is not known': "«{a}» no se conoce",
    '"{a}" is not a plan': "«{a}» no es un plan",
    '"{a}" is not a length of time': "«{a}» no es una duración",
    '"{a}" is not a length of time or a span': "«{a}» no es una duración ni un margen",
    '"{a}" is neither "closed-period" nor a length of time': "«{a}» no es «closed-period» ni una duración",
    '"{a}" is more than ten years': "«{a}» son más de diez años",
    '"{a}" is no time at all': "«{a}» es una duración de cero",
    '"{a}" lacks a unit': "a «{a}» le falta la unidad",
    '"{a}" ends before it begins': "«{a}» acaba antes de empezar",
    '"{{{a}}}" stands for nothing': "«{{{a}}}» no significa nada aquí",
    '"{a}" is not the address of a page': "«{a}» no es la dirección de una página",
    '"{a}" is not a colour': "«{a}» no es un color",
    '"{a}" is a text': "«{a}» es un texto",
    '"{a}" is no day of any year': "«{a}» no es un día de ningún año",
    '"{a}" never opens': "con «{a}» no se abre nunca",
    '"{a}" belongs to {b} already': "«{a}» ya es de {b}",
    '"{a}" belongs to the owner in {b} already': "«{a}» ya es de otra persona, en {b}",
    '"{a}" is the name of {b} too': "«{a}» es también el nombre de {b}",
    'not understood at the caret: "{a}"': "no se entiende a partir de la marca ^: «{a}»",
    "{a} lies before from = {b}": "{a} es anterior a from = {b}",
    '"{a}": {b}': "«{a}» no se escribe así",
    "unknown key": "esta clave no existe",
    "unknown table": "esta tabla no existe",
    "is missing": "falta",
    "is missing: no address is yours": "falta: ninguna dirección es tuya",
    "is missing: no mail would be its own": "falta: ningún correo sería suyo",
    "is missing, and no full address could stand for it": "falta, y no hay ninguna dirección completa que valga en su lugar",
    "is empty": "está vacío",
    "is true or false": "es verdadero o falso (true o false)",
    "is a number": "es un número",
    "is a text": "es un texto",
    "is a list": "es una lista",
    "is a table": "es una tabla",
    "is a date or time": "es una fecha o una hora",
    "holds true or false": "contiene verdadero o falso (true o false)",
    "holds a number": "contiene un número",
    "holds a list": "contiene una lista",
    "holds a text": "contiene un texto",
    "holds a table": "contiene una tabla",
    "holds a date or time": "contiene una fecha o una hora",
    "holds a line break or another control character": "contiene un salto de línea u otro carácter de control",
    "has a time of day": "lleva una hora",
    "is -{a}": "es -{a}",
    "is 0": "es 0",
    '"{a}" does nothing: what stands behind it is for the same days': "«{a}» no hace nada: lo de detrás es para los mismos días",
    '"{a}" is on the web': "«{a}» está en internet",
    "cannot be read ({a})": "no se puede leer ({a})",
    "has more than {a} bytes": "tiene más de {a} bytes",
    "is not UTF-8": "no está en UTF-8",
    "lists nested too deep": "hay listas dentro de listas, demasiadas",
    "there are more": "hay más errores",
    # Half days and calendars
    '"{a}" is not understood': "no se entiende «{a}»",
    '"{a}" is neither a day nor a half day': "«{a}» no es ni un día ni medio día",
    "holds an empty path": "contiene una ruta vacía",
    "{a} is not there": "{a} no existe",
    "there is no .ics file in {a}": "no hay ningún archivo .ics en {a}",
    "{a} has more than {b} .ics files": "{a} tiene más de {b} archivos .ics",
    "has more than {a} events": "tiene más de {a} citas",
    "is no calendar that can be read": "no es un calendario que se pueda leer",
    "is not understood": "no se entiende",
    "ends before it begins": "acaba antes de empezar",
    "is a day where DTSTART has a time, or the other way": "es un día y DTSTART una hora, o al revés",
    'the time zone "{a}" is not understood': "no se entiende la zona horaria «{a}»",
    '"{a}" recurs too often for office hours': "«{a}» se repite demasiado a menudo para un horario",
    "INTERVAL is less than 1": "INTERVAL es menor que 1",
    "the recurrence never happens": "la repetición no ocurre nunca",
    "the recurrence is not understood": "no se entiende la repetición",
    "recurs too often to be counted": "se repite demasiadas veces para contarlas",
    "takes more than {a} times": "ocupa más de {a} veces",
    # Slips
    '"{a}" is everybody who has a mailbox there': "«{a}» es cualquiera que tenga correo ahí",
    '"{a}" belongs to client.{b} already, which keeps it': "«{a}» ya es de client.{b}, que se lo queda",
    '"{a}" lasts until {b} of the next day': "«{a}» dura hasta las {b} del día siguiente",
    '"{a}" lasts a day and a night': "«{a}» dura un día y una noche",
    '"{a}" is the same time on every day here': "«{a}» es aquí la misma hora todos los días",
    '"{a}" has no end: open until midnight': "«{a}» no tiene final: abierto hasta medianoche",
    "falls on no day on which hours open: calls are never taken": "no cae en ningún día en que abras: no habría llamadas nunca",
    "does nothing without call_hours": "no hace nada sin call_hours",
    "lasts {a} days, from {b} to {c}": "dura {a} días, del {b} al {c}",
    "your own {a} does not say {{{{ due }}}}: nothing is promised in it": "tu {a} no dice {{{{ due }}}}: no promete nada",
    # His own texts
    "there is no text called {a}": "no hay ningún texto llamado {a}",
    "curly quotes do not count here": "las comillas curvas no valen aquí",
    "there is nothing in it": "está vacío",
    "there is no text in it": "no tiene texto",
    "there are two blocks {a}": "hay dos bloques {a}",
    "{a} would be read as it stands": "{a} se leería tal cual",
    "{a}= has no quotation marks": "{a}= no lleva comillas",
    "{{% {a} %}} is not known": "{{% {a} %}} no se conoce",
    "is no text that is ever sent": "con este nombre no se envía nunca",
    "longer than {a} characters": "tiene más de {a} caracteres",
    "a second line --- html ---": "hay una segunda línea --- html ---",
    "{a}: is not understood": "no se entiende «{a}:»",
    "no empty line behind Subject:": "falta una línea vacía detrás de Subject:",
    "too deeply nested": "hay demasiadas condiciones unas dentro de otras",
    "this text is in no block and would never appear": "este texto no está en ningún bloque y no saldría nunca",
    "{{{{ super() }}}} has nothing above it": "{{{{ super() }}}} no tiene nada encima",
    "only the base of the language may be extended": "solo se puede extender la base del idioma",
    "there is no block {a}": "no hay ningún bloque {a}",
    "there is no {{{{ {a} }}}}": "no existe {{{{ {a} }}}}",
    "there is no filter {a}": "no hay ningún filtro {a}",
    "no texts are sent in {a} yet": "todavía no se envían textos en {a}",
    "{{% {a} %}} is not closed": "{{% {a} %}} no está cerrado",
    "{{# is not closed": "{{# no está cerrado",
    "a loop cannot be used in a text": "en un texto no se pueden usar bucles",
    "a dot behind a variable cannot be used in a text": "en un texto no se puede usar un punto detrás de una variable",
    "brackets behind a variable cannot be used in a text": "en un texto no se pueden usar corchetes detrás de una variable",
    "a macro cannot be used in a text": "en un texto no se pueden usar macros",
    "a call cannot be used in a text": "en un texto no se pueden hacer llamadas",
    "a calculation cannot be used in a text": "en un texto no se pueden hacer cálculos",
    "{a} cannot be used in a text": "en un texto no se puede usar {a}",
}
_SPANISH_INSTEAD = {
    'write only the address, such as "{a}"': 'escribe solo la dirección, por ejemplo "{a}"',
    "write them one by one: {a}": "escríbelas una a una: {a}",
    'write "{a}" for the whole domain': 'escribe "{a}" para todo el dominio',
    'write "{a}" for the whole country': 'escribe "{a}" para todo el país',
    'write "{a}" for the whole country (known: {b})': 'escribe "{a}" para todo el país (se conocen: {b})',
    'write "{a}", or a region such as "{b}"': 'escribe "{a}", o una comunidad, por ejemplo "{b}"',
    'write "{a}" (known: {b})': 'escribe "{a}" (se conocen: {b})',
    'write "{a}" (units: s, m, h, d, w)': 'escribe "{a}" (unidades: s, m, h, d, w)',
    'write "{a}", or leave the line out': 'escribe "{a}", o quita la línea',
    'write "{a}", or remove the line': 'escribe "{a}", o quita la línea',
    'write "{a}"': 'escribe "{a}"',
    "write where recado dkim-key put the key": "escribe dónde dejó la clave recado dkim-key",
    "write one of {a}": "escribe uno de estos: {a}",
    'write a shorter time, such as "{a}"': 'escribe una duración más corta, por ejemplo "{a}"',
    'write a time above zero, such as "{a}"': 'escribe una duración mayor que cero, por ejemplo "{a}"',
    'write "{a}", or a span such as "{b}"': 'escribe "{a}", o un margen, por ejemplo "{b}"',
    'write "closed-period" or "{a}"': 'escribe "closed-period" o "{a}"',
    "write the name of one folder": "escribe el nombre de una sola carpeta",
    "write {a}, or leave the line out": "escribe {a}, o quita la línea",
    "write times with a colon and an end, {a}, as in {b}": "escribe las horas con dos puntos y con un final, {a}, como en {b}",
    "write days and times as in {a}": "escribe los días y las horas como en {a}",
    "write a day that exists": "escribe un día que exista",
    'write when it is open, such as "{a}"': 'escribe cuándo está abierto, por ejemplo "{a}"',
    "write six hexadecimal digits, such as {a}": "escribe seis cifras hexadecimales, por ejemplo {a}",
    "write the last day away, {a} or later": "escribe el último día fuera, {a} o después",
    "write days without quotes, as {a}": "escribe los días sin comillas, como {a}",
    "write a day, as {a}": "escribe un día, como {a}",
    "write only the day, {a}": "escribe solo el día, {a}",
    "write it in one line": "escríbelo en una línea",
    "write it below {a}": "escríbelo debajo de {a}",
    "write {a} on a line of its own": "escribe {a} en una línea aparte",
    "write tables of their own: {a} with two brackets": "escribe tablas aparte: {a}, con dos corchetes",
    "write every entry between double quotes": "escribe cada dirección entre comillas dobles",
    "write true or false, without quotes": "escribe true o false, sin comillas",

    "write pairs in braces, such as {a}": "escribe parejas entre llaves, por ejemplo {a}",
    "write {a} or more": "escribe {a} o más",
    "write what is missing into {a}, or choose one of {b}": "escribe lo que falta en {a}, o elige uno de estos: {b}",
    "write what is missing into {a}": "escribe lo que falta en {a}",
    "write one key = value a line, and # before a remark": "escribe una sola clave = valor por línea, y # antes de un comentario",
    "write key = value, texts in double quotes": "escribe clave = valor, y los textos entre comillas dobles",
    "write key = value or [table]": "escribe clave = valor o [tabla]",
    "write key = value": "escribe clave = valor",
    "write / for each \\": "escribe / en lugar de \\",
    "write plain spaces: one here is of another kind, from a web page or Word":
        "escribe espacios normales: aquí hay uno de otra clase, copiado de una página o de Word",
    "write straight quotes, such as {a}": "escribe comillas rectas, por ejemplo {a}",
    "remove the comma at the end of the line": "quita la coma del final de la línea",
    "put single quotes around it: {a}": "ponlo entre comillas simples: {a}",
    "write a day that exists, as {a}": "escribe un día que exista, como {a}",
    "write plain lists": "escribe listas sencillas",
    'put texts between double quotes, such as "{a}"; dates, numbers, true and false go without':
        'pon los textos entre comillas dobles, por ejemplo "{a}"; las fechas, los números, true y false van sin ellas',
    "put texts between double quotes: {a}": "pon los textos entre comillas dobles: {a}",
    "close the double quotes on the same line": "cierra las comillas dobles en la misma línea",
    "close the double quotes": "cierra las comillas dobles",
    "put a comma between the entries, and ] behind the last": "separa con comas lo que va en la lista y ciérrala con ]",
    "give each [table] once": "pon cada [tabla] una sola vez",
    "give each key once": "pon cada clave una sola vez",
    "give it to one of them": "déjala solo en uno de los dos",
    "move it above the first [table]": "ponla arriba del todo, antes de la primera [tabla]",
    "remove it (known here: {a})": "quítala (aquí valen: {a})",
    "name the files of two owners differently": "pon otro nombre a uno de los dos archivos",
    "make it readable for the service": "haz que el servicio pueda leerlo",
    "mend the link, or remove it": "corrige el enlace, o quítalo",
    "make it shorter": "acórtalo",
    "mend these first": "corrige primero estos",
    "save the file as UTF-8": "guarda el archivo como UTF-8",
    # Half days and calendars
    'write days as 2026-12-24, half days as "{a}"': 'escribe los días como 2026-12-24 y los medios días como "{a}"',
    "write the path of an .ics file, or of a folder of them": "escribe la ruta de un archivo .ics, o de una carpeta con varios",
    "put one there, or remove the folder from the list": "pon uno ahí, o quita la carpeta de la lista",
    "put fewer there": "deja menos ahí",
    "save the calendar as an .ics file beside yours, and name that":
        "guarda el calendario como archivo .ics junto al tuyo, y pon su nombre",
    "write [{a}], in single brackets": "escribe [{a}], con un solo corchete",
    'write one such as "{a}"': 'escribe una, por ejemplo "{a}"',
    "export fewer years": "exporta menos años",
    "export fewer events": "exporta menos citas",
    "export it again as .ics (iCalendar)": "expórtalo otra vez como .ics (iCalendar)",
    "export it again": "expórtalo otra vez",
    "mend the event, and export it again": "corrige la cita y expórtala otra vez",
    "write HOURLY or less often": "escribe HOURLY o menos a menudo",
    "write 1 or more": "escribe 1 o más",
    "write days that exist": "escribe días que existan",
    "begin it later, or end it": "haz que empiece más tarde, o que acabe",
    'write it as RFC 5545 does, such as "{a}"': 'escríbela como dice el RFC 5545, por ejemplo "{a}"',
    # Slips
    'write the whole address, such as "{a}"': 'escribe la dirección entera, por ejemplo "{a}"',
    'write "{a}" if that is not meant': 'escribe "{a}" si no es lo que querías',
    "remove it if that is not meant": "quítalo si no es lo que querías",
    "write another end if that is not meant": "escribe otro final si no es lo que querías",
    "write another year, if that is not meant": "escribe otro año, si no es lo que querías",
    "write the time": "escribe la hora",
    'write it, as in "{a}"': 'escríbelo, como en "{a}"',
    "write days that are in hours": "escribe días que estén en hours",
    "add it to the text": "añádelo al texto",
    # His own texts
    "name the file {a}": "llama al archivo {a}",
    'name it like a shipped text, such as "{a}"': 'llámalo como un texto de fábrica, por ejemplo "{a}"',
    'write straight ones, such as "{a}"': 'escribe comillas rectas, por ejemplo "{a}"',
    'name it with its language, such as "{a}"': 'ponle su idioma en el nombre, por ejemplo "{a}"',
    'name it "{a}"': 'llámalo "{a}"',
    'save it as plain text, "{a}"': 'guárdalo como texto sin formato, "{a}"',
    'put the HTML into "{a}", below a line --- html ---': 'pon el HTML en "{a}", debajo de una línea --- html ---',
    "put both texts into one": "pon los dos textos en uno",
    "write the text, or delete the file: then the shipped text is used":
        "escribe el texto, o borra el archivo: entonces vale el de fábrica",
    'write {a}="{{{{ … }}}}"': 'escribe {a}="{{{{ … }}}}"',
    "write {{{{ {a} }}}} with two braces": "escribe {{{{ {a} }}}} con dos llaves",
    "write {{% and %}} with no space between": "escribe {{% y %}} sin espacio en medio",
    "shorten the text": "acorta el texto",
    "leave one": "deja una",
    "write Subject: whatever the language": "escribe Subject: en cualquier idioma",
    "leave one empty line before the text": "deja una línea vacía antes del texto",
    "write it simpler": "escríbelo más sencillo",
    "put it between {{% block body %}} and {{% endblock %}}": "ponlo entre {{% block body %}} y {{% endblock %}}",
    "remove it": "quítalo",
    "use one of {a}": "usa uno de estos: {a}",
    "only {{{{ super() }}}} may be called, inside a block": "solo se puede llamar a {{{{ super() }}}}, dentro de un bloque",
    "only {a}": "solo valen {a}",
    "use only variables, {a} and {b}": "usa solo variables, {a} y {b}",
    "write the sentences out": "escribe las frases enteras",
    "write the variable alone, such as {a}": "escribe solo la variable, como {a}",
    "copy the text in": "copia el texto aquí",
    "write the text where it is needed": "escribe el texto donde haga falta",
    "write {{% end{a} %}} where it ends": "escribe {{% end{a} %}} donde acaba",
    "close {{# with #}}": "cierra {{# con #}}",
    "write {a} for a variable and {b} for a condition": "escribe {a} para una variable y {b} para una condición",
    "mend it, or delete the file: then the shipped text is used":
        "corrígelo, o borra el archivo: entonces vale el texto de fábrica",
    "write a list of texts in square brackets, such as {a}": "escribe una lista de textos entre corchetes, por ejemplo {a}",
    "write a list of days in square brackets, such as {a}": "escribe una lista de días entre corchetes, por ejemplo {a}",
    "write a whole number, without quotes": "escribe un número entero, sin comillas",
    "write a text in double quotes": "escribe un texto entre comillas dobles",
    "write a table: {a} on a line of its own": "escribe una tabla: {a} en una línea aparte",
    "write tables with names: {a}": "escribe tablas con nombre: {a}",
    "write {a} or less": "escribe {a} o menos",
    "write {a}, without quotes": "escribe {a}, sin comillas",
    "write {a} between double quotes": "escribe {a}, entre comillas dobles",
    "write {a} with addresses = {b}": "escribe {a} con addresses = {b}",
    "write kind = {a} or kind = {b}": "escribe kind = {a} (trabajo) o kind = {b}",
    'write the name of a place, such as "{a}": it knows the summer':
        'escribe el nombre de un lugar, por ejemplo "{a}": así cuenta la hora de verano',
    "write {a}": "escribe {a}",
}  # fmt: skip
# What the readers of TOML and of texts say is about their own grammar; where, and what to write, is what a person needs.
_SPANISH_GRAMMAR = "no se entiende lo que hay escrito aquí"


def said(problem: Problem, language: str) -> tuple[str, str]:
    """What is wrong and what to write, in `language` as far as it goes."""
    if language != "es":
        return problem.what, problem.instead
    what = None if problem.key == "syntax" else translated(problem.what, True)
    grammar = problem.key == "syntax" or problem.file.suffix == ".txt"
    return (
        what or (_SPANISH_GRAMMAR if grammar else problem.what),
        translated(problem.instead, False) or problem.instead,
    )


def translated(sentence: str, what: bool) -> str | None:
    """In Spanish; None for a sentence that is in no table. `what`: what is wrong, else what to do."""
    found = ((one.fullmatch(sentence), spanish) for one, spanish in _patterns(what))
    return next((spanish.format(**match.groupdict()) for match, spanish in found if match), None)


@cache
def _patterns(what: bool) -> tuple[tuple[re.Pattern[str], str], ...]:
    """Those with the most words of their own first: the loose ones fit many sentences."""
    table = _SPANISH_WHAT if what else _SPANISH_INSTEAD
    ordered = sorted(table.items(), key=lambda pair: -len(re.sub(r"\{[a-z]\}", "", pair[0])))
    return tuple((_pattern(english), spanish) for english, spanish in ordered)


def _pattern(english: str) -> re.Pattern[str]:
    parts = re.split(r"(?<!\{)\{([a-z])\}(?!\})|\{\{\{([a-z])\}\}\}", english)
    pieces = []
    for place in range(0, len(parts), 3):
        pieces.append(re.escape(parts[place].replace("{{", "{").replace("}}", "}")))
        if place + 2 < len(parts):
            plain, braced = parts[place + 1], parts[place + 2]
            pieces.append(f"(?P<{plain}>.+?)" if plain else rf"\{{(?P<{braced}>.+?)\}}")
    return re.compile("".join(pieces), re.S)
