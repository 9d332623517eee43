"""What was mistyped on the command line is told with the nearest that there is, and exits with 2."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from milter.cli import main
from tests.cli.office import Office

CLIENTS = "'acne' is no client of ana; there are: acme, bistro; did you mean acme?"
IDENTITIES = "'studi' is no business identity; there are: ana/studio; did you mean ana/studio?"
OWNERS = "'anna' is no owner; there are: ana; did you mean ana?"
TYPED = {
    "agenda --client acne": CLIENTS,
    "next-opening --client acne": CLIENTS,
    "preview closed --client acne": CLIENTS,
    "preview closed --client nobody": "'nobody' is no client of ana; there are: acme, bistro\n",
    "preview closed --identity studi": IDENTITIES,
    "dkim-key --identity studi": IDENTITIES,
    "agenda --identity studi": "'studi' is no identity; there are: ana/studio, ana/home; did you mean ana/studio?",
    "lint --owner anna": OWNERS,
    "replies --owner anna": OWNERS,
    "replies live --owner anna": OWNERS,
    "promises --owner anna": OWNERS,
    "replies ensayo": "did you mean shadow?",
    "preview closde": "did you mean closed?",
    "preview vacaciones": "did you mean vacation?",
    "preview closed --tone usted": "did you mean formal?",
    "preview closed --language castellano": 'write "es"',
    "preview closed --language it": 'write one of "ca", "de", "en"',
}


@pytest.mark.parametrize("typed", TYPED)
def test_the_nearest_is_named(tmp_path: Path, typed: str) -> None:
    result = Office(tmp_path / "etc").run(*typed.split())
    assert result.exit_code == 2 and TYPED[typed] in result.stderr


@pytest.mark.parametrize(
    ("typed", "said"), [("agend", " Did you mean 'agenda'?"), ("previw", " Did you mean 'preview'?"), ("zzz", "\n")]
)
def test_the_nearest_command_is_named(typed: str, said: str) -> None:
    result = CliRunner().invoke(main, [typed])
    assert result.exit_code == 2 and f"No such command {typed!r}.{said}" in result.stderr


def test_a_preview_without_an_owner_blames_no_option_that_was_not_given(tmp_path: Path) -> None:
    office = Office(tmp_path / "etc")
    office.change('name     = "Ana Souto"', "name     = “Ana Souto”", "owners/ana.toml")
    result = office.run("preview", "closed")
    assert result.exit_code == 2 and "no owner whose file can be used has a business identity" in result.stderr


def test_many_clients_are_not_all_listed(tmp_path: Path) -> None:
    office = Office(tmp_path / "etc")
    text = (office.folder / "owners" / "ana.toml").read_text()
    more = "".join(f'[client.c{one}]\naddresses = ["c{one}@c.example"]\n' for one in range(50))
    office.write("owners/ana.toml", text + more)
    result = office.run("agenda", "--client", "bistrot")
    assert result.exit_code == 2 and ", …; did you mean bistro?" in result.stderr and "c40" not in result.stderr
