"""The child that looks: reads a file, answers with findings, and may die without harm.

Started by ``gate/look.py`` as ``python -m feedgate.gate.child PARENT MEMORY_BYTES``. A
question and an answer are each four bytes of length (big-endian) and JSON. JSON, not
pickle: what a hostile archive could make of this process must not be able to say anything else.
"""

import base64
import contextlib
import ctypes
import json
import os
import resource
import signal
import sys
from pathlib import Path
from typing import BinaryIO

from feedgate.inspectors.walk import walk

OUT_OF_MEMORY = 3
"""The exit status of a child that came to the end of its memory."""

_PDEATHSIG = 1


def main() -> int:
    """Answer until the parent closes the pipe or ends."""
    _bind_to(int(sys.argv[1]))
    _limit(int(sys.argv[2]))
    questions, answers = sys.stdin.buffer, sys.stdout.buffer
    try:
        while (question := _read(questions)) is not None:
            content = json.dumps(_answer(question)).encode()
            answers.write(len(content).to_bytes(4, "big") + content)
            answers.flush()
    except MemoryError:
        return OUT_OF_MEMORY
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _bind_to(parent: int) -> None:
    """End with the parent, however it ends; where the system cannot do that, at the next question."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        raise SystemExit


def _limit(memory_bytes: int) -> None:
    """Allow so much memory, and no core."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    os.nice(5)  # who serves and fetches goes first
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(ValueError):  # a lower limit stands already
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))


def _read(questions: BinaryIO) -> dict[str, str] | None:
    length = questions.read(4)
    if len(length) < 4:
        return None
    question: dict[str, str] = json.loads(questions.read(int.from_bytes(length, "big")))
    return question


def _answer(question: dict[str, str]) -> dict[str, object]:
    # Its default action ends the process: CPU seconds count, so a busy machine does no harm.
    signal.setitimer(signal.ITIMER_PROF, float(question["cpu_seconds"]))
    walked = walk(Path(question["path"]), question["filename"])
    signal.setitimer(signal.ITIMER_PROF, 0)
    return {
        "findings": [
            [[found.code, found.severity.value, found.sentence, found.member] for found in findings]
            for findings in walked.findings
        ],
        "metadata": None if walked.metadata is None else base64.b64encode(walked.metadata).decode(),
    }


if __name__ == "__main__":
    sys.exit(main())
