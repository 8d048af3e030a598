"""Every backward function against central differences and the adjoint identity."""

import numpy as np
import pytest
from helpers import CASES, FUSED_CASES, LINEAR_CASES, assert_close, frozen

from cnn_utils import functional as F
from cnn_utils import loops as L
from cnn_utils.gradcheck import adjoint_check, check_gradients, numerical_gradient, relative_error

EVERY_CASE = [(F, case) for case in CASES + FUSED_CASES]
EVERY_CASE += [(L, case) for case in CASES if case.name not in ("conv2d", "maxpool2d", "avgpool2d")]
# At a tie the maximum has no derivative: there, test_loops.py and the adjoint identity decide.
SMOOTH_CASES = [(module, case) for module, case in EVERY_CASE if case.label != "with ties"]
LABELS = np.array([0, 3, 3, 1, 2])


def ids(value):
    return str(value) if not hasattr(value, "__name__") else value.__name__.rpartition(".")[2]


@pytest.mark.parametrize(("module", "case"), SMOOTH_CASES, ids=ids)
def test_gradients_are_those_of_central_differences(module, case):
    report = check_gradients(
        lambda **inputs: case.forward(module, **inputs),
        lambda upstream, cache: case.backward(module, upstream, cache),
        case.inputs,
    )
    assert report.ok, f"\n{report}"
    assert len(report.rows) == len(case.inputs)


@pytest.mark.parametrize("module", [F, L], ids=ids)
@pytest.mark.parametrize("case", LINEAR_CASES, ids=ids)
def test_adjoint_identity(module, case):
    report = adjoint_check(
        lambda **inputs: case.forward(module, **inputs),
        lambda upstream, cache: case.backward(module, upstream, cache),
        case.inputs,
    )
    assert report.ok, f"\n{report}"


def test_the_adjoint_of_im2col_is_col2im():
    x = np.random.default_rng(0).normal(size=(3, 6, 9, 2))
    for module in F, L:
        for arguments in [(3, 2, 1), ((2, 3), (1, 3), (0, 1)), (2, 1, "same")]:
            report = adjoint_check(
                lambda x, m=module, a=arguments: (m.im2col(x, *a), a),
                lambda cols, a, m=module: m.col2im(cols, x.shape, *a),
                {"x": x},
            )
            assert report.ok, f"\n{report}"


@pytest.mark.parametrize("module", [F, L], ids=ids)
def test_loss_gradients(module):
    rng = np.random.default_rng(1)
    z = rng.normal(0, 3, (5, 4))
    p = rng.uniform(0.2, 0.8, (5, 4))
    targets = rng.integers(0, 2, (5, 4))
    for loss, at, y in [
        (module.softmax_cross_entropy, z, LABELS),
        (module.binary_cross_entropy_with_logits, z, targets),
        (module.binary_cross_entropy, p, targets),
    ]:
        value, gradient = loss(at, y)
        assert isinstance(value, float)
        numerical = numerical_gradient(lambda a, loss=loss, y=y: loss(a, y)[0], at.copy())
        assert relative_error(gradient, numerical) < 1e-8, loss.__name__


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("module", "case"), EVERY_CASE, ids=ids)
def test_dtype_is_kept_and_no_argument_changed(module, case, dtype):
    case = case.with_dtype(dtype)
    inputs = {name: frozen(array) for name, array in case.inputs.items()}
    output, cache, *rest = case.forward(module, **inputs)
    assert output.dtype == dtype
    upstream = frozen(case.upstream(output.shape, dtype))
    for gradient, array in zip(
        case.backward(module, upstream, cache), inputs.values(), strict=True
    ):
        assert gradient.dtype == dtype
        assert gradient.shape == array.shape
    for running in rest:
        assert [r.dtype for r in running] == [dtype, dtype]


@pytest.mark.parametrize(("module", "case"), EVERY_CASE, ids=ids)
def test_the_same_call_gives_the_same_result_again(module, case):
    output, cache, *_ = case.forward(module)
    upstream = case.upstream(output.shape)
    first = [g.copy() for g in case.backward(module, upstream, cache)]
    kept = output.copy()
    output_again, cache_again, *_ = case.forward(module)
    again = case.backward(module, upstream, cache_again)
    np.testing.assert_array_equal(output_again, kept)
    np.testing.assert_array_equal(output, kept)
    for a, b, c in zip(first, again, case.backward(module, upstream, cache), strict=True):
        np.testing.assert_array_equal(a, b)
        np.testing.assert_array_equal(a, c)


@pytest.mark.parametrize("case", CASES + FUSED_CASES, ids=ids)
def test_float32_agrees_with_float64(case):
    output, cache, *_ = case.forward(F)
    upstream = case.upstream(output.shape)
    single = case.with_dtype(np.float32)
    output_single, cache_single, *_ = single.forward(F)
    assert_close(output_single, output, 1e-5)
    gradients = case.backward(F, upstream, cache)
    gradients_single = case.backward(F, upstream.astype(np.float32), cache_single)
    for a, b in zip(gradients_single, gradients, strict=True):
        assert_close(a, b, 1e-5)


@pytest.mark.parametrize("name", ["conv2d", "dense"])
def test_the_first_layer_can_do_without_dx(name):
    case = next(c for c in CASES if c.name == name)
    for module in F, L:
        output, cache = case.forward(module)
        upstream = case.upstream(output.shape)
        backward = getattr(module, f"{name}_backward")
        dx, dw, db = backward(upstream, cache, need_dx=False)
        assert dx is None
        _, dw_too, db_too = backward(upstream, cache)
        assert_close(dw, dw_too)
        assert_close(db, db_too)


@pytest.mark.parametrize("case", CASES + FUSED_CASES, ids=ids)
def test_an_upstream_gradient_of_another_shape_is_refused(case):
    output, cache, *_ = case.forward(F)
    with pytest.raises(ValueError, match="shape"):
        case.backward(F, np.ones((*output.shape, 1)), cache)
    with pytest.raises(ValueError, match="shape"):
        case.backward(F, np.ones(output.shape[1:]), cache)
