"""CycloneDX's own schema of version 1.6, asked whether a document keeps to it."""

import json
from functools import lru_cache
from importlib.resources import files
from typing import Any

import jsonschema_rs

_BASE = "http://cyclonedx.org/schema/"


def faults(text: str) -> list[str]:
    """Return what the schema has against the document."""
    document = json.loads(text)
    return [
        f"{list(error.instance_path)}: {error.message[:300]}" for error in _schema().iter_errors(document)
    ]


@lru_cache(maxsize=1)
def _schema() -> Any:  # a validator of the draft that the schema names
    beside = [f"{name}.SNAPSHOT.schema.json" for name in ("spdx", "jsf-0.82", "cryptography-defs")]
    registry = jsonschema_rs.Registry([(_BASE + name, _read(name)) for name in beside])
    return jsonschema_rs.validator_for(
        _read("bom-1.6.SNAPSHOT.schema.json"), registry=registry, validate_formats=True
    )


def _read(name: str) -> Any:
    return json.loads((files("cyclonedx") / "schema" / "_res" / name).read_text(encoding="utf-8"))
