"""The blob store that is a folder of files: ``sha256/ab/abcdef…``.

Written by ourselves for the sake of fsync, without which a name may outlive a
power loss that its bytes did not. Read by ourselves too, not through obstore: one thread hop
brings a small file (0.1 ms against 0.2 ms), large ones come twenty times
cheaper, and what is open stays readable when its name is deleted.

Parts live in ``incoming/`` until they are kept, each locked by the process that
writes it. A crash leaves one there, never half a blob; ``remove_abandoned`` takes
what nobody holds. Blobs that no row names stay.
"""

import asyncio
import errno
import fcntl
import hashlib
import os
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from io import FileIO
from pathlib import Path
from typing import Protocol

from feedgate.blobs.store import AlsoHash, BlobNotFound, Incoming, StorageFull, StorageUnavailable
from feedgate.model.digest import Digest
from feedgate.model.index import WHOLE, Content, Span, SpanNotSatisfiable

CHUNK_BYTES = 1024 * 1024
"""How much one thread hop reads; what fits in one is read when it is opened."""

_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class Files:
    """Blobs as files below ``root``, which is ours alone: nobody else writes or links there."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._incoming = root / "incoming"

    def path(self, digest: Digest) -> Path:
        """Return where the blob lies, or would lie."""
        return self._root / "sha256" / digest[:2] / digest

    @asynccontextmanager
    async def receive(self, also: tuple[AlsoHash, ...] = ()) -> AsyncIterator[Incoming]:
        """Open a part file below ``incoming/``; it is gone when the context is left."""
        part = self._incoming / secrets.token_hex(16)
        with _in_words(part):
            self._incoming.mkdir(parents=True, exist_ok=True)
            file = _open_locked(part)
        try:
            yield _Part(self, part, file, also)
        finally:
            file.close()
            part.unlink(missing_ok=True)

    async def open(self, digest: Digest, span: Span = WHOLE) -> Content:
        """Open a blob; a small one is read here and now."""
        return await asyncio.to_thread(self._open, digest, span)

    def _open(self, digest: Digest, span: Span) -> Content:
        with self._found(digest):
            file = FileIO(self.path(digest), "rb")
        try:
            size_bytes = os.fstat(file.fileno()).st_size
            if span != WHOLE and span.start >= size_bytes:
                raise SpanNotSatisfiable(size_bytes)
            stop = size_bytes if span.stop is None else min(span.stop, size_bytes)
            chunks = _Chunks(file, start=span.start, stop=stop)
            chunks.read_first()
        except BaseException:
            file.close()
            raise
        return Content(size_bytes=size_bytes, start=span.start, stop=stop, chunks=chunks)

    @asynccontextmanager
    async def as_file(self, digest: Digest) -> AsyncIterator[Path]:
        """Give the blob where it lies."""
        await self.size_bytes(digest)
        yield self.path(digest)

    async def has(self, digest: Digest) -> bool:
        """Whether the blob is there; one stat, cheaper than a thread hop."""
        return self.path(digest).is_file()

    async def size_bytes(self, digest: Digest) -> int:
        """Return the blob's size; raises BlobNotFound."""
        with self._found(digest):
            return self.path(digest).stat().st_size

    async def delete(self, digest: Digest) -> None:
        """Remove the blob; who has it open reads on."""
        with _in_words(self._root):
            await asyncio.to_thread(self.path(digest).unlink, missing_ok=True)

    def remove_abandoned(self) -> int:
        """Remove the parts whose processes are gone, and return how many those were; for a thread.

        Others may receive meanwhile, in this process too.
        """
        removed = 0
        with _in_words(self._incoming):
            parts = list(self._incoming.iterdir()) if self._incoming.is_dir() else []
            for part in parts:
                with suppress(FileNotFoundError), FileIO(part, "rb+") as file:
                    if _try_lock(file):
                        part.unlink()
                        removed += 1
        return removed

    async def check(self) -> None:
        """Write, read and delete a probe of bytes that were never there before."""
        probe = secrets.token_bytes(32)
        async with self.receive() as incoming:
            await incoming.write(probe)
            digest = await incoming.keep()
        try:
            read = await (await self.open(digest)).read()
        finally:
            await self.delete(digest)
        if read != probe:
            raise StorageUnavailable(self._root, reason="a probe came back as other bytes than were written")

    def keep(self, part: Path, file: FileIO, digest: Digest, size_bytes: int) -> None:
        """Give the part its lasting name; for a thread.

        A blob that is there already is kept, its time renewed; one of another size
        lost bytes, and is replaced.
        """
        blob = self.path(digest)
        with _in_words(self._root):
            if blob.is_file() and blob.stat().st_size == size_bytes:
                os.utime(blob)
                return
            os.fsync(file.fileno())
            self._make_folder(blob.parent)
            part.replace(blob)  # still open, so still locked: nobody takes it for abandoned
            file.close()
            _fsync_folder(blob.parent)

    def _make_folder(self, folder: Path) -> None:
        if folder.is_dir():
            return
        folder.mkdir(parents=True, exist_ok=True)
        for above in (folder.parent, self._root):
            _fsync_folder(above)

    @contextmanager
    def _found(self, digest: Digest) -> Iterator[None]:
        with _in_words(self._root):
            try:
                yield
            except FileNotFoundError as error:
                raise BlobNotFound(digest) from error


