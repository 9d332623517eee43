"""Several owners on one host: what is broken hurts only its owner, and his last good version stays in force."""

import errno
import os
from pathlib import Path

import pytest

from milter.core.owner import Mode
from milter.settings.values import Settings
from tests.settings.samples import HOST, OWNER, House

BOB = OWNER.replace("Ana", "Bob").replace("ana@estudio.example", "bob@taller.example")
BROKEN = OWNER.replace("Europe/Madrid", "Europe/Madird")


def owners(house: House, previous: Settings | None = None) -> list[str]:
    return [one.id for one in house.settings(previous).policy.owners]


def test_owners_come_in_the_order_of_their_files(house: House) -> None:
    house.owner(BOB, "bob")
    house.owner(OWNER.replace("ana@", "zoe@"), "aa")
    assert owners(house) == ["aa", "ana", "bob"]


def test_a_broken_owner_without_a_good_version_is_left_out(house: House) -> None:
    house.owner(BOB, "bob")
    house.owner(BROKEN)
    assert owners(house) == ["bob"]
    assert house.settings().policy.addressed("ana@estudio.example") is None, "his mail passes untouched"


def test_the_last_good_version_stays_in_force(house: House) -> None:
    house.owner(BOB, "bob")
    house.write("owners/ana/closed.es.txt", "mine")
    good = house.settings()
    house.owner(BROKEN.replace('name = "Ana"', 'name = "Other"'))
    house.owner(BOB.replace('"Bob"', '"Robert"'), "bob")
    house.write("owners/ana/closed.es.txt", "newer")
    found = house.settings(good)
    assert [one.name for one in found.policy.owners] == ["Ana", "Robert"]
    assert found.texts["ana"]["closed.es.txt"] == "mine", "his texts belong to his version"


def test_it_stays_through_several_broken_saves_and_goes_when_mended(house: House) -> None:
    settings = house.settings()
    for text in (BROKEN, "name = ", b"\xff", BROKEN):
        house.owner(text)
        settings = house.settings(settings)
        assert settings.policy.owners[0].name == "Ana"
    house.owner(OWNER.replace('"Ana"', '"Ana Souto"'))
    assert house.settings(settings).policy.owners[0].name == "Ana Souto"


def test_a_broken_text_keeps_the_last_good_version(house: House) -> None:
    good = house.settings()
    house.write("owners/ana/closed.es.txt", "BROKEN")
    house.owner(OWNER.replace('"Ana"', '"Other"'))
    assert house.settings(good).policy.owners[0].name == "Ana"


def test_an_owner_whose_file_is_gone_is_gone(house: House) -> None:
    good = house.settings()
    (house.folder / "owners/ana.toml").unlink()
    assert owners(house, good) == []


def test_a_lower_ceiling_counts_for_a_last_good_version_too(house: House) -> None:
    house.host(HOST.replace('"off"', '"live"\nnext_hop = "smtp:inet:127.0.0.1:10031"'))
    house.owner(OWNER + '[replies]\nmode = "live"\n')
    good = house.settings()
    house.owner(BROKEN)
    house.host(HOST)
    assert house.settings(good).policy.owners[0].replies.mode is Mode.OFF


def test_a_broken_recado_toml_gives_no_settings(house: House) -> None:
    good = house.settings()
    house.host(HOST + "mod = 1\n")
    assert house.load(good).settings is None


def test_an_address_of_two_owners_breaks_the_second_file(house: House) -> None:
    house.owner(BOB.replace('["bob@', '["ANA@estudio.example", "bob@'), "bob")
    assert house.lines() == [
        'owners/bob.toml:6: identity.studio.addresses: "ana@estudio.example" belongs to the owner in ana.toml already; '
        "give it to one of them"
    ]
    assert owners(house) == ["ana"]


def test_nobody_takes_an_address_by_saving_a_file(house: House) -> None:
    house.owner(BOB, "bob")
    good = house.settings()
    house.owner(OWNER.replace('["ana@', '["bob@taller.example", "ana@'))
    found = house.load(good)
    assert [one.file.name for one in found.problems] == ["ana.toml"]
    assert found.settings is not None
    bob = found.settings.policy.addressed("bob@taller.example")
    assert bob is not None and bob.owner.id == "bob"
    assert [one.id for one in found.settings.policy.owners] == ["ana", "bob"]


def test_an_address_can_change_hands(house: House) -> None:
    house.owner(BOB, "bob")
    good = house.settings()
    house.owner(BOB.replace("bob@taller", "roberto@taller"), "bob")
    house.owner(OWNER.replace('["ana@', '["bob@taller.example", "ana@'))
    found = house.settings(good).policy.addressed("bob@taller.example")
    assert found is not None and found.owner.id == "ana"


def test_a_catch_all_of_one_does_not_clash_with_an_address_of_another(house: House) -> None:
    house.owner(OWNER.replace('["ana@', '["@taller.example", "ana@'))
    house.owner(BOB, "bob")
    assert house.lines() == []


