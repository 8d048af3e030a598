"""Marks: what a cell of an assignment earns, and that nothing a submission does gets past it."""

import functools
import importlib
import inspect
import json
import pkgutil
import sys
import warnings

import numpy as np
import pytest
from checks_bank import failure

from cnn_course import checks
from cnn_course.checks.exercise import EXERCISES
from cnn_course.checks.grading import MIME, Marks, borrowed, whole_numbers
from cnn_utils import functional

LAYER = (*whole_numbers(1, (2, 5, 6, 2), (3, 3, 2, 3), (3,)), 1, 0)
STRIDED = (*whole_numbers(2, (1, 6, 9, 2), (3, 3, 2, 4), (4,)), 2, 1)


def conv2d_forward(x, w, b, stride, padding):
    """A learner's right one, with NumPy alone."""
    k_h, k_w, _, filters = w.shape
    padded = np.pad(x, ((0, 0), (padding, padding), (padding, padding), (0, 0)))
    h_out = (padded.shape[1] - k_h) // stride + 1
    w_out = (padded.shape[2] - k_w) // stride + 1
    z = np.zeros((len(x), h_out, w_out, filters))
    for i in range(h_out):
        for j in range(w_out):
            top, left = i * stride, j * stride
            z[:, i, j] = np.tensordot(padded[:, top : top + k_h, left : left + k_w], w, 3) + b
    return z


def conv2d_backward(dz, x, w, stride, padding):
    """Right for db only."""
    return x * 0, w * 0, dz.sum(axis=(0, 1, 2))


@pytest.fixture
def notebook(monkeypatch):
    """Puts a learner's functions where a notebook has them."""

    def hold(**functions):
        for name, function in functions.items():
            monkeypatch.setattr(sys.modules["__main__"], name, function, raising=False)

    return hold


def earn(points=6, calls=(LAYER, STRIDED)):
    marks = Marks(points, "conv2d_forward")
    for number, call in enumerate(calls):
        marks.check(f"call {number}", *call)
    return marks.total()


def test_a_right_function_earns_everything(notebook, capsys):
    notebook(conv2d_forward=conv2d_forward)
    assert earn() == 6
    assert "✓ call 0" in capsys.readouterr().out


def test_every_call_has_the_same_share(notebook, capsys):
    notebook(conv2d_forward=lambda x, w, b, s, p: conv2d_forward(x, w, b, 1, p))
    earned = earn(6)
    assert earned == 3
    said = capsys.readouterr().out
    assert "✓ call 0" in said and "✗ call 1" in said
    assert "your z is the result of stride 1" in said, "the mistake is named"
    assert earned.mistakes == ("conv2d_forward: stride-one-everywhere",)


def test_shares_are_rounded_to_two_decimals(notebook):
    notebook(conv2d_forward=lambda x, w, b, s, p: conv2d_forward(x, w, b, 1, p))
    assert earn(1, (LAYER, STRIDED, STRIDED)) == 0.33


def test_nbgrader_can_read_the_points(notebook):
    notebook(conv2d_forward=conv2d_forward)
    bundle = earn(5)._repr_mimebundle_()
    assert float(bundle["text/plain"]) == 5.0
    assert json.loads(json.dumps(bundle[MIME])) == {"mistakes": []}


def test_one_mistake_is_told_once_in_a_cell(notebook, capsys):
    notebook(conv2d_forward=lambda x, w, b, s, p: conv2d_forward(x, w[::-1, ::-1], b, s, p))
    assert earn(6) == 0
    said = capsys.readouterr().out
    assert said.count("turned by 180°") == 1
    assert "✗ call 1: the same again" in said


def test_the_whole_check_tells_apart_what_one_call_cannot(notebook):
    """On a 1×1 image, many mistakes look the same."""
    tiny = (*whole_numbers(3, (1, 1, 1, 1), (1, 1, 1, 1), (1,)), 1, 0)
    notebook(conv2d_forward=lambda x, w, b, s, p: conv2d_forward(x, w, 0 * b, s, p))
    assert earn(1, (tiny,)).mistakes == ("conv2d_forward: bias-missing",)


