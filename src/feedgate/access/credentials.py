"""Read the credential of a call: HTTP Basic with any user name, or Bearer (RFC 7617, RFC 6750)."""

import base64
import binascii

from feedgate.model.secret import Secret

_LONGEST_HEADER = 4096


def read_credential(authorization: str | None) -> Secret | None:
    """Return the token of an ``Authorization`` header, None where there is none that can be read.

    A header that holds something else is a Secret too: it will not be
    recognized, and so counts as a wrong credential rather than as none.
    """
    if authorization is None:
        return None
    if len(authorization) > _LONGEST_HEADER:
        return Secret("")
    scheme, _, value = authorization.strip().partition(" ")
    if scheme.lower() == "bearer":
        return Secret(value.strip())
    if scheme.lower() != "basic":
        return Secret("")
    try:
        decoded = base64.b64decode(value.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return Secret("")
    user, _, password = decoded.partition(":")
    # Some clients put a lone token where the user name goes.
    return Secret(password or user)
