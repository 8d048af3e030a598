"""Threads over the batch: in order, the same bits for any number of threads, no deadlock."""

import threading

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from cnn_utils import functional as F
from cnn_utils import parallel
from cnn_utils.functional import shapes


@pytest.fixture(autouse=True)
def _same_threads_afterwards():
    before = parallel.get_threads()
    yield
    parallel.set_threads(before)


def blas_threads():
    return {
        library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"
    }


@pytest.mark.parametrize("threads", [1, 2, 3, 8])
def test_blocks_cover_the_batch_in_order(threads):
    parallel.set_threads(threads)
    assert parallel.get_threads() == threads
    assert parallel.over_batch(lambda s: (s.start, s.stop), 10, 4) == [(0, 4), (4, 8), (8, 10)]
    assert parallel.over_batch(lambda s: s, 0, 4) == []
    many = parallel.over_batch(lambda s: s.start, 1000, 1)
    assert many == list(range(1000))


def test_several_threads_work_at_the_same_time():
    parallel.set_threads(3)
    together = threading.Barrier(
        3, timeout=30
    )  # passed only by three threads that are there at once
    names = parallel.over_batch(lambda _: (together.wait(), threading.get_ident())[1], 3, 1)
    assert len(set(names)) == 3


def test_one_thread_needs_no_other():
    parallel.set_threads(1)
    here = threading.get_ident()
    assert set(parallel.over_batch(lambda _: threading.get_ident(), 5, 1)) == {here}


@pytest.mark.parametrize("threads", [1, 4])
def test_an_error_in_a_block_is_raised_and_the_next_call_works(threads):
    parallel.set_threads(threads)

    def fail(block):
        if block.start == 3:
            raise RuntimeError("block 3")

    with pytest.raises(RuntimeError, match="block 3"):
        parallel.over_batch(fail, 8, 1)
    assert parallel.over_batch(lambda s: s.start, 3, 1) == [0, 1, 2]


def test_calls_inside_a_block_and_from_other_threads_come_through():
    parallel.set_threads(2)

    def outer(block):
        return sum(parallel.over_batch(lambda s: s.start + block.start, 5, 1))

    results = {}

    def call(name):
        results[name] = parallel.over_batch(outer, 6, 1)

    callers = [threading.Thread(target=call, args=(i,), daemon=True) for i in range(5)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join(timeout=60)
    assert results == {i: [10 + 5 * k for k in range(6)] for i in range(5)}


def test_blas_is_held_to_one_thread_meanwhile_and_let_go_again():
    before = blas_threads()
    if not before:
        pytest.skip("threadpoolctl knows no BLAS here")
    with parallel.single_blas_thread():
        assert blas_threads() == {1}
        with parallel.single_blas_thread():
            assert blas_threads() == {1}
        assert blas_threads() == {1}
    assert blas_threads() == before
    assert parallel.over_batch(lambda _: blas_threads(), 2, 1) == [{1}, {1}]
    with pytest.raises(ZeroDivisionError):
        parallel.over_batch(lambda _: 1 / 0, 2, 1)
    assert blas_threads() == before


@pytest.mark.parametrize("wrong", [0, -1, 1.5, "2", True, None])
def test_a_number_of_threads_that_is_none(wrong):
    before = parallel.get_threads()
    with pytest.raises((TypeError, ValueError), match="the number of threads must be an integer"):
        parallel.set_threads(wrong)
    assert parallel.get_threads() == before


def everything(n):
    """One number after the other that depends on every block's arithmetic."""
    rng = np.random.default_rng(0)

    def draw(*shape):
        return rng.normal(size=shape).astype(np.float32)

    x, w, b = draw(n, 19, 23, 3), draw(3, 3, 3, 5), draw(5)
    results = []
    z, cache = F.conv2d_forward(x, w, b, 1, 1)
    results += [z, *F.conv2d_backward(draw(*z.shape), cache)]
    for name in "maxpool2d", "avgpool2d":
        a, cache = getattr(F, f"{name}_forward")(z, 3, 2)
        results += [a, getattr(F, f"{name}_backward")(draw(*a.shape), cache)]
    for size in 2, 6:
        a, cache = F.conv2d_relu_maxpool_forward(x, w, b, 1, size)
        results += [a, *F.conv2d_relu_maxpool_backward(draw(*a.shape), cache)]
    return results


@pytest.mark.parametrize("n", [1, 37, 64])
def test_results_have_the_same_bits_for_any_number_of_threads(n, monkeypatch):
    monkeypatch.setattr(shapes, "LARGEST_BLOCK", 2**20)
    assert shapes.images_per_block((64, 19, 23, 5), 27) < 16  # so there are several blocks
    parallel.set_threads(1)
    expected = [array.tobytes() for array in everything(n)]
    for threads in 2, 3, 5:
        parallel.set_threads(threads)
        assert [array.tobytes() for array in everything(n)] == expected


@pytest.mark.parametrize("n", [1, 2, 3, 64, 100, 10_000])
def test_block_sizes(n):
    for shape, per_entry in ((64, 64, 8), 75), ((26, 26, 8), 9), ((2000, 2000, 64), 576):
        block = shapes.images_per_block((n, *shape), per_entry)
        work = np.prod(shape) * (per_entry + 64)
        assert block & (block - 1) == 0, "a power of two"
        assert block == 1 or block * work <= shapes.LARGEST_BLOCK
        if n > 1 and n * work > shapes.WORTH_SHARING:
            assert block <= n // 2


def test_a_batch_in_two_blocks_is_shared():
    parallel.set_threads(2)
    both = threading.Barrier(2, timeout=30)
    seen = []

    def watch(block):
        both.wait()
        seen.append(block)

    parallel.over_batch(watch, 64, shapes.images_per_block((64, 64, 64, 8), 75))
    assert len(seen) == 2
