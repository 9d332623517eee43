"""Spain's public holidays as people say them, by what the `holidays` library calls them in Spanish.

Official names stay unsaid ("Natividad del Señor" is Navidad), and so does what nobody says in the reader's language.
"""

from milter.core.hours import Holiday

_MOVED = "Lunes siguiente a "  # what a region calls the Monday it moved a Sunday's holiday to
_ESTIMATED = " (estimado)"  # feasts that go by the moon
_TOGETHER = "; "  # two on one day

_ORDER = ("es", "ca", "gl", "eu", "pt", "fr", "de", "en")
_TABLE = """
Año Nuevo | Año Nuevo | Cap d'Any | Aninovo | Urteberri | Ano Novo | jour de l'An | Neujahr | New Year's Day
Epifanía del Señor | Reyes | Reis | Reis | Errege eguna | Dia de Reis | Épiphanie | Heilige Drei Könige | Epiphany
San José | San José | Sant Josep | San Xosé | San Jose | São José | Saint-Joseph | Josefstag | Saint Joseph's Day
Jueves Santo | Jueves Santo | Dijous Sant | Xoves Santo | Ostegun Santua | Quinta-feira Santa | Jeudi saint | Gründonnerstag | Maundy Thursday
Viernes Santo | Viernes Santo | Divendres Sant | Venres Santo | Ostiral Santua | Sexta-feira Santa | Vendredi saint | Karfreitag | Good Friday
Lunes de Pascua | Lunes de Pascua | Dilluns de Pasqua | Luns de Pascua | Pazko astelehena | Segunda-feira de Páscoa | lundi de Pâques | Ostermontag | Easter Monday
Fiesta del Trabajo | Primero de Mayo | Primer de Maig | Primeiro de Maio | Maiatzaren Lehena | Dia do Trabalhador | 1er Mai | Tag der Arbeit | May Day
Día de las Letras Gallegas | Letras Gallegas | Lletres Gallegues | Letras Galegas | Galiziako Letren eguna | Letras Galegas | | | Galician Literature Day
San Juan | San Juan | Sant Joan | San Xoán | San Joan | São João | Saint-Jean | Johannistag | Saint John's Day
Día Nacional de Galicia | Santiago | Sant Jaume | Día de Galicia | Santiago eguna | Santiago | Saint-Jacques | Jakobstag | Saint James's Day
Santiago Apóstol | Santiago | Sant Jaume | Santiago | Santiago eguna | Santiago | Saint-Jacques | Jakobstag | Saint James's Day
Asunción de la Virgen | la Asunción | l'Assumpció | a Asunción | Andre Maria eguna | Assunção | Assomption | Mariä Himmelfahrt | Assumption Day
Fiesta Nacional de España | Fiesta Nacional | Festa Nacional | Festa Nacional | Pilar eguna | Dia Nacional de Espanha | fête nationale espagnole | spanischer Nationalfeiertag | Spain's National Day
Todos los Santos | Todos los Santos | Tots Sants | Todos os Santos | Domu Santu eguna | Todos os Santos | Toussaint | Allerheiligen | All Saints' Day
Día de la Constitución Española | la Constitución | la Constitució | a Constitución | Konstituzio eguna | Dia da Constituição | jour de la Constitution | Tag der Verfassung | Constitution Day
Inmaculada Concepción | la Inmaculada | la Immaculada | a Inmaculada | Sortzez Garbia | Imaculada Conceição | Immaculée Conception | Mariä Empfängnis | the Immaculate Conception
Natividad del Señor | Navidad | Nadal | Nadal | Eguberri | Natal | Noël | Weihnachten | Christmas Day
San Esteban | San Esteban | Sant Esteve | Santo Estevo | San Esteban | Santo Estêvão | Saint-Étienne | Stephanstag | Saint Stephen's Day
Corpus Christi | Corpus | Corpus | Corpus | Corpus eguna | Corpo de Deus | Fête-Dieu | Fronleichnam | Corpus Christi
Día de la Pascua Granada | la Segunda Pascua | la Segona Pasqua | Luns de Pentecoste | Mendekoste astelehena | Segunda-feira de Pentecostes | lundi de Pentecôte | Pfingstmontag | Whit Monday
Día de Andalucía | Día de Andalucía | Dia d'Andalusia | Día de Andalucía | Andaluziako eguna | Dia da Andaluzia | | | Andalusia Day
Día de Asturias | Día de Asturias | Dia d'Astúries | Día de Asturias | Asturiasko eguna | Dia das Astúrias | | | Asturias Day
Día de Canarias | Día de Canarias | Dia de Canàries | Día de Canarias | Kanarietako eguna | Dia das Canárias | | | Canary Islands Day
Día de Castilla-La Mancha | Día de Castilla-La Mancha | Dia de Castella-la Manxa | Día de Castela-A Mancha | | | | | Castilla-La Mancha Day
Fiesta de Castilla y León | Día de Castilla y León | Dia de Castella i Lleó | Día de Castela e León | | | | | Castile and León Day
Día de Ceuta | Día de Ceuta | Dia de Ceuta | Día de Ceuta | Ceutako eguna | Dia de Ceuta | | | Ceuta Day
Día de Extremadura | Día de Extremadura | Dia d'Extremadura | Día de Estremadura | Extremadurako eguna | | | | Extremadura Day
Día de La Rioja | Día de La Rioja | Dia de la Rioja | Día da Rioxa | Errioxako eguna | | | | La Rioja Day
Día de Melilla | Día de Melilla | Dia de Melilla | Día de Melilla | Melillako eguna | Dia de Melilla | | | Melilla Day
Día de la Región de Murcia | Día de la Región | Dia de Múrcia | Día de Murcia | Murtziako eguna | Dia de Múrcia | | | Murcia Day
Día de las Instituciones de Cantabria | Día de las Instituciones | Dia de les Institucions | Día das Institucións | | | | |
Día de las Islas Baleares | Día de Baleares | Dia de les Illes Balears | Día das Baleares | Balear Uharteetako eguna | Dia das Baleares | | | Balearic Islands Day
Día de la Comunidad Valenciana | Nueve de Octubre | Nou d'Octubre | Nove de Outubro | | | | |
Fiesta de la Comunidad de Madrid | Dos de Mayo | Dos de Maig | Dous de Maio | | | | |
Fiesta Nacional de Cataluña | la Diada | la Diada | a Diada | Diada | Diada | Diada | Diada | the Diada
Día de San Jorge | San Jorge | Sant Jordi | San Xurxo | San Jorge | São Jorge | Saint-Georges | Georgstag | Saint George's Day
San Antonio | San Antonio | Sant Antoni | Santo Antonio | San Antonio | Santo António | Saint-Antoine | Antoniustag | Saint Anthony's Day
San Francisco Javier | San Francisco Javier | Sant Francesc Xavier | San Francisco Xavier | San Frantzisko Xabier | São Francisco Xavier | Saint-François-Xavier | | Saint Francis Xavier's Day
Nuestra Señora de la Merced | la Merced | la Mercè | a Mercé | Mertzede eguna | | la Mercè | | La Mercè
Nuestra Señora de África | la Virgen de África | la Mare de Déu d'Àfrica | a Virxe de África | | | | |
Día de Nuestra Señora la Virgen de la Victoria | la Virgen de la Victoria | la Mare de Déu de la Victòria | a Virxe da Vitoria | | | | |
La Bien Aparecida | la Bien Aparecida | | | | | | |
Fiesta del Eid Fitr | fin del Ramadán | fi del Ramadà | fin do Ramadán | Ramadanaren amaiera | fim do Ramadão | Aïd el-Fitr | Fest des Fastenbrechens | Eid al-Fitr
Fiesta de Culminación del Ramadán-Eidul Fitr | fin del Ramadán | fi del Ramadà | fin do Ramadán | Ramadanaren amaiera | fim do Ramadão | Aïd el-Fitr | Fest des Fastenbrechens | Eid al-Fitr
Fiesta del Sacrificio-Eidul Adha | Fiesta del Sacrificio | Festa del Sacrifici | Festa do Sacrificio | Sakrifizioaren jaia | Festa do Sacrifício | Aïd el-Kébir | Opferfest | Eid al-Adha
Fiesta del Sacrificio-Aid Al Adha | Fiesta del Sacrificio | Festa del Sacrifici | Festa do Sacrificio | Sakrifizioaren jaia | Festa do Sacrifício | Aïd el-Kébir | Opferfest | Eid al-Adha
"""  # noqa: E501


def _rows(table: str) -> dict[str, dict[str, str]]:
    rows = ([cell.strip() for cell in line.split("|")] for line in table.strip().splitlines())
    return {official: dict(zip(_ORDER, said, strict=True)) for official, *said in rows}


NAMES = _rows(_TABLE)
"""Official name -> language -> as people say it, "" where they do not."""


def holiday_name(holiday: Holiday, language: str, country: str) -> str:
    """As people say it in the reader's language; "" if we do not know. Of two on one day, the first that has a name."""
    if country != "ES":
        return ""
    official = holiday.name.removeprefix(_MOVED).removesuffix(_ESTIMATED)
    said = (NAMES.get(one, {}).get(language, "") for one in official.split(_TOGETHER))
    return next((one for one in said if one), "")
