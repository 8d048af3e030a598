"""Threads over the batch.

NumPy lets go of Python's global lock inside a matrix product or an element-wise operation, so
ordinary Python threads work on different images at the same time. BLAS, the library that computes
the products, has threads of its own; splitting one small product among them costs more than it
saves, so it is held to one thread meanwhile.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np
from threadpoolctl import ThreadpoolController

from .arguments import integer

_blas = ThreadpoolController().select(user_api="blas")
_lock = threading.Lock()
_pool: ThreadPoolExecutor | None = None
_holders = 0  # how many with-blocks hold BLAS to one thread at this moment
_release: Any = None  # what lets it go again


@cache
def _keep_memory() -> None:
    """Make NumPy's arrays cheap on Linux, once in a process.

    Its memory allocator (glibc) hands every freed array from 128 KiB on back to the system, and
    gets the next one as new pages that must be zeroed first; threads then wait for each other.
    Once it has seen a larger array freed, it keeps all memory up to that size. So show it the
    largest that counts, 32 MiB. Nothing touches its pages: it costs nothing. Elsewhere it has no
    effect.
    """
    np.empty(2**25 - 2**16, np.uint8)


def _available_cpus() -> int:
    """CPUs this process may use."""
    if hasattr(os, "sched_getaffinity"):  # Linux
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


_threads = min(8, _available_cpus())


def get_threads() -> int:
    """Number of threads that share a batch. Unless set: the CPUs available, at most 8."""
    return _threads


def set_threads(n: int) -> None:
    """Share every batch among n threads (n >= 1). Results do not depend on n, bit for bit."""
    global _threads, _pool
    n = integer(n, "the number of threads", 1)
    with _lock:
        if n != _threads:
            _threads, _pool = n, None


@contextmanager
def single_blas_thread():
    """Hold BLAS to one thread inside a with-block. May be nested and used from several threads."""
    global _holders, _release
    _keep_memory()
    with _lock:
        _holders += 1
        if _holders == 1:
            _release = _blas.limit(limits=1)
    try:
        yield
    finally:
        with _lock:
            _holders -= 1
            if _holders == 0:
                _release.restore_original_limits()


def over_batch(function: Callable[[slice], object], n: int, block: int) -> list:
    """[function(slice(0, block)), function(slice(block, 2 * block)), …] up to n, in threads.

    The blocks depend on n and `block` only and their results come in order, so that whoever adds
    them up in this order gets the same bits for any number of threads. An error in a block is
    raised here. Calls may be nested.
    """
    blocks = [slice(start, min(start + block, n)) for start in range(0, n, block)]
    with single_blas_thread():
        if min(_threads, len(blocks)) <= 1:
            return [function(part) for part in blocks]
        return _share(function, blocks)


def _share(function, blocks: list[slice]) -> list:
    """Run the blocks in this thread and in helpers: whoever is free takes the next one.

    Nobody waits for a helper that has not begun (all may be busy), so nothing can deadlock.
    """
    results = [None] * len(blocks)
    waiting = iter(enumerate(blocks))

    def next_block():
        with _lock:
            return next(waiting, None)

    def work():
        try:
            while (taken := next_block()) is not None:
                index, part = taken
                results[index] = function(part)
        finally:
            while next_block() is not None:  # after an error: leave nothing to the others
                pass

    helpers = [_helpers().submit(work) for _ in range(min(_threads, len(blocks)) - 1)]
    try:
        work()
    finally:
        begun = [helper for helper in helpers if not helper.cancel()]
        errors = [helper.exception() for helper in begun]
    for error in filter(None, errors):
        raise error
    return results


def _helpers() -> ThreadPoolExecutor:
    """The threads that help the calling one; made when first needed."""
    global _pool
    with _lock:
        if _pool is None:
            _pool = ThreadPoolExecutor(max(_threads - 1, 1), thread_name_prefix="cnn_utils")
        return _pool
