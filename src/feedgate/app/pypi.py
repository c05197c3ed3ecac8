"""PyPI's address, as pypi-simple states it."""

import ast
import importlib.util
from pathlib import Path
from typing import Final

_NAME: Final = "PYPI_SIMPLE_ENDPOINT"


class NoPypiAddress(LookupError):
    """pypi-simple states the address no longer where we look."""


def pypi_url() -> str:
    """Return the address of PyPI's simple index.

    Read from the package's source: importing it for this one text would cost
    every start 0.4 s, since it brings two HTTP clients and an HTML parser.
    """
    spec = importlib.util.find_spec("pypi_simple")
    if spec is None or spec.origin is None:
        raise NoPypiAddress
    for statement in ast.parse(Path(spec.origin).read_bytes()).body:
        match statement:
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.Constant(value=str(url))) if name == _NAME:
                return url
            case _:
                continue
    raise NoPypiAddress
