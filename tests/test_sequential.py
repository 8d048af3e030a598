import numpy as np
import pytest

from cnn_utils import checkpoint, gradcheck, layers
from cnn_utils.checkpoint import ModelFileError
from cnn_utils.layers import (
    AvgPool2D,
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    LeakyReLU,
    MaxPool2D,
    ReLU,
    Sigmoid,
    Tanh,
)
from cnn_utils.sequential import Sequential


def small(**options):
    stack = [Conv2D(4, 3, padding=1), ReLU(), MaxPool2D(2), Flatten(), Dense(3)]
    return Sequential(stack, (6, 8, 2), **options)


def every_layer(dtype=np.float64):
    stack = [
        Conv2D(4, 3, padding="same"),
        BatchNorm(),
        LeakyReLU(0.1),
        AvgPool2D(2),
        Conv2D(5, (3, 2), stride=(1, 2), padding=(1, 0), use_bias=False),
        Tanh(),
        MaxPool2D((2, 1), (1, 1)),
        Conv2D(3, 2, padding=1),
        ReLU(),
        MaxPool2D(2),
        Flatten(),
        Dense(7),
        Sigmoid(),
        Dropout(0.4),
        Dense(3),
    ]
    return Sequential(stack, (9, 12, 2), seed=3, dtype=dtype)


def batch(model, n=5, seed=0, dtype=np.float64):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, *model.input_shape)).astype(dtype)
    return x, rng.integers(0, model.output_shape[0], n)


def test_the_gradient_of_a_stack_of_every_layer_is_right():
    model = every_layer()
    x, y = batch(model)
    dropout = model.rng_states()

    def loss(_):
        model.set_rng_states(dropout)  # the same mask every time
        return model.loss(model.forward(x, training=True), y)[0]

    loss(None)
    model.backward(model.loss(model.forward(x, training=True), y)[1])
    model.set_rng_states(dropout)
    dx = model.backward(model.loss(model.forward(x, training=True), y)[1], need_dx=True)
    analytic = {name: g.copy() for name, g in model.gradients().items()}
    assert analytic.keys() == model.parameters().keys()
    for name, value in {**model.parameters(), "x": x}.items():
        numerical = gradcheck.numerical_gradient(loss, value)
        given = dx if name == "x" else analytic[name]
        # the bias before a batch norm has gradient 0, so an absolute tolerance is needed too
        np.testing.assert_allclose(given, numerical, rtol=1e-5, atol=1e-8, err_msg=name)


def test_conv_relu_pool_as_one_step_gives_the_same_numbers_as_three():
    model = small(dtype=np.float64)
    assert isinstance(model._steps[0], layers.ConvReluPool)
    x, y = batch(model)
    x[0] = 0  # a constant image: every window is a tie
    output = model.forward(x)
    dx = model.backward(model.loss(output, y)[1], need_dx=True)
    fused = {name: g.copy() for name, g in model.gradients().items()}
    rows = model.trace(x, y)  # layer by layer
    np.testing.assert_allclose(rows[-1].a, output, rtol=1e-12)
    np.testing.assert_allclose(rows[0].da, dx, rtol=1e-10, atol=1e-14)
    for name, gradient in model.gradients().items():
        np.testing.assert_allclose(gradient, fused[name], rtol=1e-10, atol=1e-14, err_msg=name)


@pytest.mark.parametrize(
    "stack",
    [
        [Conv2D(4, 3, stride=2), ReLU(), MaxPool2D(2)],
        [Conv2D(4, 3), ReLU(), MaxPool2D(3, 2)],
        [Conv2D(4, 3), Tanh(), MaxPool2D(2)],
        [Conv2D(4, 3), MaxPool2D(2), ReLU()],
    ],
)
def test_other_triples_are_left_alone(stack):
    model = Sequential([*stack, Flatten(), Dense(3)], (9, 10, 1))
    assert model._steps == model.layers


def test_backward_leaves_out_the_gradient_of_the_input_unless_asked():
    model = Sequential([AvgPool2D(2), Flatten(), Dense(3)], (4, 4, 1))
    x, y = batch(model, dtype=np.float32)
    assert model.backward(model.loss(model.forward(x), y)[1]) is None
    assert model.gradients()["dense_1.w"].shape == (4, 3)
    assert model.backward(model.loss(model.forward(x), y)[1], need_dx=True).shape == x.shape


def test_trace_has_a_gradient_of_the_shape_of_every_output():
    model = every_layer()
    rows = model.trace(*batch(model))
    assert [row.name for row in rows[:4]] == ["input", "conv2d_1", "batchnorm_1", "leakyrelu_1"]
    assert all(row.a.shape == row.da.shape for row in rows)


def test_trace_sends_back_what_it_is_given():
    model = every_layer()
    x, y = batch(model)
    whole = model.trace(x, y)
    forward = model.trace(x)
    assert all(row.da is None for row in forward)
    same = model.trace(x, upstream=whole[-1].da)
    for row, forth, back in zip(whole, forward, same, strict=True):
        assert row.name == forth.name == back.name
        np.testing.assert_array_equal(row.a, forth.a)
        np.testing.assert_array_equal(row.da, back.da)
    doubled = model.trace(x, upstream=2 * whole[-1].da)
    np.testing.assert_array_equal(doubled[0].da, 2 * whole[0].da)
    with pytest.raises(ValueError, match="y or upstream, not both"):
        model.trace(x, y, upstream=whole[-1].da)
    with pytest.raises(ValueError, match="upstream must have the shape of the forward result"):
        model.trace(x, upstream=np.ones(3))


