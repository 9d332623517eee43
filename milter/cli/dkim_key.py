"""`recado dkim-key`: a private key for an identity's replies, and the DNS record that goes with it."""

import os
from base64 import b64encode
from pathlib import Path

import click
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from milter.cli import configuration
from milter.cli.names import OneOf, unknown
from milter.core import address
from milter.core.owner import DkimKey, Identity, Kind, Owner
from milter.settings.owner_file import files_of
from milter.settings.values import Settings

RSA, ED25519 = "rsa2048", "ed25519"
LONGEST_STRING = 255  # octets in one string of a TXT record (RFC 1035 section 3.3)
SELECTOR = "recado"
PrivateKey = RSAPrivateKey | Ed25519PrivateKey


@click.command("dkim-key")
@configuration.option
@click.option("--identity", metavar="[OWNER/]NAME", help="Whose replies it signs. Default: the only business identity.")
@click.option("--type", "kind", type=OneOf([RSA, ED25519]), default=RSA, show_default=True)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Default: dkim/SELECTOR.DOMAIN.pem here.")
def command(file: Path, identity: str | None, kind: str, out: Path | None) -> None:
    """Make a DKIM key (mode 0600, never over an existing file), print its DNS record and the line for the owner's file.

    ed25519 signatures are small, but many receivers do not verify them yet: take rsa2048 unless you know better.
    """
    settings = configuration.settings_in(file)
    owner, one = _identity(settings, identity)
    dkim = one.dkim or DkimKey(address.normal_domain(_domain(one)), SELECTOR, "")
    place = (out or Path(dkim.key_file or file.parent / "dkim" / f"{dkim.selector}.{dkim.domain}.pem")).absolute()
    private = _make(kind)
    _write(place, private, settings.state_dir)
    click.echo(f"The private key is in {place}, readable for {_reader(place)}.\n")
    click.echo(_publish(dkim, private))
    click.echo(_configure(settings, owner, one, dkim, place))


def _identity(settings: Settings, wanted: str | None) -> tuple[Owner, Identity]:
    owner_id, slash, name = (wanted or "").rpartition("/")
    business = [
        (owner, one) for owner in settings.policy.owners for one in owner.identities if one.kind is Kind.BUSINESS
    ]
    found = [
        (owner, one)
        for owner, one in business
        if wanted is None or (one.name == name and (not slash or owner.id == owner_id))
    ]
    if len(found) == 1:
        return found[0]
    known = [f"{owner.id}/{one.name}" for owner, one in (found or business)]
    if wanted and not found:
        raise unknown(wanted, "business identity", known, "--identity")
    raise click.BadParameter(
        f"which business identity? There are: {', '.join(known) or 'none'}", param_hint="--identity"
    )


def _domain(identity: Identity) -> str:
    return identity.addresses[0].rpartition("@")[2]


def _make(kind: str) -> PrivateKey:
    return Ed25519PrivateKey.generate() if kind == ED25519 else generate_private_key(65537, 2048)


def _write(place: Path, private: PrivateKey, state_dir: Path) -> None:
    content = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        place.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        handle = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise click.ClickException(
            f"{place} exists and is left as it is; for a new key take another selector, or another --out"
        ) from error
    except OSError as error:
        raise click.ClickException(f"{place}: {error.strerror}; choose another --out, or run this as root") from error
    try:
        with os.fdopen(handle, "wb") as written:
            _hand_over(written.fileno(), state_dir)
            written.write(content)
            written.flush()
            os.fsync(written.fileno())
    except OSError as error:
        place.unlink(missing_ok=True)
        raise click.ClickException(f"{place}: {error.strerror}") from error


def _hand_over(handle: int, state_dir: Path) -> None:
    """A key that root makes belongs to the service, which is who owns state_dir: else it could not sign with it."""
    if os.geteuid() != 0:
        return
    try:
        service = state_dir.stat()
    except OSError:
        return
    os.fchown(handle, service.st_uid, service.st_gid)


def _reader(place: Path) -> str:
    """Who may read the key, in words."""
    if place.stat().st_uid == 0:
        return f"root alone (if the service runs as another user: chown USER {place})"
    try:
        return f"{place.owner()} alone"
    except KeyError:
        return "its user alone"


def record(private: PrivateKey) -> str:
    """The value of the TXT record (RFC 6376 section 3.6.1, RFC 8463 section 4 for ed25519)."""
    public = private.public_key()
    if isinstance(private, Ed25519PrivateKey):
        return f"v=DKIM1; k=ed25519; p={b64encode(public.public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()}"
    der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return f"v=DKIM1; k=rsa; p={b64encode(der).decode()}"


def _publish(dkim: DkimKey, private: PrivateKey) -> str:
    name, value = f"{dkim.selector}._domainkey.{dkim.domain}", record(private)
    strings = [value[at : at + LONGEST_STRING] for at in range(0, len(value), LONGEST_STRING)]
    quoted = "\n".join(f'    "{one}"' for one in strings)
    return (
        f"In a zone file:\n\n{name}. IN TXT (\n{quoted}\n)\n\n"
        f"In a web panel (type TXT, all in one line; some panels add the domain to the name themselves):\n\n"
        f"{name}\n{value}\n"
    )


def _configure(settings: Settings, owner: Owner, identity: Identity, dkim: DkimKey, place: Path) -> str:
    file = next((one for one in files_of(settings.file, settings.owners) if one.stem == owner.id), Path(owner.id))
    first = f"When the record is published, write into {file}, "
    table = f"[identity.{identity.name}.dkim]"
    if identity.dkim is None:
        return (
            f'{first}as a table of its own:\n\n{table}\ndomain   = "{dkim.domain}"\nselector = "{dkim.selector}"\n'
            f'key_file = "{place}"'
        )
    if dkim.key_file and Path(dkim.key_file).absolute() == place:
        return f"{file} names this file already, so replies are signed with it from now on: publish the record at once."
    return f'{first}under {table}:\n\nkey_file = "{place}"'
