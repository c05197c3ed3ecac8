"""A zip's extra fields (APPNOTE 4.5): which of them readers act on, and what those say."""

import struct
from collections.abc import Mapping, Sequence
from typing import Final

WIDE_NUMBERS: Final = 0x0001
UNICODE_PATH: Final = 0x7075

_HEAD: Final = struct.Struct("<2H")
_NUMBER: Final = struct.Struct("<Q")
_WIDE: Final = 0xFFFFFFFF
_UNICODE_PATH_HEAD_BYTES: Final = 5
_MAY_DIFFER: Final = frozenset(
    {
        WIDE_NUMBERS,  # held against the numbers themselves
        0x000A,  # NTFS times
        0x5455,  # Unix times: one in the list, three where the member lies
        0x5855,  # older Unix times
        0x7855,  # Unix owner, empty in the list
        0x7875,
        0xCAFE,  # marks the first member of a jar
        0xD935,  # padding, for alignment
    }
)


class BrokenExtra(Exception):
    """An extra field that is none, in words that follow "has an extra field that"."""


def read_extra(raw: bytes) -> Mapping[int, bytes]:
    """Return the fields by their id; raises BrokenExtra."""
    fields: dict[int, bytes] = {}
    at = 0
    while at < len(raw):
        if len(raw) - at < _HEAD.size:
            if raw[at:].strip(b"\0"):
                raise BrokenExtra("is cut off")
            break
        name, length = _HEAD.unpack_from(raw, at)
        at += _HEAD.size
        if at + length > len(raw):
            raise BrokenExtra("is cut off")
        if name in fields and name in {WIDE_NUMBERS, UNICODE_PATH}:
            raise BrokenExtra("is there twice")
        fields[name] = raw[at : at + length]
        at += length
    return fields


def wide_numbers(fields: Mapping[int, bytes], narrow: Sequence[int]) -> list[int]:
    """Return the numbers that ``narrow`` has no room for, from the ZIP64 field; raises BrokenExtra."""
    field = fields.get(WIDE_NUMBERS, b"")
    numbers, at = list(narrow), 0
    for place, number in enumerate(narrow):
        if number == _WIDE:
            if at + _NUMBER.size > len(field):
                raise BrokenExtra("lacks a size that it should state")
            (numbers[place],) = _NUMBER.unpack_from(field, at)
            at += _NUMBER.size
    return numbers


def other_name(fields: Mapping[int, bytes], written: bytes) -> bool:
    """Whether the field for Unicode paths gives a member another name than its header does."""
    field = fields.get(UNICODE_PATH)
    return field is not None and field[_UNICODE_PATH_HEAD_BYTES:] != written


def differ(local: Mapping[int, bytes], listed: Mapping[int, bytes]) -> bool:
    """Whether two headers of one member carry different fields, those left aside that may differ."""
    ids = (local.keys() | listed.keys()) - _MAY_DIFFER
    return any(local.get(one) != listed.get(one) for one in ids)
