"""Hours for people who will not learn the grammar: one word for a usual week in Spain."""

from collections.abc import Mapping

from milter.settings.findings import nearest

PRESETS: Mapping[str, str] = {
    "morning": "Mo-Fr 09:00-14:00",
    "afternoon": "Mo-Fr 16:00-20:00",
    "night": "Mo-Fr 20:00-24:00",
    "split": "Mo-Fr 09:00-14:00,16:00-19:00",
}
_SAID = {
    "morning": ("mornings", "mañana", "mañanas", "matí", "mañá", "manhã", "goiza", "matin", "morgens", "vormittag"),
    "afternoon": ("afternoons", "tarde", "tardes", "tarda", "arratsaldea", "après-midi", "nachmittag"),
    "night": ("nights", "evening", "noche", "noches", "nit", "noite", "gaua", "soir", "abend"),
    "split": ("partida", "partido", "jornada partida", "mañana y tarde"),
}


def expression(text: str) -> str:
    """The expression that a preset stands for; anything else as it is."""
    return PRESETS.get(text.strip(), text)


def meant(text: str) -> str | None:
    """The preset that somebody means who writes `Mornings`, `tardes` or `splitt`; None if none comes near."""
    plain = text.strip().casefold()
    for preset, words in _SAID.items():
        if plain == preset or plain in words:
            return preset
    return nearest(plain, PRESETS, 0.75) if plain.isalpha() else None
