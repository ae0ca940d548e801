"""How a thread of ours is started beside the one that acts on signals."""

from __future__ import annotations

import signal
from threading import Thread


def start_unsignalled(thread: Thread) -> bool:
    """Start `thread` without any signal; returns whether it could be had, as a container may limit them.

    A signal that the system gave to it would not wake the main thread, which alone acts on signals.
    """
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        thread.start()
    except RuntimeError:
        return False
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    return True
