"""What several test files share: every forward/backward pair on telling shapes; reading figures."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import matplotlib.text
import numpy as np
from hypothesis import settings

from cnn_utils import example
from cnn_utils.example import as_batch, as_filters

# The same examples on every run and every machine, and no time limit on one of them.
SETTINGS = settings(deadline=None, derandomize=True, database=None, max_examples=50)


def cpu_seconds(work: Callable[[], object], times: int = 3) -> float:
    """The least processor time of work(), in seconds: what other programs do does not count."""
    taken = []
    for _ in range(times):
        start = time.process_time()
        work()
        taken.append(time.process_time() - start)
    return min(taken)


def texts(picture) -> list[str]:
    """Every text a reader can see in a figure."""
    found = [text.get_text() for text in picture.findobj(matplotlib.text.Text)]
    return [text for text in found if text.strip()]


@dataclass(frozen=True)
class Case:
    """Arguments for functional.<name>_forward and its backward function.

    inputs: the arguments that get a gradient, float64. options: the other ones; a callable makes
    the option anew for each call. linear: the adjoint identity holds.
    """

    name: str
    label: str
    inputs: dict[str, np.ndarray]
    options: dict = field(default_factory=dict)
    linear: bool = False

    def forward(self, module, **inputs):
        """(output, cache, …) of this case in `functional` or `loops`; inputs replace its own."""
        options = {k: v() if isinstance(v, Callable) else v for k, v in self.options.items()}
        return getattr(module, f"{self.name}_forward")(**{**self.inputs, **inputs}, **options)

    def backward(self, module, upstream, cache) -> tuple[np.ndarray, ...]:
        """The gradients, always as a tuple in the order of the inputs."""
        gradients = getattr(module, f"{self.name}_backward")(upstream, cache)
        return gradients if isinstance(gradients, tuple) else (gradients,)

    def with_dtype(self, dtype) -> Case:
        """This case with inputs (and arrays among the options) of another dtype."""

        def convert(arguments):
            return {
                k: v.astype(dtype) if isinstance(v, np.ndarray) else v for k, v in arguments.items()
            }

        return Case(self.name, self.label, convert(self.inputs), convert(self.options), self.linear)

    def upstream(self, shape, dtype=np.float64) -> np.ndarray:
        return np.random.default_rng(99).normal(size=shape).astype(dtype)

    def __str__(self) -> str:
        return f"{self.name} {self.label}".strip()


def probe(size=3, whole=False, n=3, height=6, width=9, c_in=2, c_out=4) -> dict[str, np.ndarray]:
    """Arguments x, w, b of a convolution on which (with stride 2, padding 1) no mistake hides."""
    k_h, k_w = (size, size) if isinstance(size, int) else size
    rng = np.random.default_rng(7)
    shapes = dict(x=(n, height, width, c_in), w=(k_h, k_w, c_in, c_out), b=(c_out,))
    if whole:
        return {k: rng.integers(-4, 5, shape).astype(float) for k, shape in shapes.items()}
    return {k: rng.normal(size=shape) for k, shape in shapes.items()}


def _cases() -> list[Case]:
    rng = np.random.default_rng(11)
    x = rng.normal(size=(3, 6, 9, 2))
    ties = rng.integers(-2, 2, x.shape).astype(float)
    table = rng.normal(2, 3, size=(7, 5))
    cases = []

    for size, stride, padding in [
        (3, 2, 1),
        (3, 1, 0),
        (3, 3, 2),
        ((2, 3), (3, 1), (0, 2)),
        ((2, 4), 1, "same"),
        (3, 2, "same"),
        (1, 1, 0),
    ]:
        label = f"{size} stride {stride} padding {padding}"
        options = dict(stride=stride, padding=padding)
        cases.append(Case("conv2d", label, probe(size), options, linear=True))

    for name in "maxpool2d", "avgpool2d":
        for size, stride in [(2, None), (3, 2), (2, 3), ((3, 2), (1, 2)), (1, 1)]:
            label = f"{size} stride {stride}"
            cases.append(Case(name, label, {"x": x}, dict(size=size, stride=stride), linear=True))
    cases.append(Case("maxpool2d", "with ties", {"x": ties}, dict(size=3, stride=2), linear=True))

    dense = dict(x=table, w=rng.normal(size=(5, 4)), b=rng.normal(size=4))
    cases.append(Case("dense", "", dense, linear=True))
    cases.append(Case("flatten", "", {"x": x}, linear=True))
    cases.append(Case("relu", "", {"z": x}, linear=True))
    cases.append(Case("leaky_relu", "", {"z": x}, dict(slope=0.1), linear=True))
    cases.append(Case("sigmoid", "", {"z": x}))
    cases.append(Case("tanh", "", {"z": x}))

    for label, array in ("table", table), ("images", x * 2 + 1):
        channels = array.shape[-1]
        inputs = dict(x=array, gamma=rng.normal(1, 1, channels), beta=rng.normal(size=channels))
        running = dict(
            running_mean=rng.normal(size=channels), running_var=rng.uniform(0.5, 2, channels)
        )
        cases.append(Case("batchnorm", label, inputs, running))
        later = f"{label}, after training"
        cases.append(Case("batchnorm", later, inputs, running | dict(training=False)))

    options = dict(rate=0.4, rng=lambda: np.random.default_rng(5))
    cases.append(Case("dropout", "", {"x": x}, options, linear=True))
    later = dict(rate=0.4, rng=None, training=False)
    cases.append(Case("dropout", "after training", {"x": x}, later, linear=True))
    return cases


CASES = _cases()
LINEAR_CASES = [case for case in CASES if case.linear]

FUSED_CASES = [
    Case(
        "conv2d_relu_maxpool",
        f"{size} padding {padding} pool {pool}",
        probe(size),
        dict(padding=padding, size=pool),
    )
    for size, padding, pool in [
        (3, 1, 2),
        (3, 0, 2),
        ((2, 3), (1, 0), (2, 3)),
        (3, "same", 4),
        (1, 0, 1),
    ]
]


def assert_close(actual, expected, relative=1e-12) -> None:
    """Same shape, and no entry further away than `relative` times the largest entry."""
    actual, expected = np.asarray(actual), np.asarray(expected)
    assert actual.shape == expected.shape
    scale = np.max(np.abs(expected), initial=1e-300)
    np.testing.assert_allclose(actual, expected, rtol=0, atol=relative * scale)


def frozen(array) -> np.ndarray:
    """A copy that NumPy refuses to overwrite."""
    copy = np.array(array)
    copy.flags.writeable = False
    return copy


# The course's worked examples, with four axes.
CONV = dict(x=as_batch(example.X), w=as_filters(example.W), b=example.B)
CONV_Z, CONV_DZ, CONV_DX = map(as_batch, (example.Z, example.DZ, example.DX))
CONV_DW, CONV_DB = as_filters(example.DW), example.DB
POOL_X, POOL_A = as_batch(example.POOL_X), as_batch(example.POOL_A)
POOL_DA, POOL_DX = as_batch(example.POOL_DA), as_batch(example.POOL_DX)