def test_two_files_of_one_name(house: House) -> None:
    house.host(HOST.replace("[lmtp]", 'owners = "owners*/*.toml"\n[lmtp]'))
    house.write("owners2/ana.toml", BOB)
    assert len(house.lines()) == 1
    assert house.lines()[0].startswith('owners2/ana.toml:1: id: "ana" is the name of ')
    assert owners(house) == ["ana"]


def test_no_owner_at_all_is_warned_of(house: House) -> None:
    house.host(HOST.replace("[lmtp]", 'owners = "people/*.toml"\n[lmtp]'))
    assert house.lines() == [
        'warning: recado.toml:2: owners: no file matches "people/*.toml": all mail passes untouched; '
        "write one, such as owners/ana.toml"
    ]


def test_the_owners_may_lie_elsewhere(house: House) -> None:
    house.write("elsewhere/ana.toml", OWNER.replace('"Ana"', '"Elsewhere"'))
    house.host(HOST.replace("[lmtp]", f'owners = "{house.folder}/elsewhere/*.toml"\n[lmtp]'))
    assert house.settings().policy.owners[0].name == "Elsewhere"


def test_a_careless_file_gives_no_endless_list(house: House) -> None:
    clients = "".join(f'[client.c{n}]\naddresses = ["@c{n}.example"]\nlangauge = "es"\n' for n in range(150))
    house.owner(OWNER + clients)
    found = house.lines()
    assert len(found) == 101
    assert "owners/ana.toml:1: file: there are more; mend these first" in found


def test_many_warnings_do_not_hide_a_problem(house: House) -> None:
    plans = "".join(f'[plan.p{n}]\nurgent = "notify"\n' for n in range(150))
    house.owner(OWNER + plans + "[people]\npointer = 1\n")
    assert next(line for line in house.lines() if "warning" not in line).startswith(
        "owners/ana.toml:308: people.pointer: "
    )
    assert owners(house) == []


def test_a_file_that_is_no_settings_at_all(house: House) -> None:
    house.owner("# " + "x" * (1 << 20))
    assert house.lines() == ["owners/ana.toml:1: file: has more than 1048576 bytes; make it shorter"]


def test_a_problem_can_be_told_to_its_owner(house: House) -> None:
    """Whose it is, and in which language to write to him, even when his file is no TOML any more."""
    house.owner(BROKEN)
    house.owner(BOB.replace('"es"', '"en"') + "x = \n", "bob")
    house.write("owners/ana/closed.es.txt", "BROKEN")
    told = [(one.owner, one.language, one.problem.file.name) for one in house.load().of_owners]
    assert told == [("ana", "es", "ana.toml"), ("ana", "es", "closed.es.txt"), ("bob", "en", "bob.toml")]


def test_the_language_of_an_unreadable_file_is_the_last_known(house: House) -> None:
    good = house.settings()
    house.owner(b"\xff")
    assert [one.language for one in house.load(good).of_owners] == ["es"]
    assert [one.language for one in house.load().of_owners] == ["en"]


def test_sysadmins_problems_are_not_told_to_owners(house: House) -> None:
    house.host(HOST + "mod = 1\n")
    assert house.load().of_owners == ()


def test_a_folder_of_owners_that_may_not_be_entered_is_no_empty_one(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """root may enter every folder, so the refusal is pretended."""

    scandir = os.scandir

    def refuse(folder: str | Path) -> "os._ScandirIterator[str]":
        if Path(folder).name == "owners":
            raise PermissionError(errno.EACCES, "Permission denied", str(folder))
        return scandir(folder)

    (house.folder / "owners" / "ana.toml").unlink()
    monkeypatch.setattr(os, "scandir", refuse)
    (line,) = house.lines()
    assert line == (
        "recado.toml:1: owners: owners cannot be read (Permission denied); run chgrp recado owners && chmod 750 owners"
    )
    assert house.load().broken


def test_a_folder_of_texts_that_may_not_be_entered_is_no_empty_one(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the shipped texts would go out in his name."""

    scandir = os.scandir

    def refuse(folder: str | Path) -> "os._ScandirIterator[str]":
        if Path(folder).name == "ana":
            raise PermissionError(errno.EACCES, "Permission denied", str(folder))
        return scandir(folder)

    house.write("owners/ana/closed.es.txt", "my own")
    assert house.lines() == []
    with monkeypatch.context() as pretended:
        pretended.setattr(os, "listdir", lambda folder: [one.name for one in refuse(folder)])
        pretended.setattr(os, "scandir", refuse)
        (line,) = house.lines()
    assert line == "owners/ana:1: ana: cannot be read (Permission denied); make it readable for the service"


def test_a_link_to_nowhere_is_named_and_hurts_nobody_else(house: House) -> None:
    (house.folder / "owners" / "bob.toml").symlink_to(house.folder / "nowhere.toml")
    assert house.lines() == [
        "owners/bob.toml:1: file: cannot be read (No such file or directory); mend the link, or remove it"
    ]
    assert owners(house) == ["ana"]


def test_what_is_no_file_is_nobodys(house: House) -> None:
    (house.folder / "owners" / "bob.toml").mkdir()
    os.mkfifo(house.folder / "owners" / "eva.toml")
    assert house.lines() == []
