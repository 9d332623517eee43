"""Small configurations in a temporary folder, and what `load` says of them."""

from pathlib import Path

from milter.settings import Loaded, load
from milter.settings.values import Settings

SECRET = bytes(range(32))
HOST = 'hostname = "mx.estudio.example"\n[lmtp]\n[replies]\nmode = "off"\n'
OWNER = """\
name = "Ana"
timezone = "Europe/Madrid"
language = "es"
[identity.studio]
kind = "business"
addresses = ["ana@estudio.example"]
"""


class House:
    """A folder with recado.toml, owners' files and a folder of shipped texts of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "recado.toml"
        self.templates = folder / "templates"
        self.write("templates/closed.es.txt", "shipped es")
        self.write("templates/closed.en.txt", "shipped en")
        self.host(HOST)
        self.owner(OWNER)

    def write(self, name: str, text: str | bytes) -> Path:
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return file

    def host(self, text: str | bytes) -> None:
        self.write("recado.toml", text)

    def owner(self, text: str | bytes, name: str = "ana") -> None:
        self.write(f"owners/{name}.toml", text)

    def load(self, previous: Settings | None = None, secret: bytes | None = SECRET) -> Loaded:
        return load(self.file, previous=previous, secret=secret, templates=self.templates, check_text=broken_if_told)

    def settings(self, previous: Settings | None = None) -> Settings:
        settings = self.load(previous).settings
        assert settings is not None
        return settings

    def lines(self) -> list[str]:
        """What `recado check` prints, with paths relative to the folder."""
        found = self.load().problems
        return [("warning: " if one.warning else "") + str(one).replace(f"{self.folder}/", "") for one in found]


def broken_if_told(name: str, source: str) -> str | None:
    """Stands for the rendering room: a text that says BROKEN is."""
    if "BROKEN" not in source:
        return None
    line = next(number for number, text in enumerate(source.split("\n"), 1) if "BROKEN" in text)
    return f"line {line}: {name} is broken; mend it"
