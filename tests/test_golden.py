"""PyTorch's numbers, committed in golden/golden.npz; golden/make_golden.py made them."""

import numpy as np
import pytest
from golden import make_golden
from helpers import assert_close

from cnn_utils import functional as F

with np.load(make_golden.FILE) as file:
    GOLDEN = {case: {} for case in make_golden.CASES}
    for key in file.files:
        case, _, name = key.rpartition("/")
        GOLDEN[case][name] = file[key]

RESULTS = ("result", "upstream", "new_mean", "new_var")


def split(case):
    """(arguments, results) of a case."""
    results = {
        k: v
        for k, v in GOLDEN[case].items()
        if k in RESULTS or (k[0] == "d" and k[1:] in GOLDEN[case])
    }
    return {k: v for k, v in GOLDEN[case].items() if k not in results}, results


@pytest.mark.parametrize(("dtype", "relative"), [(np.float64, 1e-12), (np.float32, 2e-5)])
@pytest.mark.parametrize("case", make_golden.CASES)
def test_functional_agrees_with_pytorch(case, dtype, relative):
    name, options = make_golden.CASES[case]
    arguments, results = split(case)
    arguments = {k: v.astype(dtype) if v.dtype == float else v for k, v in arguments.items()}
    upstream = results.get("upstream", np.ones(())).astype(dtype)

    if name in ("softmax", "log_softmax"):
        got = dict(result=getattr(F, name)(**arguments))
    elif "entropy" in name:
        loss, gradient = getattr(F, name)(**arguments)
        got = dict(result=loss) | {"d" + next(iter(arguments)): gradient}
    elif name == "im2col":
        cols = F.im2col(**arguments, **options)
        got = dict(result=cols, dx=F.col2im(upstream, arguments["x"].shape, **options))
    else:
        result, cache, *rest = getattr(F, f"{name}_forward")(**arguments, **options)
        gradients = getattr(F, f"{name}_backward")(upstream, cache)
        gradients = gradients if isinstance(gradients, tuple) else (gradients,)
        trained = [k for k in arguments if f"d{k}" in results]
        got = dict(result=result) | {f"d{k}": v for k, v in zip(trained, gradients, strict=True)}
        for running in rest:
            got["new_mean"], got["new_var"] = running

    assert set(got) == set(results) - {"upstream"}
    for k in got:
        assert_close(got[k], results[k], relative)


def test_the_file_is_small_and_needs_no_pickle():
    assert make_golden.FILE.stat().st_size < 150_000
    for arrays in GOLDEN.values():
        assert all(array.dtype in (np.float64, np.int64) for array in arrays.values())


def test_pytorch_still_gives_these_numbers():
    pytest.importorskip("torch", reason="PyTorch is not installed (optional)", exc_type=ImportError)
    arguments = {case: split(case)[0] for case in make_golden.CASES}
    computed = make_golden.compute(arguments)
    for case in make_golden.CASES:
        results = split(case)[1]
        assert set(computed[case]) == set(results)
        for name, array in computed[case].items():
            assert_close(array, results[name])
