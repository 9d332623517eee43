"""What people write in Spanish where the files have an English word."""

import unicodedata
from collections.abc import Iterable

# A word may mean several keys: the first that is known where it stands.
_MEANT = {
    "abierto": ("hours",),
    "activo": ("live",),
    "agenda": ("booking", "calendars"),
    "alertas": ("alerts",),
    "apagado": ("off",),
    "avisos": ("alerts",),
    "calendario": ("calendars",),
    "calendarios": ("calendars",),
    "canales": ("channels",),
    "carpetas": ("folders",),
    "citas": ("booking",),
    "cliente": ("client",),
    "clientes": ("client", "clients"),
    "concentracion": ("focus",),
    "contactos": ("contacts",),
    "copias": ("copies",),
    "correo": ("addresses",),
    "correos": ("addresses",),
    "cribado": ("screened",),
    "cupo": ("urgent_quota",),
    "de": ("from",),
    "desde": ("from",),
    "dias": ("days_off",),
    "dias_libres": ("days_off",),
    "dias_sueltos": ("days_off",),
    "direccion": ("addresses",),
    "direcciones": ("addresses",),
    "encendido": ("live",),
    "ensayo": ("shadow",),
    "espera": ("delay",),
    "familia": ("people",),
    "festivos": ("holidays", "days_off"),
    "fin": ("to",),
    "hasta": ("to",),
    "horario": ("hours",),
    "horario_llamadas": ("call_hours",),
    "horarios": ("hours",),
    "horas": ("hours",),
    "identidad": ("identity",),
    "idioma": ("language",),
    "inicio": ("from",),
    "invitaciones": ("invitations",),
    "lengua": ("language",),
    "llamadas": ("call_hours",),
    "marca": ("brand",),
    "modo": ("mode",),
    "nombre": ("name",),
    "nombres": ("names",),
    "pagina": ("website",),
    "personas": ("people",),
    "repetir": ("repeat",),
    "respuestas": ("replies",),
    "retraso": ("delay",),
    "tarifa": ("plan",),
    "tono": ("tone",),
    "trato": ("tone",),
    "tu": ("informal",),
    "urgente": ("urgent",),
    "usted": ("formal",),
    "vacacion": ("vacation",),
    "vacaciones": ("vacation",),
    "vivo": ("live",),
    "web": ("website",),
    "zona": ("timezone",),
    "zona_horaria": ("timezone",),
}


def meant(word: str, known: Iterable[str]) -> str | None:
    """Which of `known` the word stands for; None if it is in no table here."""
    folded = unicodedata.normalize("NFD", word.strip().casefold())
    plain = "".join("_" if one in " -" else one for one in folded if not unicodedata.combining(one))
    there = set(known)
    return next((one for one in _MEANT.get(plain, ()) if one in there), None)
