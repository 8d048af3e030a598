"""Cross-correlation and convolution of one signal or image with one kernel (lesson 01)."""

from __future__ import annotations

import numpy as np

from .convolution import PADDING, TURN, quarters, whole
from .exercise import Exercise, Mistake, Probe, make_check

ONE_AXIS = "lesson 01, section 1: by hand, in one dimension"
TWO_AXES = "lesson 01, section 2: by hand, in two dimensions"
LOOPS = "lesson 01, section 3: in code, with loops"


def correlate1d_answer(x, w):
    n, k = len(x), len(w)
    z = np.zeros(n - k + 1, x.dtype)
    for i in range(n - k + 1):
        for u in range(k):
            z[i] += x[i + u] * w[u]
    return z


def correlate2d_answer(x, w):
    (H, W), (K_h, K_w) = x.shape, w.shape
    z = np.zeros((H - K_h + 1, W - K_w + 1), x.dtype)
    for i in range(H - K_h + 1):
        for j in range(W - K_w + 1):
            for u in range(K_h):
                for v in range(K_w):
                    z[i, j] += x[i + u, j + v] * w[u, v]
    return z


def convolve2d_answer(x, w):
    (H, W), (K_h, K_w) = x.shape, w.shape
    z = np.zeros((H - K_h + 1, W - K_w + 1), x.dtype)
    for i in range(H - K_h + 1):
        for j in range(W - K_w + 1):
            for u in range(K_h):
                for v in range(K_w):
                    z[i, j] += x[i + K_h - 1 - u, j + K_w - 1 - v] * w[u, v]
    return z


def _pair(about, x, w, single=False) -> Probe:
    arguments = {"x": np.asarray(x, float), "w": np.asarray(w, float)}
    return Probe(about, quarters(arguments) if single else arguments)


SIGNAL_PROBES = (
    _pair("the course's example, 5 numbers and 3 weights", [1, 2, 0, -1, 3], [2, 1, -1]),
    _pair("9 numbers and 4 weights", [3, -1, 4, 1, -5, 9, 2, -6, 5], [2, -3, 1, 4]),
    _pair("6 numbers and 2 weights, float32", [3, -1, 4, 1, -5, 7], [2, -3], single=True),
)
IMAGE_PROBES = (
    _pair("the course's 3×3 example", [[0, 1, 2], [3, -1, 1], [2, -2, 3]], [[-2, -1], [2, 3]]),
    _pair("7×10 pixels, kernel 3×3", *whole(30, (7, 10), (3, 3))),
    _pair("6×5 pixels, kernel 2×4, float32", *whole(31, (6, 5), (2, 4)), single=True),
)


def _all_places(x, w):
    """Cross-correlation at every place where x and w overlap."""
    x = np.pad(x, [(k - 1, k - 1) for k in w.shape])
    return correlate1d_answer(x, w) if x.ndim == 1 else correlate2d_answer(x, w)


def _valid(x, w):
    return correlate1d_answer(x, w) if x.ndim == 1 else correlate2d_answer(x, w)


def kernel_turned(x, w):
    return _valid(x, np.flip(w))


def full_size(x, w):
    return _all_places(x, w)


