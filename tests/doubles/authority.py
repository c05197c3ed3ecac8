"""A certificate authority of a test's own, made by openssl."""

import shutil
import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.left_out import leave_out


@dataclass(frozen=True)
class Authority:
    """``path`` is its certificate (PEM); ``server`` is for a server that answers for the names it was made with."""

    path: Path
    server: ssl.SSLContext


def make_authority(folder: Path, *names: str) -> Authority:
    """Make an authority whose one certificate is also a server's: for ``127.0.0.1`` and ``names``."""
    if shutil.which("openssl") is None:
        leave_out("openssl", brings="apt install openssl")
    folder.mkdir(parents=True, exist_ok=True)
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    said = ",".join(["IP:127.0.0.1", *(f"DNS:{name}" for name in names)])
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-nodes", "-days", "2", "-subj", "/CN=A test's authority"),
            *("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
            *("-addext", f"subjectAltName={said}", "-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate, key)
    return Authority(certificate, server)