def zeros(x, w, b, stride, padding):
    return np.zeros_like(conv2d_forward(x, w, b, stride, padding))


def test_what_the_whole_check_cannot_name_is_described(notebook, capsys):
    """A wrong name would be worse than none, and in one call zeros may come from anything."""
    notebook(conv2d_forward=zeros)
    small = (np.ones((1, 2, 2, 1)), np.ones((1, 1, 1, 1)), np.zeros(1), 1, 0)
    earned = earn(3, (small, LAYER, STRIDED))
    assert earned.mistakes == ()
    assert "every number in it is 0" in capsys.readouterr().out


def test_a_mistake_that_leaves_nothing_is_named(notebook, capsys):
    """In an empty dx no number is finite, and yet it is not nan."""

    def cropped(dz, x, w, stride, padding):
        p, s, (k_h, k_w) = padding, stride, w.shape[:2]
        x = np.pad(x, ((0, 0), (p, p), (p, p), (0, 0)))
        dx, dw = np.zeros(x.shape), np.zeros(w.shape)
        for i, j in np.ndindex(dz.shape[1:3]):
            window = np.s_[:, i * s : i * s + k_h, j * s : j * s + k_w]
            dx[window] += np.tensordot(dz[:, i, j], w, (1, 3))
            dw += np.tensordot(x[window], dz[:, i, j], (0, 0))
        return dx[:, p:-p, p:-p], dw, dz.sum(axis=(0, 1, 2))

    notebook(conv2d_backward=cropped)
    marks = Marks(1, "conv2d_backward")
    arrays = whole_numbers(1, (1, 2, 2, 1), (1, 3, 3, 1), (2, 2, 1, 1))
    marks.check("no padding", *arrays, 1, 0, only="dx")
    assert marks.total().mistakes == ("conv2d_backward: padding-zero-slice",)
    assert "p : p + H works for every p" in capsys.readouterr().out


def test_the_whole_check_names_nothing_that_a_call_contradicts(notebook, capsys):
    def wrong_twice(x, w, b, stride, padding):
        z = conv2d_forward(x, w, b, 1, padding)
        return z + (x.shape == (2, 5, 6, 2))

    notebook(conv2d_forward=wrong_twice)
    marks = Marks(2, "conv2d_forward")
    marks.check("the stride is 1", *LAYER)
    assert marks.total().mistakes == ()
    marks = Marks(2, "conv2d_forward")
    marks.check("the stride is 2", *STRIDED)
    assert marks.total().mistakes == ("conv2d_forward: stride-one-everywhere",)


def test_one_output_of_several_counts_alone(notebook, capsys):
    x, w, _, stride, padding = LAYER
    (dz,) = whole_numbers(4, (2, 3, 4, 3))
    notebook(conv2d_backward=conv2d_backward)
    for only, points in (("dx", 0), ("dw", 0), ("db", 2)):
        marks = Marks(2, "conv2d_backward")
        marks.check("a call", dz, x, w, stride, padding, only=only)
        assert marks.total() == points, only
    notebook(conv2d_backward=lambda dz, x, w, stride, padding: (None, None, dz.sum((0, 1, 2))))
    for only, points in (("dx", 0), ("db", 2)):
        marks = Marks(2, "conv2d_backward")
        marks.check("a call", dz, x, w, stride, padding, only=only)
        assert marks.total() == points, only
    assert "dx is None" in capsys.readouterr().out
    notebook(conv2d_backward=lambda dz, x, w, stride, padding: dz)
    marks = Marks(2, "conv2d_backward")
    marks.check("a call", dz, x, w, stride, padding, only="db")
    assert marks.total() == 0
    assert "it must return (dx, dw, db)" in capsys.readouterr().out


def endless(x, w, b, stride, padding):
    while True:
        pass


def unwritten(x, w, b, stride, padding):
    raise NotImplementedError()


