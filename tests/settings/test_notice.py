"""Whom to tell what: of warnings only slips, a problem once, again when it changed, and whose mailbox it is."""

from dataclasses import replace
from pathlib import Path

import pytest

from milter.settings.notice import Notice, Told, notices
from milter.settings.values import Problem
from tests.settings.samples import OWNER, House

BAD = OWNER.replace("Europe/Madrid", "Europe/Madird")
A, B = (Problem(Path("ana.toml"), line, "key", what, "mend it") for line, what in ((3, "wrong"), (9, "worse")))


def notice(*problems: Problem, owner: str = "ana") -> Notice:
    return Notice(owner, "es", "ana@estudio.example", problems, True)


STORY = [  # what is wrong at each look -> whom it tells of it
    ((), ()),
    ((notice(A),), ("ana",)),
    ((notice(A),), ()),
    ((notice(replace(A, line=30)),), ()),
    ((notice(A, B),), ("ana",)),
    ((notice(A, B), notice(A, owner="bea")), ("bea",)),
    ((notice(B), notice(A, owner="bea")), ()),
    ((notice(B),), ()),
    ((notice(B), notice(A, owner="bea")), ("bea",)),
    ((), ()),
    ((notice(B),), ("ana",)),
]


@pytest.mark.parametrize("restarted", [False, True])
def test_told_once(tmp_path: Path, restarted: bool) -> None:
    told = Told(tmp_path / "told.json")
    for wrong, expected in STORY:
        if restarted:
            told = Told(tmp_path / "told.json")
            told.load()
        assert tuple(one.owner for one in told.news(wrong)) == expected
        told.save()


def test_what_was_never_delivered_is_told_after_a_restart(tmp_path: Path) -> None:
    told = Told(tmp_path / "told.json")
    assert told.news((notice(A),)) and not told.news((notice(A),))
    again = Told(tmp_path / "told.json")
    again.load()
    assert again.news((notice(A),))


@pytest.mark.parametrize("content", [b"", b"junk", b"[1]", b'{"ana": 3}', b"\xff", b"[[]]"])
def test_a_memory_that_is_junk_is_empty(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "told.json"
    file.write_bytes(content)
    told = Told(file)
    told.load()
    assert told.news((notice(A),))


def test_a_disk_that_is_full_is_a_log_line(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    told = Told(tmp_path / "gone" / "told.json")
    told.news((notice(A),))
    told.save()
    assert "cannot remember" in caplog.text


def test_it_holds_no_words(tmp_path: Path) -> None:
    told = Told(tmp_path / "told.json")
    told.news((notice(A),))
    told.save()
    assert "wrong" not in (tmp_path / "told.json").read_text()


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def test_warnings_are_no_notice(house: House) -> None:
    house.owner(OWNER + 'hours = "Mo-Fr 10:00-12:00; PH off"\n')
    loaded = house.load()
    assert len(loaded.of_owners) == 1 and notices(loaded.of_owners) == ()


SLIPS = {
    "a night that is a day": 'hours = "Mo-Fr 23:30-16:00"',
    "a vacation of years": "[[vacation]]\nfrom = 2020-12-24\nto = 2027-01-06",
    "calls when it never opens": 'hours = "Mo-Fr 10:00-12:00"\ncall_hours = "Sa 10:00-12:00"',
}


@pytest.mark.parametrize("text", SLIPS.values(), ids=SLIPS)
def test_what_was_hardly_meant_is_told_although_it_is_in_force(house: House, text: str) -> None:
    house.owner(f"{OWNER}{text}\n")
    loaded = house.load()
    (found,) = notices(loaded.of_owners)
    assert not found.broken and len(found.problems) == 1
    assert loaded.settings and loaded.settings.policy.owners, "nothing is left out for it"


def test_a_text_of_another_name_is_told(house: House) -> None:
    house.write("owners/ana/cerrado.es.txt", "Hola")
    house.write("owners/ana/closed.txt", "Hola")
    house.write("owners/ana/remember.txt", "no text of ours")
    (found,) = notices(house.load().of_owners)
    assert [one.file.name for one in found.problems] == ["cerrado.es.txt", "closed.txt"]
    assert [one.instead for one in found.problems] == [
        'name it "closed.es.txt"',
        'name it with its language, such as "closed.es.txt"',
    ]


MAILBOXES = [  # the good file, the broken one -> mailbox, in force
    (OWNER, BAD, "ana@estudio.example", True),
    (OWNER, "not toml", "ana@estudio.example", True),
    (OWNER + 'mailbox = "box@estudio.example"\n', "not toml", "box@estudio.example", True),
    (OWNER, BAD.replace("ana@estudio", "new@estudio"), "ana@estudio.example", True),
    ("", BAD, "ana@estudio.example", False),
    ("", BAD + "broken", "", False),
    ("", BAD + 'mailbox = "box@estudio.example"\nbroken', "box@estudio.example", False),
]


@pytest.mark.parametrize(("good", "bad", "mailbox", "in_force"), MAILBOXES, ids=range(len(MAILBOXES)))
def test_where_to_tell_it(house: House, good: str, bad: str, mailbox: str, in_force: bool) -> None:
    house.owner(good)
    previous = house.load().settings if good else None
    house.owner(bad)
    (found,) = notices(house.load(previous).of_owners)
    assert (found.owner, found.mailbox, found.in_force) == ("ana", mailbox, in_force)


def test_one_notice_for_file_and_texts(house: House) -> None:
    house.owner(BAD)
    house.write("owners/ana/closed.es.txt", "BROKEN")
    (found,) = notices(house.load().of_owners)
    assert [one.file.name for one in found.problems] == ["ana.toml", "closed.es.txt"]


def test_a_broken_text_keeps_the_last_good_one_of_all_his_texts(house: House) -> None:
    house.write("owners/ana/closed.es.txt", "mine")
    good = house.settings()
    house.write("owners/ana/closed.es.txt", "BROKEN")
    kept = house.settings(good)
    assert kept.texts["ana"]["closed.es.txt"] == "mine"
    house.write("owners/ana/closed.es.txt", "mine again")
    assert house.settings(kept).texts["ana"]["closed.es.txt"] == "mine again"
