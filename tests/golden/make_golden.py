"""Write golden.npz: PyTorch's numbers for the functions of cnn_utils.functional.

    python tests/golden/make_golden.py        (needs: pip install torch==2.13.0)

Each case has arrays named "<case>/<argument>" and "<case>/<result>", all float64 or int64, in the
course's layout: (N, H, W, C) and (K_h, K_w, C_in, C_out). tests/test_golden.py compares
cnn_utils.functional with the file, and the file with PyTorch where PyTorch is installed.
"""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np

FILE = Path(__file__).with_name("golden.npz")

# What is not an array: (function, options). Torch's names are only used in `compute`.
CASES = {
    "conv plain": ("conv2d", dict(stride=1, padding=0)),
    "conv strided": ("conv2d", dict(stride=2, padding=1)),
    "conv pairs": ("conv2d", dict(stride=(3, 1), padding=(0, 2))),
    "conv same": ("conv2d", dict(stride=1, padding="same")),
    "fused": ("conv2d_relu_maxpool", dict(padding=1, size=2)),
    "max": ("maxpool2d", dict(size=2)),
    "max overlap": ("maxpool2d", dict(size=3, stride=2)),
    "max pairs": ("maxpool2d", dict(size=(3, 2), stride=(1, 3))),
    "max ties": ("maxpool2d", dict(size=3, stride=1)),
    "average": ("avgpool2d", dict(size=2)),
    "average overlap": ("avgpool2d", dict(size=(3, 2), stride=(2, 1))),
    "unfold": ("im2col", dict(size=(3, 2), stride=(2, 1), padding=(1, 0))),
    "dense": ("dense", {}),
    "relu": ("relu", {}),
    "leaky": ("leaky_relu", dict(slope=0.1)),
    "sigmoid": ("sigmoid", {}),
    "tanh": ("tanh", {}),
    "norm table": ("batchnorm", dict(momentum=0.8, eps=1e-3)),
    "norm images": ("batchnorm", {}),
    "norm later": ("batchnorm", dict(training=False)),
    "softmax": ("softmax", {}),
    "log softmax": ("log_softmax", {}),
    "cross entropy": ("softmax_cross_entropy", {}),
    "cross entropy far": ("softmax_cross_entropy", {}),
    "logits": ("binary_cross_entropy_with_logits", {}),
    "probabilities": ("binary_cross_entropy", {}),
}
FILTERS = {"conv pairs": (2, 3), "conv same": (2, 4)}  # the others are 3 x 3


def draw() -> dict[str, dict[str, np.ndarray]]:
    """Arguments of every case; the upstream gradient is called `upstream`."""
    rng = np.random.default_rng(20)
    return {case: _draw_one(case, function, rng) for case, (function, _) in CASES.items()}


def _draw_one(case: str, function: str, rng) -> dict[str, np.ndarray]:
    images = _normal(rng, (3, 6, 9, 2))
    table = 2 * _normal(rng, (5, 4))
    if function.startswith("conv2d"):
        w = _normal(rng, (*FILTERS.get(case, (3, 3)), 2, 4))
        return dict(x=images, w=w, b=_normal(rng, 4))
    if case == "max ties":
        return dict(x=rng.integers(-2, 2, images.shape).astype(float))
    if function in ("maxpool2d", "avgpool2d", "im2col"):
        return dict(x=images)
    if function == "dense":
        return dict(x=table, w=_normal(rng, (4, 3)), b=_normal(rng, 3))
    if function == "batchnorm":
        x = table if case == "norm table" else 2 * images + 1
        shape = x.shape[-1]
        return dict(
            x=x,
            gamma=_normal(rng, shape),
            beta=_normal(rng, shape),
            running_mean=_normal(rng, shape),
            running_var=rng.uniform(0.5, 2, size=shape),
        )
    if function == "softmax_cross_entropy":
        return dict(z=table * (1000 if case.endswith("far") else 1), y=rng.integers(0, 4, 5))
    if function == "binary_cross_entropy":
        return dict(p=rng.uniform(0.01, 0.99, table.shape), y=rng.integers(0, 2, table.shape))
    if function == "binary_cross_entropy_with_logits":
        return dict(z=20 * table, y=rng.integers(0, 2, table.shape))
    return dict(z=table)


