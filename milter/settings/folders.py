"""Folder names: the owner's own, or the custom of his language."""

import re

from milter.core.owner import Folders
from milter.settings.findings import Wrong
from milter.settings.reader import Reader

KEYS = ("clients", "prospects", "alerts", "screened")
CUSTOM = {
    "es": Folders("Clientes/{name}", "", "Avisos"),
    "en": Folders("Clients/{name}", "", "Alerts"),
    "ca": Folders("Clients/{name}", "", "Avisos"),
    "gl": Folders("Clientes/{name}", "", "Avisos"),
    "eu": Folders("Bezeroak/{name}", "", "Abisuak"),
    "pt": Folders("Clientes/{name}", "", "Alertas"),
    "fr": Folders("Clients/{name}", "", "Alertes"),
    "de": Folders("Kunden/{name}", "", "Warnungen"),
}
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_DOTS = re.compile(r"\.{2,}")
# Anything else would have to be quoted or encoded in an address (user+Folder@), or is the server's own separator.
_IN_DETAIL = re.compile(r"[A-Za-z0-9_/-]+")


def read_folders(table: Reader, language: str) -> Folders:
    custom = CUSTOM.get(language, CUSTOM["en"])
    names = {key: table.text(key, getattr(custom, key)) for key in KEYS}
    for key, name in names.items():
        for found in _PLACEHOLDER.findall(name):
            if found != "name" or key != "clients":
                instead = (
                    f'write "{name.replace(f"{{{found}}}", "{name}")}"'
                    if key == "clients"
                    else "write the name of one folder"
                )
                table.problem(key, Wrong(f'"{{{found}}}" stands for nothing', instead))
    return Folders(names["clients"], tidy(names["prospects"]), tidy(names["alerts"]), tidy(names["screened"]))


def client_folder(folders: Folders, name: str, fallback: str) -> str:
    """The finished folder of a client; "" is the inbox."""
    return tidy(folders.clients.replace("{name}", tidy(name) or tidy(fallback)))


def tidy(name: str) -> str:
    """A path that stays inside the mailbox: no control characters, no empty level or one of dots, no ".." at all."""
    clean = "".join(one for one in name if ord(one) >= 32 and ord(one) != 127)
    levels = (_DOTS.sub(".", level).strip(" ") for level in clean.split("/"))
    return "/".join(level for level in levels if level not in ("", "."))


def fits_detail(name: str) -> bool:
    """Whether `filing.method = "detail"` can file into it; the inbox needs no filing."""
    return not name or bool(_IN_DETAIL.fullmatch(name))