def test_summary_counts():
    model = Sequential(
        [
            Conv2D(8, 5, padding=2),
            ReLU(),
            MaxPool2D(8),
            Conv2D(16, 5, padding=2),
            ReLU(),
            MaxPool2D(4),
            Flatten(),
            Dense(6),
        ],
        (64, 64, 3),
    )
    assert model.parameter_count == 4214  # 5·5·3·8 + 8 + 5·5·8·16 + 16 + 64·6 + 6
    lines = model.summary().splitlines()
    assert lines[3].split() == ["conv2d_1", "64", "×", "64", "×", "8", "608", "2,457,600"]
    assert lines[-1].split() == ["total", "4,214", f"{2_457_600 + 8 * 8 * 200 * 16 + 384:,}"]
    assert len({len(line) for line in lines}) == 1


def test_float32_stays_float32_everywhere():
    model = every_layer(np.float32)
    x, y = batch(model, dtype=np.float32)
    for row in model.trace(x, y):
        assert row.a.dtype == row.da.dtype == np.float32, row.name
    model.forward(x, training=True)
    for name, array in {**model.arrays(), **model.gradients()}.items():
        assert array.dtype == np.float32, name


def test_the_seed_decides_the_weights():
    for name, w in small(seed=1).parameters().items():
        np.testing.assert_array_equal(w, small(seed=1).parameters()[name])
    assert not np.array_equal(
        small(seed=1).parameters()["conv2d_1.w"], small(seed=2).parameters()["conv2d_1.w"]
    )


def test_predictions():
    model = small()
    x, _ = batch(model, n=7, dtype=np.float32)
    p = model.predict_proba(x)
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_array_equal(model.predict(x), p.argmax(axis=1))
    assert model.predict(x[:0]).shape == (0,)
    many = np.concatenate([x] * 40)  # 280: more than are run at a time
    np.testing.assert_allclose(model.outputs(many)[-7:], model.forward(x), rtol=1e-5)
    pixels = np.random.default_rng(0).integers(0, 256, x.shape, dtype=np.uint8)
    np.testing.assert_allclose(
        model.predict_proba(pixels), model.predict_proba(pixels.astype(np.float32) / 255), rtol=1e-5
    )


def test_save_and_load(tmp_path):
    model = every_layer(np.float32)
    x, y = batch(model, dtype=np.float32)
    model.fit(x, y, epochs=2, progress=False)
    model.data, model.info = "random numbers", {"seed": 3}
    model.save(tmp_path / "m.h5")
    again = Sequential.load(tmp_path / "m.h5")
    assert again.architecture() == model.architecture()
    assert (again.data, again.info) == (model.data, model.info)
    assert again.history == model.history
    np.testing.assert_array_equal(again.forward(x), model.forward(x))


def test_load_says_what_is_wrong(tmp_path):
    path = tmp_path / "m.h5"
    model = small()

    def spoiled(change):
        model.save(path)
        meta, groups = checkpoint.read(path)
        change(meta, groups)
        checkpoint.write(path, meta, groups)
        with pytest.raises(ModelFileError, match=r"m\.h5") as error:
            Sequential.load(path)
        return str(error.value)

    assert "got the text 'Conv9D'" in spoiled(
        lambda meta, _: meta["architecture"]["layers"][0].update(kind="Conv9D")
    )
    assert "filters" in spoiled(
        lambda meta, _: meta["architecture"]["layers"][0]["arguments"].update(filters=-1)
    )
    assert "conv2d_1.w" in spoiled(lambda _, groups: groups["weights"].pop("conv2d_1.w"))
    assert "must have shape" in spoiled(
        lambda _, groups: groups["weights"].update({"conv2d_1.b": np.zeros(9)})
    )
    assert "not finite" in spoiled(
        lambda _, groups: groups["weights"]["conv2d_1.b"].__setitem__(0, np.nan)
    )
    assert "architecture" in spoiled(lambda meta, _: meta.pop("architecture"))
    assert "build" in spoiled(
        lambda meta, _: meta["architecture"]["layers"][-1]["arguments"].update(units=10**15)
    )


def test_errors_speak_to_a_learner():
    with pytest.raises(ValueError, match=r"layer 1, Dense.*Flatten\(\)"):
        Sequential([Dense(3)], (4, 4, 1))
    with pytest.raises(ValueError, match="layer 2, MaxPool2D"):
        Sequential([Conv2D(2, 3), MaxPool2D(9)], (6, 6, 1))
    model = small()
    with pytest.raises(ValueError, match=r"x\[None\]"):
        model.forward(np.zeros((6, 8, 2), np.float32))
    with pytest.raises(ValueError, match=r"got \(5, 6, 8\)\.$"):
        model.forward(np.zeros((5, 6, 8), np.float32))
    grey = Sequential([Flatten()], (6, 8, 1))
    with pytest.raises(ValueError, match=r"x\[\.\.\., None\]"):
        grey.forward(np.zeros((5, 6, 8), np.float32))
    with pytest.raises(ValueError, match="to_float"):
        model.forward(np.zeros((1, 6, 8, 2), np.uint8))
    with pytest.raises(RuntimeError, match="forward"):
        model.backward(np.zeros((1, 3), np.float32))
    with pytest.raises(ValueError, match="differ in: conv2d_1.b"):
        model.set_arrays({k: v for k, v in model.arrays().items() if k != "conv2d_1.b"})