def noisy(x, w, b, stride, padding):
    warnings.warn("old", stacklevel=1)
    print("here", file=sys.stderr)
    print("there\n" * 1000)
    return conv2d_forward(x, w, b, stride, padding) / np.float64(0)


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (None, "there is no function conv2d_forward"),
        ([1, 2], "expected a function, got a list"),
        (unwritten, "your function is not written yet"),
        (lambda x: x, "TypeError"),
        (lambda *a: sys.exit(1), "SystemExit"),
        (noisy, "z is wrong"),
    ],
    ids=["missing", "list", "unwritten", "signature", "exit", "noisy"],
)
def test_nothing_gets_past_the_marks(notebook, capfd, function, said):
    notebook(conv2d_forward=function)
    assert earn() == 0
    out, err = capfd.readouterr()
    assert said in out
    assert "there\n" not in out
    assert err == "", "nbgrader gives nothing for a cell that writes to stderr"


def test_an_endless_loop_is_waited_for_once(notebook, capsys, monkeypatch):
    waited = []
    run = checks.grading.run
    monkeypatch.setattr(
        checks.grading, "run", lambda e, f: (waited.append(f), run(e, f, seconds=0.3))
    )
    notebook(conv2d_forward=endless)
    assert earn() == 0
    assert earn() == 0
    assert len(waited) == 1
    assert "was still running" in capsys.readouterr().out


def test_a_function_is_judged_anew_when_its_cell_has_run_again(notebook):
    notebook(conv2d_forward=unwritten)
    assert earn() == 0
    notebook(conv2d_forward=conv2d_forward)
    assert earn() == 6


def hands_on(x, w, b, stride, padding):
    z, _ = functional.conv2d_forward(x, w, b, stride, padding)
    return z


def hands_on_deeper(x, w, b, stride, padding):
    return hands_on(x, w, b, stride, padding)


def scipy_layer(x, w, b, stride, padding):
    from scipy.signal import correlate

    return correlate(x[0, :, :, 0], w[:, :, 0, 0], mode="valid")[None, :, :, None] + b


@pytest.mark.parametrize(
    ("function", "whose"),
    [
        (functional.conv2d_forward, "cnn_utils.functional.convolution.conv2d_forward"),
        (hands_on, "cnn_utils.functional.convolution.conv2d_forward"),
        (hands_on_deeper, "cnn_utils.functional.convolution.conv2d_forward"),
        (EXERCISES["conv2d_forward"].reference, "cnn_course.checks.exercises.convolution"),
        (scipy_layer, "scipy.signal"),
    ],
    ids=["itself", "calls", "calls-deeper", "answer", "scipy"],
)
def test_the_work_of_another_earns_nothing(notebook, capsys, function, whose):
    notebook(conv2d_forward=function)
    assert earn() == 0
    assert f"your function leaves the work to {whose}" in capsys.readouterr().out


@functools.cache
def every_function_of_the_checks():
    """All functions that can be imported from the harness, the exercises and their banks."""
    modules = pkgutil.walk_packages(checks.__path__, "cnn_course.checks.")
    things = {
        t
        for m in modules
        for t in vars(importlib.import_module(m.name)).values()
        if inspect.isfunction(t)
    }
    return [thing for thing in things if thing.__module__.startswith("cnn_course.checks")]


def is_right(exercise, function) -> bool:
    """Whether it passes; one that stops at the first probe is not told what is wrong with it."""
    stops = exercise.outcome_of(function, exercise.probes[0]).error
    return not stops and failure(exercise.name, function) is None


@pytest.mark.parametrize("name", [name for name in EXERCISES if name in checks.__all__])
def test_no_right_answer_can_be_imported_and_handed_in(name):
    exercise = EXERCISES[name]
    right = [thing for thing in every_function_of_the_checks() if is_right(exercise, thing)]
    assert exercise.reference in right
    for thing in right:

        def handed_on(*arguments, thing=thing):
            return thing(*arguments)

        assert borrowed(exercise, thing) and borrowed(exercise, handed_on), thing


def strided_by_another(x, w, b, stride, padding):
    if stride == 2:
        return hands_on(x, w, b, stride, padding)
    return conv2d_forward(x, w, b, stride, padding)


