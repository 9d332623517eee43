"""What the parent polls: whether a file that settings were made of has been saved."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from milter.settings import Watch, fingerprint
from milter.settings.watch import MOST_LOOKS
from tests.settings.samples import OWNER, House


def in_place(house: House) -> None:
    house.owner(OWNER + "# more\n")


def same_size(house: House) -> None:
    file = house.folder / "owners/ana.toml"
    was = file.stat()
    file.write_text(OWNER.replace("Ana", "Eva"))
    os.utime(file, ns=(was.st_atime_ns, was.st_mtime_ns + 1))


def renamed_over(house: House) -> None:
    """As vim does, and here with the old time and size."""
    file = house.folder / "owners/ana.toml"
    was = file.stat()
    draft = house.write("owners/draft", OWNER.replace("Ana", "Eva"))
    os.utime(draft, ns=(was.st_atime_ns, was.st_mtime_ns))
    draft.replace(file)


SAVED: dict[str, Callable[[House], object]] = {
    "in place": in_place,
    "same size": same_size,
    "renamed over": renamed_over,
    "another owner": lambda house: house.owner(OWNER, "bob"),
    "an owner gone": lambda house: (house.folder / "owners/ana.toml").unlink(),
    "his own text": lambda house: house.write("owners/ana/closed.es.txt", "x"),
    "his calendar": lambda house: house.write("owners/ana/fiestas.ics", "x"),
    "who may read it": lambda house: (house.folder / "owners/ana.toml").chmod(0o604),
    "a shipped text": lambda house: house.write("templates/closed.es.txt", "longer than before"),
}


@pytest.mark.parametrize("save", SAVED.values(), ids=SAVED)
def test_a_save_is_seen(house: House, save: Callable[[House], object]) -> None:
    settings = house.settings()
    before = fingerprint(settings, house.templates)
    assert fingerprint(settings, house.templates) == before
    save(house)
    assert fingerprint(settings, house.templates) != before


def test_recado_toml_waits_for_the_signal(house: House) -> None:
    settings = house.settings()
    before = fingerprint(settings, house.templates)
    house.file.write_text(house.file.read_text() + "# more\n")
    assert fingerprint(settings, house.templates) == before


def test_an_editors_swap_file_is_no_save(house: House) -> None:
    house.write("owners/ana/closed.es.txt", "x")
    settings = house.settings()
    before = fingerprint(settings, house.templates)
    house.write("owners/ana/.closed.es.txt.swp", "x")
    house.write("owners/.ana.toml.swp", "x")
    assert fingerprint(settings, house.templates) == before


def test_a_new_key_is_seen(house: House, tmp_path: Path) -> None:
    key = house.write("key.pem", "one")
    house.owner(OWNER + f'[identity.studio.dkim]\nkey_file = "{key}"\n')
    settings = house.settings()
    before = fingerprint(settings, house.templates)
    key.write_text("another")
    assert fingerprint(settings, house.templates) != before


def test_a_file_that_is_still_being_written_waits_for_the_next_look(house: House) -> None:
    """An editor empties it first: of that nobody is to be told that everything is missing."""
    settings = house.settings()

    def look() -> tuple[bool, bool]:
        return watch.saved(fingerprint(settings, house.templates)), watch.writing

    watch = Watch(fingerprint(settings, house.templates))
    assert look() == (False, False)
    house.owner("")
    assert look() == (False, True)
    house.owner(OWNER + 'tone = "formal"\n')
    assert look() == (False, True)
    assert look() == (True, True)
    watch.loading(fingerprint(settings, house.templates))
    assert look() == (False, False)


def test_a_file_that_never_rests_is_loaded_in_the_end(house: House) -> None:
    settings = house.settings()
    watch = Watch(fingerprint(settings, house.templates))
    looks = []
    for one in range(MOST_LOOKS + 1):
        house.owner(f"{OWNER}# {'x' * one}\n")
        looks.append(watch.saved(fingerprint(settings, house.templates)))
    assert looks == [False] * MOST_LOOKS + [True]
