"""Threads beside the one that acts on signals."""

from __future__ import annotations

import signal
import threading

from claude_cli.core.threads import start_unsignalled


def test_a_thread_gets_no_signals():
    """They wake the main thread then, whose mask is as before."""
    masks = []
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    thread = threading.Thread(target=lambda: masks.append(signal.pthread_sigmask(signal.SIG_BLOCK, [])))
    assert start_unsignalled(thread)
    thread.join()
    assert {signal.SIGINT, signal.SIGTERM, signal.SIGHUP} <= masks[0]
    assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == before


def test_a_thread_that_cannot_be_had():
    """No memory for its stack, say: who wanted it is told, and the main thread's mask is as before."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    size = threading.stack_size(1 << 47)
    try:
        assert not start_unsignalled(threading.Thread(target=print))
    finally:
        threading.stack_size(size)
    assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == before
