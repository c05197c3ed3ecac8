"""Readers of zips that are not ours: what each takes a wheel to hold, or that it does not take it."""

import hashlib
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

View = Mapping[str, str] | None
"""Digests by path, those of a wheel's own records left aside; None where it is not taken."""

_PATIENCE_SECONDS = 30


def by_zipfile(path: Path, folder: Path) -> View:
    del folder
    try:
        with zipfile.ZipFile(path) as archive:
            return {
                name: hashlib.sha256(archive.read(name)).hexdigest()
                for name in archive.namelist()
                if ".dist-info/" not in name and not name.endswith("/")
            }
    except Exception:  # noqa: BLE001  # whatever it breaks with, it does not take the file
        return None


def by_unzip(path: Path, folder: Path) -> View:
    """Return None too where there is no unzip."""
    unzip = shutil.which("unzip")
    if unzip is None:
        return None
    folder.mkdir()
    ended = subprocess.run(
        [unzip, "-qq", "-o", path, "-d", folder],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=_PATIENCE_SECONDS,
        check=False,
        env={"LC_ALL": "C.UTF-8"},
    )
    return _tree(folder) if ended.returncode == 0 else None


def by_uv(path: Path, folder: Path) -> View:
    uv = Path(sys.executable).with_name("uv")
    ended = subprocess.run(
        [uv, "pip", "install", "-q", "--offline", "--no-index", "--no-deps", "--no-config",
         "--python", sys.executable, "--cache-dir", folder / "cache", "--target", folder / "installed", path],
        stdin=subprocess.DEVNULL, capture_output=True, timeout=_PATIENCE_SECONDS, check=False,
        env={"HOME": str(folder)},
    )  # fmt: skip
    return _tree(folder / "installed") if ended.returncode == 0 else None


def _tree(folder: Path) -> View:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        and not path.is_symlink()
        and ".dist-info" not in str(path.relative_to(folder))
        and path.name != ".lock"
    }