def one_size_by_another(x, w, b, stride, padding):
    if x.shape == LAYER[0].shape:  # no probe of the check has it
        return hands_on(x, w, b, stride, padding)
    return conv2d_forward(x, w, b, stride, padding)


def test_another_may_not_do_some_of_the_work_either(notebook, capsys):
    notebook(conv2d_forward=strided_by_another)
    assert earn() == 0
    assert "leaves the work to cnn_utils" in capsys.readouterr().out
    notebook(conv2d_forward=one_size_by_another)
    assert earn(4, (LAYER, STRIDED)) == 2
    assert "leaves the work to cnn_utils" in capsys.readouterr().out


def as_a_learners(function):
    """The function, written in a module that knows nothing but the libraries."""
    own = vars(sys.modules[function.__module__]).items()
    own = {name: thing for name, thing in own if inspect.ismodule(thing)}
    exec(inspect.getsource(function), own)
    return own[function.__name__]


@pytest.mark.parametrize("name", [name for name in EXERCISES if name in checks.__all__])
def test_nobodys_own_work_is_taken_for_anothers(name):
    """Also where a check passes in functions of its own, as numerical_gradient and train get."""
    exercise = EXERCISES[name]
    assert borrowed(exercise, as_a_learners(exercise.reference)) == ""


@pytest.mark.parametrize(
    ("test", "said"),
    [
        (lambda: False, "look at it"),
        (lambda: 1 / 0, "ZeroDivisionError"),
        (lambda: sys.exit(), "SystemExit"),
    ],
)
def test_other_tests_count_and_cannot_raise(capfd, test, said):
    marks = Marks(4)
    marks.test(lambda: True, "this is right", "never shown")
    marks.test(test, "this is not", "look at it")
    assert marks.total() == 2
    out, err = capfd.readouterr()
    assert said in out and "look at it" in out and "never shown" not in out
    assert err == ""


def padded_wrong(x, padding):
    return np.pad(x, ((0, 0), (padding, 0), (padding, 0), (0, 0)))


def with_padding(x, w, b, stride, padding):
    return conv2d_forward(sys.modules["__main__"].zero_padding(x, padding), w, b, stride, 0)


@pytest.mark.parametrize("helper", [padded_wrong, unwritten, None])
def test_a_wrong_helper_costs_nothing_elsewhere(notebook, capsys, helper):
    notebook(conv2d_forward=with_padding, zero_padding=helper)
    strict = Marks(4, "conv2d_forward")
    strict.check("padding", *STRIDED)
    assert strict.total() == 0
    marks = Marks(4, "conv2d_forward", uses=("zero_padding", "output_size"))
    marks.check("padding", *STRIDED)
    assert marks.total() == 4
    assert "with a right zero_padding and output_size in place" in capsys.readouterr().out
    assert sys.modules["__main__"].zero_padding is helper, "it is put back"
    assert not hasattr(sys.modules["__main__"], "output_size")


@pytest.mark.parametrize(
    "function", [None, hands_on, lambda x, w, b, s, p: with_padding(x, w[::-1], b, s, p)]
)
def test_a_wrong_helper_excuses_nothing_else(notebook, function):
    notebook(conv2d_forward=function, zero_padding=padded_wrong)
    marks = Marks(4, "conv2d_forward", uses=("zero_padding",))
    marks.check("padding", *STRIDED)
    assert marks.total() == 0


def test_beside_a_wrong_helper_the_mistake_of_the_function_is_named(notebook):
    notebook(
        conv2d_forward=lambda x, w, b, s, p: with_padding(x, w, 0 * b, s, p),
        zero_padding=padded_wrong,
    )
    marks = Marks(4, "conv2d_forward", uses=("zero_padding",))
    marks.check("padding", *STRIDED)
    earned = marks.total()
    assert earned == 0 and earned.mistakes == ("conv2d_forward: bias-missing",)


def test_no_check_at_all_earns_nothing():
    assert Marks(4).total() == 0
