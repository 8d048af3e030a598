"""How long a training step of the two small models takes, written in four ways.

    python tools/bench.py [--repeats 15] [--json FILE]

It measures forward, backward and update (batch of 64, float32) with
explicit loops, with plain im2col, with this package, and with PyTorch where it is installed. All
start from the same weights, see the same images, and must find the same loss after a step.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from cnn_utils import functional as F
from cnn_utils import loops, parallel, recipes
from cnn_utils.layers import Conv2D, Dense, Flatten, MaxPool2D, ReLU
from cnn_utils.optim import SGD

MODELS = {"mnist-small": 4, "signs-small": 1}  # how many images the loops are measured on
LEARNING_RATE = 0.01
BURST = 0.04  # seconds that one contestant runs before it is the next one's turn
PAUSE = 0.05  # seconds between them: idle threads of PyTorch and BLAS go on spinning for a while


def run(json_path: Path | None = None, repeats: int = 15, batch: int = 64) -> dict:
    """Measure both models, print a table for each, and return the figures (also as JSON).

    repeats: how often each contestant has its turn; batch: images a step.
    Returns ``{model: {"ratio_to_pytorch", "speedup_over_loops", "milliseconds": {label: …}}}``.
    The ratio is None where PyTorch is not installed.
    """
    figures = {}
    threads = parallel.get_threads()
    try:
        for name in MODELS:
            seconds = _measure(_contestants(name, batch), repeats)
            figures[name] = _compare(seconds, scale=batch / MODELS[name])
            print(_table(name, batch, figures[name]), flush=True)
    finally:
        parallel.set_threads(threads)
    if json_path is not None:
        Path(json_path).write_text(json.dumps(figures, indent=2) + "\n")
    return figures


# The contestants: functions that do one training step and return the loss.


def _contestants(name: str, batch: int) -> dict:
    """Everything to measure, by the name it has in the table."""
    rng = np.random.default_rng(0)
    model = recipes.build(name)
    x = rng.random((batch, *model.input_shape), dtype=np.float32)
    y = rng.integers(0, model.output_shape[0], batch)
    contestants = {
        "loops": _functional_step(loops, name, x[: MODELS[name]], y[: MODELS[name]]),
        "plain im2col": _functional_step(_plain, name, x, y),
    }
    for threads in 1, 2:
        contestants[f"cnn_utils, {_threads(threads)}"] = _package_step(name, x, y, threads)
    try:
        import torch
    except ImportError:
        return contestants
    for layout in "NCHW", "channels_last":
        for threads in 1, 2:
            label = f"PyTorch {layout}, {_threads(threads)}"
            contestants[label] = _torch_step(torch, model, x, y, layout, threads)
    return contestants


def _threads(n: int) -> str:
    return "1 thread" if n == 1 else f"{n} threads"


def _package_step(name, x, y, threads):
    """A step as `Sequential.fit` does it."""
    model, optimizer = recipes.build(name), SGD(LEARNING_RATE)

    def step():
        parallel.set_threads(threads)
        with parallel.single_blas_thread():
            loss, dz = model.loss(model.forward(x, training=True), y)
            model.backward(dz)
            optimizer.step(model.parameters(), model.gradients())
        return loss

    return step


def _functional_step(module, name, x, y):
    """A step layer by layer with the functions of a module."""
    model = recipes.build(name)

    def forward(layer, a):
        match layer:
            case Conv2D():
                return module.conv2d_forward(a, *layer.params.values(), 1, layer.padding)
            case ReLU():
                return module.relu_forward(a)
            case MaxPool2D():
                return module.maxpool2d_forward(a, layer.size)
            case Flatten():
                return module.flatten_forward(a)
            case Dense():
                return module.dense_forward(a, *layer.params.values())

    def backward(layer, da, cache, need_dx):
        match layer:
            case Conv2D():
                return module.conv2d_backward(da, cache, need_dx)
            case ReLU():
                return (module.relu_backward(da, cache),)
            case MaxPool2D():
                return (module.maxpool2d_backward(da, cache),)
            case Flatten():
                return (module.flatten_backward(da, cache),)
            case Dense():
                return module.dense_backward(da, cache)

    def step():
        a, caches = x, []
        for layer in model.layers:
            a, cache = forward(layer, a)
            caches.append(cache)
        loss, da = module.softmax_cross_entropy(a, y)
        for layer, cache in zip(reversed(model.layers), reversed(caches), strict=True):
            da, *gradients = backward(layer, da, cache, layer is not model.layers[0])
            for w, dw in zip(layer.params.values(), gradients, strict=True):
                w -= LEARNING_RATE * dw
        return loss

    return step


def _plain_conv_forward(x, w, b, stride, padding):
    """The usual NumPy convolution: one im2col of the whole batch and one product."""
    cols = F.im2col(x, w.shape[:2], stride, padding)
    height = F.output_size(x.shape[1], w.shape[0], stride, padding)
    z = cols @ w.reshape(-1, w.shape[3]) + b
    return z.reshape(len(x), height, -1, w.shape[3]), (cols, x.shape, w, stride, padding)


def _plain_conv_backward(dz, cache, need_dx):
    cols, x_shape, w, stride, padding = cache
    filters, dz = w.reshape(-1, w.shape[3]), dz.reshape(-1, w.shape[3])
    dx = F.col2im(dz @ filters.T, x_shape, w.shape[:2], stride, padding) if need_dx else None
    return dx, (cols.T @ dz).reshape(w.shape), dz.sum(axis=0)


def _plain_pool_forward(x, size):
    """The usual NumPy pooling: a view with the windows as axes of their own, and max over them."""
    n, height, width, channels = x.shape
    windows = x.reshape(n, height // size[0], size[0], width // size[1], size[1], channels)
    a = windows.max(axis=(2, 4))
    return a, windows == a[:, :, None, :, None]


def _plain_pool_backward(da, largest):
    n, h_out, k_h, w_out, k_w, channels = largest.shape
    dx = largest * da[:, :, None, :, None]
    return dx.reshape(n, h_out * k_h, w_out * k_w, channels)


_plain = SimpleNamespace(
    **vars(F)
    | {
        "conv2d_forward": _plain_conv_forward,
        "conv2d_backward": _plain_conv_backward,
        "maxpool2d_forward": _plain_pool_forward,
        "maxpool2d_backward": _plain_pool_backward,
    }
)


def _torch_step(torch, model, x, y, layout, threads):
    """The same model in PyTorch, from the same weights."""
    layers = []
    shape = model.input_shape
    for layer in model.layers:
        match layer:
            case Conv2D():
                w = layer.params["w"].transpose(3, 2, 0, 1)
                made = torch.nn.Conv2d(*w.shape[1::-1], layer.size, padding=layer.padding)
            case Dense():
                # rows in the order (H, W, C) become columns in the order (C, H, W)
                w = layer.params["w"].reshape(*shape, -1).transpose(3, 2, 0, 1)
                w = w.reshape(len(w), -1)
                made = torch.nn.Linear(*w.shape[::-1])
            case ReLU():
                made = torch.nn.ReLU()
            case MaxPool2D():
                made = torch.nn.MaxPool2d(layer.size)
            case Flatten():
                made = torch.nn.Flatten()
        if layer.params:
            made.load_state_dict(
                {
                    "weight": torch.tensor(w.copy()),
                    "bias": torch.tensor(layer.params["b"]),
                }
            )
        if not isinstance(layer, Flatten):
            shape = layer.output_shape
        layers.append(made)

    form = torch.channels_last if layout == "channels_last" else torch.contiguous_format
    net = torch.nn.Sequential(*layers).to(memory_format=form)
    images = torch.tensor(x.transpose(0, 3, 1, 2).copy()).contiguous(memory_format=form)
    labels = torch.tensor(y)
    optimizer = torch.optim.SGD(net.parameters(), lr=LEARNING_RATE)
    criterion = torch.nn.CrossEntropyLoss()

    def step():
        torch.set_num_threads(threads)
        optimizer.zero_grad()
        loss = criterion(net(images), labels)
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


# Measuring


def _measure(contestants: dict, repeats: int) -> dict[str, list[float]]:
    """Seconds a step takes, `repeats` times for each contestant, all taking turns.

    A turn is a burst of steps; its figure is their median. The loops, slow enough to be measured
    by a single step, have at most three turns.
    """
    losses = {}
    for label, step in contestants.items():
        if label != "loops":
            step()
            losses[label] = step()  # the second loss depends on the first step's gradients
    for loss in losses.values():
        if not np.isclose(loss, losses["plain im2col"], rtol=1e-3):
            raise RuntimeError(f"not all contestants do the same: the losses are {losses}.")
    seconds = {label: [] for label in contestants}
    rng = np.random.default_rng(0)
    for turn in range(repeats):
        for label in rng.permutation(list(contestants)):
            if label != "loops":
                time.sleep(PAUSE)
                seconds[label].append(_burst(contestants[label]))
            elif turn < 3:
                seconds[label].append(_time(contestants[label]))
    return seconds


def _burst(step) -> float:
    """The median time of steps in a row, after one that does not count."""
    step()
    times = [_time(step)]
    while sum(times) < BURST:
        times.append(_time(step))
    return statistics.median(times)


def _time(step) -> float:
    start = time.perf_counter()
    step()
    return time.perf_counter() - start


def _compare(seconds: dict[str, list[float]], scale: float) -> dict:
    """The figures of one model; the loops' time is multiplied by `scale`."""
    seconds["loops"] = [scale * t for t in seconds["loops"]]
    medians = {label: statistics.median(times) for label, times in seconds.items()}

    def fastest(who: str) -> str | None:
        return min((label for label in medians if who in label), key=medians.get, default=None)

    ours, theirs = fastest("cnn_utils"), fastest("PyTorch")
    ratio = None
    if theirs is not None:  # turn by turn, so that what slows down a turn slows down both
        ratio = statistics.median(
            a / b for a, b in zip(seconds[ours], seconds[theirs], strict=True)
        )
    return {
        "ratio_to_pytorch": ratio,
        "speedup_over_loops": medians["loops"] / medians[ours],
        "milliseconds": {label: 1000 * t for label, t in medians.items()},
    }


def _table(name: str, batch: int, figures: dict) -> str:
    """The figures of one model for people."""
    images = MODELS[name]
    milliseconds = figures["milliseconds"]
    fastest = min(t for label, t in milliseconds.items() if "cnn_utils" in label)
    lines = [f"{name}: a training step, batch {batch}", f"{'':34}{'ms':>12}{'relative':>12}"]
    for label, t in milliseconds.items():
        if label == "loops":
            label = f"loops (from {images} image{'s' if images > 1 else ''})"
        lines.append(f"{label:34}{t:12,.2f}{t / fastest:12,.2f}")
    comparison = f"cnn_utils is {figures['speedup_over_loops']:,.0f} times as fast as the loops"
    if figures["ratio_to_pytorch"] is None:
        comparison += "; PyTorch is not installed (pip install torch)."
    else:
        comparison += f" and takes {figures['ratio_to_pytorch']:.2f} of PyTorch's time."
    return "\n".join([*lines, comparison, ""])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--repeats", type=int, default=15, help="measurements of each")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here")
    arguments = parser.parse_args()
    run(json_path=arguments.json, repeats=arguments.repeats)


if __name__ == "__main__":
    main()
