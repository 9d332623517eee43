"""The secret of the installation: 32 random bytes, in hex, in a file that only the service may read. Made once."""

import errno
import os
import secrets
from pathlib import Path

from milter.settings.findings import Wrong

SIZE = 32  # bytes
SCRATCH = bytes(SIZE)  # for rehearsals: nothing that is made with it is kept


def read(path: Path) -> bytes | Wrong | None:
    """The secret; None if there is no file yet."""
    try:
        text = path.read_text("ascii").strip()
    except FileNotFoundError:
        return None
    except OSError as error:
        instead = "make it readable for the service, and for nobody else"
        if isinstance(error, PermissionError):
            instead += f": chown recado {path}"
        return Wrong(f"{path} cannot be read ({error.strerror})", instead)
    except UnicodeDecodeError:
        text = ""
    try:
        found = bytes.fromhex(text)
    except ValueError:
        found = b""
    if len(found) != SIZE:
        return Wrong(
            f"{path} does not hold {2 * SIZE} hexadecimal digits", "copy it from another node or from a backup"
        )
    return found


def load_or_make(path: Path) -> bytes | Wrong:
    """The secret in `path`, made with mode 0600 if there is none. Of processes that make it at once one wins."""
    found = read(path)
    if found is not None:
        return found
    try:
        _make(path)
    except OSError as error:
        instead = "make its folder, writable for the service"
        if error.errno == errno.EROFS:  # what ProtectSystem=strict of the shipped unit looks like from inside
            instead = f"let the unit write there: ReadWritePaths={path.parent} (systemctl edit recado)"
        return Wrong(f"{path} cannot be made ({error.strerror})", instead)
    made = read(path)
    return made if made is not None else Wrong(f"{path} is gone again", "let nothing else touch it")


def too_open(path: Path) -> Wrong | None:
    """What is wrong with the permissions of an existing secret."""
    try:
        mode = path.stat().st_mode & 0o777
    except OSError:
        return None
    if mode & 0o077:
        return Wrong(f"{path} has mode {mode:04o}: others may read or change it", f"run chmod 600 {path}")
    return None


def of_another(path: Path, state_dir: Path) -> Wrong | None:
    """Whether its owner is another than that of `state_dir`, who runs the service: root, who copied it here, reads everything."""
    try:
        owner, service = path.stat().st_uid, state_dir.stat().st_uid
    except OSError:
        return None
    if owner == service:
        return None
    return Wrong(
        f"{path} belongs to another user than {state_dir}, so the service may not read it",
        f"run chown --reference={state_dir} {path}",
    )


def _make(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_hex(SIZE) + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)  # unlike a rename it never replaces the secret that another process has just made
        except FileExistsError:
            return
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    finally:
        draft.unlink(missing_ok=True)