def size_of_input(x, w):
    every = _all_places(x, w)
    middle = [slice((k - 1) // 2, (k - 1) // 2 + n) for n, k in zip(x.shape, w.shape, strict=True)]
    return every[tuple(middle)]


def right_place_in_zeros(x, w):
    z = np.zeros_like(x)
    found = _valid(x, w)
    z[tuple(slice(0, n) for n in found.shape)] = found
    return z


def one_place_missing(x, w):
    return _valid(x, w)[tuple(slice(0, -1) for _ in x.shape)]


def last_place_empty(x, w):
    z = _valid(x, w)
    for axis in range(z.ndim):
        z.swapaxes(0, axis)[-1] = 0
    return z


def last_weight_missing(x, w):
    short = w.copy()
    for axis in range(w.ndim):
        short.swapaxes(0, axis)[-1] = 0
    return _valid(x, short)


def last_product_only(x, w):
    last = np.zeros_like(w)
    last.flat[-1] = w.flat[-1]
    return _valid(x, last)


def first_window_everywhere(x, w):
    z = _valid(x, w)
    z[:] = z.flat[0]
    return z


def mean_for_sum(x, w):
    return _valid(x, w / w.size)


def kernel_not_used(x, w):
    return _valid(x, np.ones_like(w))


def everything_added(x, w):
    return np.cumsum(_valid(x, w)).reshape(_valid(x, w).shape)


def _with_turned(wrong):
    """The same mistake in a convolution: the kernel is turned, and then it happens."""

    def turned(x, w):
        return wrong(x, np.flip(w))

    turned.__name__ = wrong.__name__
    return turned


def kernel_transposed(x, w):
    if w.shape[0] != w.shape[1]:
        raise IndexError("w[v, u] is outside of w.")
    return _valid(x, w.T)


def rows_turned_only(x, w):
    return _valid(x, w[::-1])


def columns_turned_only(x, w):
    return _valid(x, w[:, ::-1])


def size_swapped(x, w):
    return _valid(x, w).T


def quarter_turn(x, w):
    return _valid(x, np.rot90(w))


def image_turned_too(x, w):
    return _valid(np.flip(x), np.flip(w))


def wraps_around(x, w):
    (H, W), (K_h, K_w) = x.shape, w.shape
    z = np.zeros((H - K_h + 1, W - K_w + 1), x.dtype)
    for u, v in np.ndindex(w.shape):
        z += np.roll(x, (u, v), (0, 1))[: z.shape[0], : z.shape[1]] * w[u, v]
    return z


def _slide_mistakes(impulse, read, size, sums, change=lambda wrong: wrong) -> tuple[Mistake, ...]:
    """What goes wrong with both sums, in one and in two dimensions.

    impulse: a line that makes x and w. read: of the sum. size: words for the size of z.
    sums: the index that is summed. change: of the wrong function.
    """
    show = impulse + "print(fn(x, w))  # right: "
    return (
        Mistake(
            "full-size",
            change(full_size),
            f"your z also has the places where the kernel sticks out; valid is {size}.",
            "here the whole kernel must lie on x; zeros around it make the mode 'full'.",
            PADDING,
            show + size + " numbers",
            by_shape=True,
        ),
        Mistake(
            "size-of-input",
            change(size_of_input),
            f"your z is as large as x; valid is {size}.",
            "here the whole kernel must lie on x; zeros around it make the mode 'same'.",
            PADDING,
            show + size + " numbers",
        ),
        Mistake(
            "zeros-at-the-end",
            change(right_place_in_zeros),
            "your z has the right numbers, but it is as large as x and ends with zeros.",
            f"the kernel has only {size} places: make z in that size.",
            read,
            show + size + " numbers",
            by_shape=True,
        ),
        Mistake(
            "one-place-missing",
            change(one_place_missing),
            "your z is too small by one: the last place is missing.",
            f"the place 0 counts too, so there are {size}.",
            read,
            show + size + " numbers",
            by_shape=True,
        ),
        Mistake(
            "last-place-empty",
            change(last_place_empty),
            "the last places of your z are 0, the rest is right.",
            "range(m) already ends at m - 1; there is nothing to subtract from the size.",
            LOOPS,
            show + "nothing is 0 at the end",
        ),
        Mistake(
            "last-weight-missing",
            change(last_weight_missing),
            "your z leaves out the last weights of the kernel.",
            "range(k) already ends at k - 1, and a slice i : i + k before i + k.",
            LOOPS,
            show + "every weight counts",
        ),
        Mistake(
            "last-product-only",
            change(last_product_only),
            "your z holds only the last product of each sum.",
            f"= throws away what was there; {sums} summed, so it is +=.",
            LOOPS,
            show + "sums, not products",
        ),
        Mistake(
            "first-window-everywhere",
            change(first_window_everywhere),
            "every entry of your z is what the first window gives.",
            "the place is missing where x is read: the window moves with it.",
            read,
            show + "every place has its own sum",
        ),
        Mistake(
            "mean-for-sum",
            change(mean_for_sum),
            "your z has the mean of the products; it should be their sum.",
            "nothing is divided.",
            read,
            show + "sums, not means",
        ),
        Mistake(
            "kernel-not-used",
            change(kernel_not_used),
            "your z adds up the windows of x; the weights are not in it.",
            "each entry of the window is multiplied by its weight first.",
            read,
            show + "weighted sums",
        ),
        Mistake(
            "never-starts-anew",
            change(everything_added),
            "your z adds up from place to place.",
            "the sum must start at 0 at each place: total = 0 belongs inside the loop over the "
            "places.",
            LOOPS,
            show + "every place starts at 0",
        ),
    )


IN_A_ROW = "x = np.array([1.0, 2, 0, -1, 3])\nw = np.array([2.0, 1, -1])\n"
IN_A_GRID = (
    "x = np.array([[0.0, 1, 2], [3, -1, 1], [2, -2, 3]])\nw = np.array([[-2.0, -1], [2, 3]])\n"
)
NOT_SQUARE = "x = np.arange(15.0).reshape(3, 5)\nw = np.array([[0.0, 1], [0, 0]])\n"

correlate1d = make_check(
    Exercise(
        name="correlate1d",
        contract="takes (x, w), x (n,) and w (k,) with k ≤ n; returns the valid cross-correlation "
        "z (n - k + 1,), z[i] = sum over u of x[i + u] w[u].",
        outputs=("z",),
        reference=correlate1d_answer,
        probes=SIGNAL_PROBES,
        mistakes=(
            Mistake(
                "kernel-turned",
                kernel_turned,
                "your z is what the kernel read backward gives.",
                "that is true convolution; cross-correlation reads both forward, x[i + u] · w[u].",
                TURN,
                IN_A_ROW + "print(fn(x, w))  # right: 4 5 -4; turned it would be 1 -1 5",
            ),
            *_slide_mistakes(IN_A_ROW, ONE_AXIS, "n − k + 1", "u is"),
        ),
        hints=(
            "At how many places does the whole kernel lie on x?",
            "One loop for the place i, one inside it for the cell u of the kernel.",
            "z[i] starts at 0 and gets x[i + u] · w[u] added for each u.",
        ),
        read=ONE_AXIS,
    )
)

correlate2d = make_check(
    Exercise(
        name="correlate2d",
        contract="takes (x, w), x (H, W) and w (K_h, K_w), which fits into x; returns the valid "
        "cross-correlation z (H - K_h + 1, W - K_w + 1), "
        "z[i, j] = sum over u, v of x[i + u, j + v] w[u, v].",
        outputs=("z",),
        reference=correlate2d_answer,
        probes=IMAGE_PROBES,
        mistakes=(
            Mistake(
                "kernel-turned",
                kernel_turned,
                "your z is what the kernel turned by 180° gives.",
                "that is true convolution; cross-correlation reads both forward, "
                "x[i + u, j + v] · w[u, v].",
                TURN,
                IN_A_GRID + "print(fn(x, w))  # right: 2 -3, -7 6; turned it would be 1 6, 9 -5",
            ),
            Mistake(
                "rows-turned",
                rows_turned_only,
                "your z is what the kernel with its rows in reverse order gives.",
                "cross-correlation reads both forward, x[i + u, j + v] · w[u, v].",
                TWO_AXES,
                IN_A_GRID + "print(fn(x, w))  # right: 2 -3, -7 6",
            ),
            Mistake(
                "columns-turned",
                columns_turned_only,
                "your z is what the kernel with its columns in reverse order gives.",
                "cross-correlation reads both forward, x[i + u, j + v] · w[u, v].",
                TWO_AXES,
                IN_A_GRID + "print(fn(x, w))  # right: 2 -3, -7 6",
            ),
            Mistake(
                "kernel-transposed",
                kernel_transposed,
                "your z is what the kernel gives when its rows and columns are exchanged.",
                "u counts rows and stands first, in w[u, v] as in x[i + u, j + v].",
                TWO_AXES,
                IN_A_GRID + "print(fn(x, w))  # right: 2 -3, -7 6",
            ),
            Mistake(
                "rows-and-columns-swapped",
                size_swapped,
                "your z has its rows and columns exchanged.",
                "i counts rows and stands first: z has H − K_h + 1 rows.",
                TWO_AXES,
                NOT_SQUARE + "print(fn(x, w))  # right: 2 rows of 4",
                by_shape=True,
            ),
            *_slide_mistakes(IN_A_GRID, TWO_AXES, "(H − K_h + 1, W − K_w + 1)", "u and v are"),
        ),
        hints=(
            "At how many places, down and to the right, does the whole kernel lie on x?",
            "Two loops for the place (i, j), two inside them for the cell (u, v) of the kernel.",
            "z[i, j] starts at 0 and gets x[i + u, j + v] · w[u, v] added for each u and v.",
        ),
        read=TWO_AXES,
    )
)

convolve2d = make_check(
    Exercise(
        name="convolve2d",
        contract="takes (x, w), x (H, W) and w (K_h, K_w), which fits into x; returns the valid "
        "convolution z (H - K_h + 1, W - K_w + 1), "
        "z[i, j] = sum over u, v of x[i + K_h - 1 - u, j + K_w - 1 - v] w[u, v].",
        outputs=("z",),
        reference=convolve2d_answer,
        probes=IMAGE_PROBES,
        mistakes=(
            Mistake(
                "kernel-not-turned",
                _valid,
                "your z is the cross-correlation: the kernel is not turned.",
                "one of the two is read backward: x[i + K_h - 1 - u, …] · w[u, …].",
                TURN,
                IN_A_GRID
                + "print(fn(x, w))  # right: 1 6, 9 -5; not turned it would be 2 -3, -7 6",
            ),
            Mistake(
                "rows-turned-only",
                rows_turned_only,
                "your kernel has its rows in reverse order, but not its columns.",
                "a turn by 180° reverses both axes: w[::-1, ::-1].",
                TURN,
                IN_A_GRID + "print(fn(x, w))  # right: 1 6, 9 -5",
            ),
            Mistake(
                "columns-turned-only",
                columns_turned_only,
                "your kernel has its columns in reverse order, but not its rows.",
                "a turn by 180° reverses both axes: w[::-1, ::-1].",
                TURN,
                IN_A_GRID + "print(fn(x, w))  # right: 1 6, 9 -5",
            ),
            Mistake(
                "kernel-transposed",
                kernel_transposed,
                "your kernel is transposed; it should be turned.",
                "w.T exchanges rows and columns, a turn by 180° reverses both: w[::-1, ::-1].",
                TURN,
                IN_A_GRID + "print(fn(x, w))  # right: 1 6, 9 -5",
            ),
            Mistake(
                "quarter-turn",
                quarter_turn,
                "your kernel is turned by 90°; it should be 180°.",
                "np.rot90(w) is a quarter; both axes reversed, w[::-1, ::-1], is half a turn.",
                TURN,
                IN_A_GRID + "print(fn(x, w))  # right: 1 6, 9 -5",
            ),
            Mistake(
                "image-turned-too",
                image_turned_too,
                "your z stands upside down: image and kernel are both turned.",
                "turn one of the two; the places are still counted from the upper left.",
                TURN,
                IN_A_GRID + "print(fn(x, w))  # right: 1 6, 9 -5",
            ),
            Mistake(
                "index-below-zero",
                wraps_around,
                "your z reads x[i - u, j - v], which starts again at the other end below 0.",
                "a negative index is no error in Python: x[-1] is the last entry. For the valid "
                "places add K_h - 1 and K_w - 1.",
                TURN,
                IN_A_GRID + "print(fn(x, w))  # right: 1 6, 9 -5",
            ),
            Mistake(
                "rows-and-columns-swapped",
                _with_turned(size_swapped),
                "your z has its rows and columns exchanged.",
                "i counts rows and stands first: z has H − K_h + 1 rows.",
                TWO_AXES,
                NOT_SQUARE + "print(fn(x, w))  # right: 2 rows of 4",
                by_shape=True,
            ),
            *_slide_mistakes(
                IN_A_GRID, TURN, "(H − K_h + 1, W − K_w + 1)", "u and v are", _with_turned
            ),
        ),
        hints=(
            "It is cross-correlation with one thing changed: which of x and w is read backward?",
            "While u goes from 0 to K_h - 1 through the kernel, the row of x goes from "
            "i + K_h - 1 down to i.",
            "z[i, j] starts at 0 and gets x[i + K_h - 1 - u, j + K_w - 1 - v] · w[u, v] added for "
            "each u and v.",
        ),
        read=TURN,
    )
)