class _Part:
    """One file being received."""

    def __init__(self, files: Files, path: Path, file: FileIO, also: tuple[AlsoHash, ...]) -> None:
        self._files = files
        self._path = path
        self._file = file
        self._sha256 = hashlib.sha256()
        self._also = {name: _new_hash(name) for name in also}
        self._size_bytes = 0

    @property
    def size_bytes(self) -> int:
        return self._size_bytes

    @property
    def digest(self) -> Digest:
        return Digest(self._sha256.hexdigest())

    @property
    def path(self) -> Path:
        return self._path

    async def write(self, chunk: bytes) -> None:
        """Hash and write in the event loop: a thread hop a chunk would cost more than it saves."""
        self._sha256.update(chunk)
        for hashing in self._also.values():
            hashing.update(chunk)
        self._size_bytes += len(chunk)
        rest = memoryview(chunk)
        with _in_words(self._path.parent):
            while rest:
                rest = rest[self._file.write(rest) :]

    def hexdigest(self, also: AlsoHash) -> str:
        return self._also[also].hexdigest()

    async def keep(self) -> Digest:
        digest = self.digest
        await asyncio.to_thread(self._files.keep, self._path, self._file, digest, self._size_bytes)
        return digest


class _Chunks:
    """The bytes of an open file from ``start`` to before ``stop``; closes it at the end or when told."""

    def __init__(self, file: FileIO, *, start: int, stop: int) -> None:
        self._file = file
        self._at = start
        self._stop = stop
        self._first: bytes | None = None
        file.seek(start)

    def read_first(self) -> None:
        """Read the first chunk, and close the file if that was all; for a thread."""
        self._first = self._read()

    def _read(self) -> bytes:
        chunk = self._file.read(min(CHUNK_BYTES, self._stop - self._at)) or b""
        self._at += len(chunk)
        if self._at == self._stop:
            self._file.close()
        return chunk

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        chunk, self._first = self._first, None
        if chunk is None:
            if self._file.closed:
                raise StopAsyncIteration
            chunk = await asyncio.to_thread(self._read)
        if not chunk:
            self._file.close()
            raise StopAsyncIteration
        return chunk

    async def aclose(self) -> None:
        """Stop reading and close the file."""
        self._first = None
        self._file.close()


class _Hashing(Protocol):
    def update(self, chunk: bytes, /) -> None: ...
    def hexdigest(self) -> str: ...


def _open_locked(part: Path) -> FileIO:
    """Return the new file with a lock on it that ends with us; again if it was taken for abandoned before that."""
    while True:
        file = FileIO(part, "xb")
        if _try_lock(file) and os.fstat(file.fileno()).st_nlink:
            return file
        file.close()
        part.unlink(missing_ok=True)


def _try_lock(file: FileIO) -> bool:
    try:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _new_hash(name: AlsoHash) -> _Hashing:
    if name is AlsoHash.MD5:
        return hashlib.md5(usedforsecurity=False)
    return hashlib.blake2b(digest_size=32)


def _fsync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _in_words(where: Path) -> Iterator[None]:
    """Turn the system's errors into ours."""
    try:
        yield
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise StorageFull(where) from error
        raise StorageUnavailable(where, reason=error.strerror or type(error).__name__) from error