def _normal(rng, shape) -> np.ndarray:
    """Random numbers in steps of 1/64: the file becomes small."""
    return np.round(rng.normal(size=shape) * 64) / 64


def compute(arguments: dict[str, dict[str, np.ndarray]]) -> dict[str, dict[str, np.ndarray]]:
    """PyTorch's results for these arguments, and the upstream gradients that were used."""
    rng = np.random.default_rng(21)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "same" with even filters makes a copy, says PyTorch
        return {case: _compute_one(*CASES[case], arrays, rng) for case, arrays in arguments.items()}


def _compute_one(function: str, options: dict, arrays: dict, rng) -> dict[str, np.ndarray]:
    import torch
    from torch.nn import functional as T

    t = {
        name: torch.tensor(array, requires_grad=array.dtype == np.float64 and "running" not in name)
        for name, array in arrays.items()
    }
    nchw, nhwc = (lambda a: a.permute(0, 3, 1, 2)), (lambda a: a.permute(0, 2, 3, 1))
    size, stride = options.get("size"), options.get("stride")
    extra = {}
    if function == "conv2d":
        z = nhwc(T.conv2d(nchw(t["x"]), t["w"].permute(3, 2, 0, 1), t["b"], **options))
    elif function == "conv2d_relu_maxpool":
        z = T.conv2d(nchw(t["x"]), t["w"].permute(3, 2, 0, 1), t["b"], padding=options["padding"])
        z = nhwc(T.max_pool2d(T.relu(z), size))
    elif function == "maxpool2d":
        z = nhwc(T.max_pool2d(nchw(t["x"]), size, stride))
    elif function == "avgpool2d":
        z = nhwc(T.avg_pool2d(nchw(t["x"]), size, stride))
    elif function == "im2col":  # (N, C·K_h·K_w, places) -> (N·places, K_h·K_w·C)
        z = T.unfold(nchw(t["x"]), size, padding=options["padding"], stride=stride)
        n, _, places = z.shape
        z = z.reshape(n, -1, size[0] * size[1], places).permute(0, 3, 2, 1).reshape(n * places, -1)
    elif function == "dense":
        z = t["x"] @ t["w"] + t["b"]
    elif function in ("relu", "sigmoid", "tanh"):
        z = getattr(torch, function)(t["z"])
    elif function == "leaky_relu":
        z = T.leaky_relu(t["z"], options["slope"])
    elif function in ("softmax", "log_softmax"):
        return dict(result=getattr(torch, function)(t["z"], dim=-1).detach().numpy())
    elif function == "batchnorm":
        z, extra = _batch_norm(T, t, options, nchw, nhwc)
    elif function == "softmax_cross_entropy":
        z = T.cross_entropy(t["z"], t["y"])
    else:
        z = getattr(T, function)(t["z" if "z" in t else "p"], t["y"].double())

    upstream = np.ones(()) if z.ndim == 0 else _normal(rng, tuple(z.shape))
    z.backward(torch.tensor(upstream))
    gradients = {f"d{k}": v.grad.numpy() for k, v in t.items() if v.requires_grad}
    return dict(result=z.detach().numpy(), upstream=upstream, **gradients, **extra)


def _batch_norm(T, t, options, nchw, nhwc):
    training = options.get("training", True)
    momentum, eps = options.get("momentum", 0.9), options.get("eps", 1e-5)
    x = nchw(t["x"]) if t["x"].ndim == 4 else t["x"]
    mean, var = t["running_mean"].clone(), t["running_var"].clone()
    z = T.batch_norm(x, mean, var, t["gamma"], t["beta"], training, 1 - momentum, eps)
    if training:  # PyTorch keeps the unbiased variance, we the biased one
        m = x.numel() // x.shape[1]
        new = var - momentum * t["running_var"]
        var = momentum * t["running_var"] + new * (m - 1) / m
    z = nhwc(z) if z.ndim == 4 else z
    return z, dict(new_mean=mean.numpy(), new_var=var.numpy())


def flatten(nested: dict[str, dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    return {f"{case}/{name}": a for case, arrays in nested.items() for name, a in arrays.items()}


if __name__ == "__main__":
    arguments = draw()
    np.savez_compressed(FILE, **flatten(arguments), **flatten(compute(arguments)))
    print(f"{FILE.name}: {FILE.stat().st_size:,} bytes, {len(CASES)} cases")
