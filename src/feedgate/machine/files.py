"""Reading and replacing small files of settings, so that a reader never sees half of one."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

from feedgate.machine.errors import MachineError

BACKUP_SUFFIX = ".feedgate-backup"
Owner = tuple[int, int]  # user and group, by number
_LIMIT_BYTES = 4 * 1024 * 1024  # a file of settings has kilobytes


class UnreadableFile(MachineError):
    """A file of settings is there and can not be read."""

    code = "unreadable-file"

    def __init__(self, path: Path, *, reason: str) -> None:
        super().__init__(
            f"{path} can not be read: {reason}",
            next_step="Nothing was changed. Make it a plain file that you may read, or move it away.",
        )


class UnwritableFile(MachineError):
    """A file of settings can not be written."""

    code = "unwritable-file"

    def __init__(self, path: Path, *, reason: str) -> None:
        super().__init__(
            f"{path} can not be written: {reason}",
            next_step="Run it as a user who may write there, or without --system.",
        )


def read_file(path: Path) -> bytes | None:
    """Return the file's bytes, None where there is none; raises UnreadableFile."""
    try:
        # without O_NONBLOCK a named pipe would keep us waiting for its other end
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise UnreadableFile(path, reason="it is no plain file")
            content = file.read(_LIMIT_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        if isinstance(error, PermissionError) and not is_there(path):
            return None  # behind a folder that this user may not enter, so no client of theirs reads it
        raise UnreadableFile(path, reason=error.strerror or "no reason given") from error
    if len(content) > _LIMIT_BYTES:
        raise UnreadableFile(path, reason="it is larger than 4 MiB")
    return content


def is_there(path: Path) -> bool:
    """Whether ``path`` leads to something; what may not be looked at counts as absent, as it does for the clients."""
    return mode_of(path) is not None


def mode_of(path: Path) -> int | None:
    """Return the permission bits of the file that ``path`` leads to, None where there is none."""
    try:
        return stat.S_IMODE(path.stat().st_mode)
    except OSError:
        return None


def owner_of(path: Path) -> Owner | None:
    """Return whose the file is that ``path`` leads to, None where there is none."""
    try:
        there = path.stat()
    except OSError:
        return None
    return there.st_uid, there.st_gid


def replace_file(path: Path, content: bytes, *, mode: int, owner: Owner | None = None) -> None:
    """Put ``content`` where ``path`` leads, in one step, durably; raises UnwritableFile.

    A symbolic link stays and its target is replaced. Folders that are missing are made.
    ``owner``: whom root gives the file and such folders to. Without, owner and group stay; what
    root makes anew belongs to the folder's owner, so that ``sudo`` leaves no file in a
    home that its user can not change.
    """
    target = Path(os.path.realpath(path))
    try:
        _make_folders(target.parent, owner)
        keeper = owner or owner_of(target) or owner_of(target.parent)
        descriptor, temporary = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                _give(file.fileno(), keeper)
                os.fchmod(file.fileno(), mode)
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(target)
        except BaseException:
            Path(temporary).unlink()
            raise
        _sync_folder(target.parent)
    except OSError as error:
        raise UnwritableFile(path, reason=error.strerror or "no reason given") from error


def back_up(path: Path, content: bytes, *, mode: int, owner: Owner | None = None) -> Path:
    """Keep ``content`` beside the file under the first free backup name and return that path."""
    target = Path(os.path.realpath(path))
    backup = target.with_name(target.name + BACKUP_SUFFIX)
    number = 1
    while os.path.lexists(backup):
        number += 1
        backup = target.with_name(f"{target.name}{BACKUP_SUFFIX}-{number}")
    replace_file(backup, content, mode=mode, owner=owner)
    return backup


def is_writable(path: Path) -> bool:
    """Whether ``replace_file`` may be expected to work: the nearest folder that exists can be written to."""
    folder = Path(os.path.realpath(path)).parent
    while not is_there(folder) and folder != folder.parent:
        folder = folder.parent
    return folder.is_dir() and os.access(folder, os.W_OK | os.X_OK, effective_ids=True)


def _make_folders(folder: Path, owner: Owner | None) -> None:
    if is_there(folder):
        return
    _make_folders(folder.parent, owner)
    folder.mkdir(mode=0o755)
    _give(folder, owner or owner_of(folder.parent))


def _give(made: int | Path, owner: Owner | None) -> None:
    if owner is not None and os.geteuid() == 0:
        os.chown(made, *owner)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
