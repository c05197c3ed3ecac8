"""A child that does not outlive its parent, however that one ends."""

import ctypes
import os
import signal

_PR_SET_PDEATHSIG = 1


def die_with_parent(parent: int) -> None:
    """Have the kernel kill this process when ``parent`` is gone; to be called first of all.

    The kernel watches the thread that started this process, so a parent starts
    its children from its main thread.
    """
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL))
    if os.getppid() != parent:  # it went before we asked
        os._exit(1)
