"""Makes what a machine is connected with where PyPI and Feedgate are out of reach.

``python3 scripts/connect_pyz.py FOLDER`` copies the files of ``machines/`` there and puts
``feedgate-connect.pyz`` beside them: the room ``machine`` as one file that Python 3.9 or
newer runs. ``cloud-init.yaml`` gets what it carries written into it. Takes the
standard library alone, and the same sources make the same bytes.
"""

import base64
import gzip
import io
import re
import shutil
import sys
import textwrap
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PYZ = "feedgate-connect.pyz"
CLOUD_INIT = "cloud-init.yaml"

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the first moment that a zip file can name
_MODE = 0o100644 << 16
_LINE_WIDTH = 76
_MAIN = """\
import sys

if sys.version_info < (3, 9):
    sys.exit("feedgate-connect: needs Python 3.9 or newer, and this is " + sys.version.split()[0])

from feedgate.machine.command import run

sys.exit(run())
"""


def build_pyz(source: Path = ROOT / "src") -> bytes:
    """Return the one file: nothing in it is compressed, so no other zlib makes other bytes."""
    sources = [source / "feedgate" / "__init__.py", *sorted((source / "feedgate" / "machine").glob("*.py"))]
    whole = io.BytesIO()
    whole.write(b"#!/usr/bin/env python3\n")
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_STORED) as archive:
        _add(archive, "__main__.py", _MAIN.encode())
        for path in sources:
            _add(archive, path.relative_to(source).as_posix(), path.read_bytes())
    return whole.getvalue()


def fill_cloud_init(template: str, carried: dict[str, bytes]) -> str:
    """Return the template in which each file that it carries is written down; raises LookupError.

    Such a file's entry ends in ``content: ""``, after a ``path`` that ends in the file's name.
    """
    for name, content in carried.items():
        entry = re.compile(rf'(path: \S*/{re.escape(name)}\n(?: +\w+: [^\n]*\n)*?)( +)content: ""[^\n]*\n')
        if len(entry.findall(template)) != 1:
            raise LookupError(f"{CLOUD_INIT} has not one place for {name}")
        text = base64.b64encode(gzip.compress(content, 9, mtime=0)).decode()
        template = entry.sub(lambda found, text=text: _filled(found, text), template)  # type: ignore[misc]  # a default of its own
    return template


def build(folder: Path) -> list[Path]:
    """Make everything in ``folder`` and return the files."""
    folder.mkdir(parents=True, exist_ok=True)
    machines = ROOT / "machines"
    pyz = build_pyz()
    (folder / PYZ).write_bytes(pyz)
    (folder / PYZ).chmod(0o755)
    for path in sorted(machines.iterdir()):
        if path.name == CLOUD_INIT:
            script = machines / "set-up.sh"
            filled = fill_cloud_init(path.read_text(), {PYZ: pyz, script.name: script.read_bytes()})
            (folder / CLOUD_INIT).write_text(filled)
        else:
            shutil.copy(path, folder)
    return sorted(folder.iterdir())


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(name, _EPOCH)
    entry.create_system = 3  # Unix, wherever it is made
    entry.external_attr = _MODE
    archive.writestr(entry, content)


def _filled(found: re.Match[str], text: str) -> str:
    indent = found[2]
    lines = textwrap.wrap(text, _LINE_WIDTH)
    return f"{found[1]}{indent}content: |\n" + "".join(f"{indent}  {line}\n" for line in lines)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python3 scripts/connect_pyz.py FOLDER")
    for made in build(Path(sys.argv[1])):
        print(made)
