import contextlib
import io
import subprocess
import sys

import numpy as np
import pytest

from cnn_utils import optim, training
from cnn_utils.checkpoint import ModelFileError
from cnn_utils.layers import BatchNorm, Conv2D, Dense, Dropout, Flatten, MaxPool2D, ReLU, Sigmoid
from cnn_utils.sequential import Sequential


def stripes(n, seed):
    """Images 8×8 with a bright row (class 0) or a bright column (class 1), in noise."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(0, 0.3, (n, 8, 8, 1)).astype(np.float32)
    y = rng.integers(0, 2, n)
    for image, label in zip(x, y, strict=True):
        where = rng.integers(8)
        image[where if label == 0 else slice(None), where if label else slice(None)] += 0.7
    return x, y


def model(seed=0, **options):
    stack = [Conv2D(4, 3), BatchNorm(), ReLU(), MaxPool2D(2), Flatten(), Dropout(0.2), Dense(2)]
    return Sequential(stack, (8, 8, 1), seed, **options)


def same(a, b):
    return all(np.array_equal(v, b.arrays()[k]) for k, v in a.arrays().items())


def test_learns_and_keeps_a_history():
    x, y = stripes(300, 0)
    m = model()
    history = m.fit(
        x,
        y,
        epochs=8,
        batch_size=30,
        optimizer=optim.Adam(0.02),
        validation=stripes(100, 1),
        progress=False,
    )
    assert m.history is history and len(history) == 8
    assert history.loss[-1] < 0.6 * history.loss[0]
    assert history.val_accuracy[-1] > 0.95
    assert history.learning_rate == [0.02] * 8
    assert m.evaluate(*stripes(100, 1)).loss == pytest.approx(history.val_loss[-1])


def test_an_epoch_step_by_step_is_what_fit_does():
    x, y = stripes(70, 0)
    valid = stripes(600, 1)
    one, two = model(), model()
    expected = one.fit(x, y, epochs=2, batch_size=32, validation=valid, progress=False)
    run = training.Run(two, x, y, epochs=2, batch_size=32, validation=valid)
    assert run.steps == 3
    for epoch in (1, 2):
        passed = list(run.epoch())
        kinds = [type(one).__name__ for one in passed]
        assert kinds == ["Step"] * 3 + ["Evaluation"] * 3  # 250, 500 and 600 images measured
        sizes = [32, 32, 6]
        mean = sum(n * step.loss for n, step in zip(sizes, passed, strict=False)) / 70
        assert run.history.loss[-1] == passed[2].so_far.loss == pytest.approx(mean)
        assert run.history.val_accuracy[-1] == passed[-1].accuracy
        for name in run.history.arrays():
            assert len(getattr(run.history, name)) == epoch, name
    assert same(one, two)
    assert run.history.loss == expected.loss and run.history.val_loss == expected.val_loss
    assert one.evaluate(*valid) == passed[-1]


def test_a_model_needs_no_more_than_the_protocol_says():
    class Linear:
        """One matrix, written without this package."""

        dtype = np.dtype(np.float64)

        def __init__(self):
            self.w, self.dw = np.zeros((64, 2)), None

        def forward(self, x, training=False):
            self.x = x.reshape(len(x), -1)
            return self.x @ self.w

        def loss(self, outputs, y):
            e = np.exp(outputs)
            p = e / e.sum(axis=1, keepdims=True)
            rows = np.arange(len(y))
            dz = p.copy()
            dz[rows, y] -= 1
            return -np.log(p[rows, y]).mean(), dz / len(y)

        def backward(self, dz):
            self.dw = self.x.T @ dz

        def parameters(self):
            return {"w": self.w}

        def gradients(self):
            return {"w": self.dw}

        arrays = parameters

        def set_arrays(self, arrays):
            self.w[...] = arrays["w"]

    public = {name for name in vars(Linear) if not name.startswith("_")}
    asked = {n for n in [*vars(training.Model), *training.Model.__annotations__] if n[0] != "_"}
    assert public == asked
    x = np.random.default_rng(0).normal(size=(200, 8, 8, 1))
    y = (x.sum(axis=(1, 2, 3)) > 0).astype(int)
    linear = Linear()
    how = dict(epochs=20, batch_size=20, patience=3, validation=(x[:50], y[:50]), progress=False)
    training.fit(linear, x, y, **how)
    assert training.evaluate(linear, x, y).accuracy > 0.9


def test_importing_it_brings_no_widgets_and_no_plots():
    program = """if True:
        import sys
        import numpy as np
        from cnn_utils import recipes, training
        from cnn_utils.layers import Dense, Flatten
        from cnn_utils.sequential import Sequential
        model = Sequential([Flatten(), Dense(2)], (2, 2, 1))
        model.fit(np.ones((3, 2, 2, 1), np.float32), np.array([0, 1, 1]), epochs=1, progress=False)
        heavy = {"ipywidgets", "anywidget", "IPython", "tqdm", "matplotlib"}
        print(sorted(heavy & sys.modules.keys()))
    """
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")


def test_loss_before_training_is_that_of_chance():
    x, y = stripes(200, 0)
    m = model()
    m.layers[-1].params["w"][...] = 0
    assert m.evaluate(x, y).loss == pytest.approx(np.log(2), rel=1e-6)


def test_binary_cross_entropy_on_two_sigmoids_learns():
    x, y = stripes(200, 0)
    m = Sequential(
        [Conv2D(4, 3), ReLU(), MaxPool2D(2), Flatten(), Dense(2), Sigmoid()],
        (8, 8, 1),
        loss="binary_cross_entropy",
    )
    m.fit(x, y, epochs=12, batch_size=10, progress=False)
    assert m.evaluate(x, y).accuracy > 0.95


def test_bytes_are_scaled():
    x, y = stripes(100, 0)
    pixels = np.round(255 * np.clip(x, 0, 1)).astype(np.uint8)
    one, two = model(), model()
    one.fit(pixels, y, epochs=1, progress=False)
    two.fit(pixels.astype(np.float32) / np.float32(255), y, epochs=1, progress=False)
    assert same(one, two)


def test_nothing_of_the_callers_is_changed():
    x, y = stripes(50, 0)
    before = x.copy(), y.copy()
    model().fit(x, y, epochs=1, progress=False, augment=lambda x, rng: x)
    np.testing.assert_array_equal(x, before[0])
    np.testing.assert_array_equal(y, before[1])


@pytest.mark.parametrize("kind", optim.OPTIMIZERS.values())
def test_resuming_is_bit_for_bit_an_uninterrupted_training(kind, tmp_path):
    x, y = stripes(90, 0)
    valid = stripes(30, 1)

    def augment(x, rng):
        return x + rng.normal(0, 0.05, x.shape).astype(np.float32)

    def arguments():
        return dict(
            validation=valid,
            batch_size=32,
            seed=5,
            optimizer=kind(0.003),
            augment=augment,
            schedule=optim.cosine(),
            progress=False,
        )

    straight = model()
    whole = straight.fit(x, y, epochs=5, **arguments())

    class PullThePlug(Exception):
        pass

    def plug(x, rng, calls=[]):  # noqa: B006
        calls.append(1)
        if len(calls) == 8:  # in the middle of epoch 3 of 5, three batches each
            raise PullThePlug
        return augment(x, rng)

    path = tmp_path / "checkpoint.h5"
    with pytest.raises(PullThePlug):
        model().fit(x, y, epochs=5, checkpoint=path, **{**arguments(), "augment": plug})
    resumed = model(seed=99)  # whatever it started from
    history = resumed.fit(x, y, epochs=5, checkpoint=path, resume=True, **arguments())
    assert same(straight, resumed)
    assert history.loss == whole.loss and history.val_loss == whole.val_loss


def test_resume_refuses_another_model_or_optimizer(tmp_path):
    x, y = stripes(40, 0)
    path = tmp_path / "c.h5"
    model().fit(x, y, epochs=1, checkpoint=path, progress=False)
    resume = dict(epochs=2, checkpoint=path, resume=True, progress=False)
    with pytest.raises(ValueError, match="other layers"):
        Sequential([Flatten(), Dense(2)], (8, 8, 1)).fit(x, y, **resume)
    with pytest.raises(ValueError, match="not with Adam"):
        model().fit(x, y, optimizer=optim.Adam(), **resume)
    model().save(path)
    with pytest.raises(ModelFileError, match="not a checkpoint"):
        model().fit(x, y, **resume)


def test_early_stop_goes_back_to_the_best_weights():
    x, y = stripes(60, 0)
    m = model()
    valid = stripes(60, 1)
    history = m.fit(x, np.roll(y, 1), epochs=60, patience=3, validation=valid, progress=False)
    assert "no better validation loss for 3" in history.stopped
    assert len(history) < 60
    assert m.evaluate(*valid).loss == pytest.approx(min(history.val_loss))
    assert np.argmin(history.val_loss) == len(history) - 4


def test_an_early_stop_stays_stopped_when_resumed(tmp_path):
    x, y = stripes(60, 0)
    arguments = dict(
        epochs=60,
        patience=2,
        validation=stripes(60, 1),
        progress=False,
        checkpoint=tmp_path / "c.h5",
    )
    one, two = model(), model()
    first = one.fit(x, np.roll(y, 1), **arguments)
    second = two.fit(x, np.roll(y, 1), resume=True, **arguments)
    assert len(second) == len(first) < 60
    assert same(one, two)


def test_ctrl_c_keeps_the_best_weights():
    x, y = stripes(64, 0)
    m = model()
    calls = []

    def interrupt(x, rng):
        calls.append({k: v.copy() for k, v in m.arrays().items()})
        if len(calls) == 8:  # two batches an epoch: in the fourth epoch
            raise KeyboardInterrupt
        return x

    history = m.fit(x, y, epochs=10, batch_size=32, augment=interrupt, progress=False)
    assert history.stopped == "interrupted"
    assert len(history) == 3
    best = 2 * (int(np.argmin(history.loss)) + 1)  # weights after the best epoch
    for name, array in m.arrays().items():
        np.testing.assert_array_equal(array, calls[best][name])


def test_a_diverging_training_is_explained():
    x, y = stripes(64, 0)
    with np.errstate(all="ignore"), pytest.raises(FloatingPointError, match="learning rate"):
        Sequential([Flatten(), Dense(30), Dense(2)], (8, 8, 1)).fit(
            x, y, epochs=30, optimizer=optim.SGD(1e6), progress=False
        )


def test_the_number_of_threads_changes_nothing():
    from cnn_utils import parallel

    x, y = stripes(80, 0)
    before = parallel.get_threads()
    models = []
    try:
        for threads in (1, 2, 3):
            parallel.set_threads(threads)
            models.append(model())
            models[-1].fit(x, y, epochs=2, batch_size=30, progress=False)
    finally:
        parallel.set_threads(before)
    assert same(models[0], models[1]) and same(models[0], models[2])


def test_what_is_shown():
    x, y = stripes(40, 0)
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        model().fit(x, y, epochs=3, validation=(x, y))
    assert err.getvalue() == ""
    lines = out.getvalue().splitlines()
    assert [line.split()[:2] for line in lines] == [
        ["epoch", "1/3"],
        ["epoch", "2/3"],
        ["epoch", "3/3"],
    ]
    assert all("loss" in line and "accuracy" in line and "validation" in line for line in lines)


def test_many_epochs_are_shown_by_about_ten_lines(capsys):
    x, y = stripes(10, 0)
    model().fit(x, y, epochs=57)
    lines = capsys.readouterr().out.splitlines()
    assert 10 <= len(lines) <= 14
    assert lines[-1].startswith("epoch 57/57")


X, Y = stripes(10, 0)


@pytest.mark.parametrize(
    "slip",
    [  # those that only the first step can notice; all others are in test_slips
        dict(y=Y + 1),
        dict(x=X.astype(int)),
        dict(schedule=optim.cosine),
        dict(augment=lambda x, rng: None),
    ],
)
def test_a_slip_changes_no_weight(slip):
    m = model()
    before = {name: array.copy() for name, array in m.parameters().items()}
    with pytest.raises((TypeError, ValueError)):
        m.fit(**{"x": X, "y": Y, "epochs": 1, "progress": False, **slip})
    for name, array in m.parameters().items():
        np.testing.assert_array_equal(array, before[name])


def test_lists_are_as_good_as_arrays():
    one, two = model(), model()
    one.fit(X, Y, epochs=1, progress=False)
    two.fit(list(X), Y.tolist(), epochs=1, progress=False)
    assert same(one, two)
    assert one.evaluate(list(X), Y.tolist()) == two.evaluate(X, Y)
    np.testing.assert_array_equal(one.predict(list(X)), two.predict(X))


def test_an_evaluation_in_words():
    assert str(training.Evaluation(0.5, 0.975)) == "loss 0.5000, accuracy 97.50 %"
