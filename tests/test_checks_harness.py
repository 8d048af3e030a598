"""Whatever a learner's function does, its check says so in plain words, and nothing gets hurt."""

from __future__ import annotations

import copy
import inspect
import pickle
import subprocess
import sys
import textwrap
import threading
import time

import numpy as np
import pytest
from checks_bank import failure
from helpers import cpu_seconds

from cnn_course import checks
from cnn_course.checks import CheckFailed, hints
from cnn_course.checks.exercise import EXERCISES
from cnn_course.checks.running import call, globals_used, parameters_unused
from cnn_utils import functional

ALL = sorted(EXERCISES)


def conv(x, w, b, stride, padding):
    return functional.conv2d_forward(x, w, b, stride, padding)[0]


def said(function, name="conv2d_forward", seconds=10.0) -> str:
    """What the check says, without its line breaks."""
    found = failure(name, function, seconds)
    assert found is not None
    return " ".join(str(found).split())


# ---- what passes


def test_a_right_function_gets_one_green_line(capsys):
    checks.conv2d_forward(conv)
    out, err = capsys.readouterr()
    assert out.startswith("\x1b[32m✓ conv2d_forward: right. Tried: ") and out.count("\n") == 1
    assert err == ""


def test_a_forward_function_may_return_a_cache_that_is_its_argument():
    assert failure("conv2d_forward", lambda x, w, b, s, p: (conv(x, w, b, s, p), x)) is None
    assert failure("conv2d_forward", lambda x, w, b, s, p: (conv(x, w, b, s, p), None)) is None


def test_methods_partials_classes_and_optional_parameters_are_functions_too():
    class Layer:
        def forward(self, x, w, b, stride=1, padding=0):
            return conv(x, w, b, stride, padding)

        __call__ = forward

    for function in (Layer().forward, Layer(), functional.conv2d_forward):
        assert failure("conv2d_forward", function) is None


def test_printing_is_mentioned_but_does_not_fail(capsys):
    def chatty(*arguments):
        print("here I am\n" * 1000)
        print("and here", file=sys.stderr)
        return conv(*arguments)

    checks.conv2d_forward(chatty)
    out, err = capsys.readouterr()
    assert out.count("\n") == 2 and "prints something each time" in out
    assert "here" not in out and err == ""


def test_warnings_of_a_right_function_are_swallowed(capsys):
    def noisy(*arguments):
        _ = np.float64(1) / np.float64(0)
        return conv(*arguments)

    checks.conv2d_forward(noisy)  # a warning would be an error in this test run
    assert capsys.readouterr().err == ""


# ---- what is no function, or stops


@pytest.mark.parametrize(
    ("thing", "words"),
    [
        (None, "None"),
        (np.zeros((2, 3)), "an array of shape (2, 3)"),
        (3, "an int"),
        ("conv", "a str"),
        ((1, 2), "a tuple"),
    ],
)
def test_no_function(thing, words):
    text = said(thing)
    assert f"expected a function, got {words}." in text
    assert "without calling it: checks.conv2d_forward(my_f)" in text


def test_an_error_is_told_with_its_line():
    def broken(x, w, b, stride, padding):
        z = np.zeros(3)
        z[7] = 1
        return z

    text = said(broken)
    assert "stops with IndexError: index 7 is out of bounds" in text and "z[7] = 1" in text
    assert "Traceback" not in text and __file__ not in text


@pytest.mark.parametrize("function", [lambda x, w, b: 0, lambda: 0, lambda *a, more: 0])
def test_wrong_parameters_are_answered_with_the_contract(function):
    text = said(function)
    assert "stops with TypeError" in text
    if "positional" in text:
        assert "takes (x, w, b, stride, padding)" in text


@pytest.mark.parametrize("error", [SystemExit("stop"), KeyboardInterrupt(), RecursionError("deep")])
def test_no_exception_gets_out(error):
    def leaves(*arguments):
        raise error

    assert f"stops with {type(error).__name__}" in said(leaves)


def test_a_function_that_is_right_at_first_and_then_stops():
    def only_stride_one(x, w, b, stride, padding):
        if stride != 1:
            raise NotImplementedError("stride")
        return conv(x, w, b, stride, padding)

    found = failure("conv2d_forward", only_stride_one)
    assert "NotImplementedError: stride" in found.headline and "stride 2" in str(found)

    def wrong_and_then_stops(*arguments):
        return only_stride_one(*arguments) * 3

    found = failure("conv2d_forward", wrong_and_then_stops)
    assert "3 times" in found.parts["seen"] and "NotImplementedError" in found.parts["later"]


# ---- what never ends


def test_an_endless_loop_is_stopped():
    ended = threading.Event()

    def endless(*arguments):
        try:
            while True:
                pass
        finally:
            ended.set()

    found = failure("conv2d_forward", endless, seconds=0.2)
    assert "still running after 0.2 seconds" in found.headline
    assert ended.wait(60)  # the thread is gone, it does not eat the processor for ever


def test_a_loop_that_catches_everything_it_can_is_stopped_too():
    rounds = []

    def stubborn(*arguments):
        while True:
            try:
                rounds.append(len(rounds))
            except Exception:  # a learner's first idea against errors
                continue

    assert "still running" in said(stubborn, seconds=0.2)
    before = len(rounds)
    time.sleep(0.1)
    assert len(rounds) == before


def test_the_limit_is_a_parameter_of_the_check():
    def sleeps(*arguments):
        time.sleep(0.4)
        return conv(*arguments)

    with pytest.raises(CheckFailed, match="after 0.1 seconds"):
        checks.conv2d_forward(sleeps, seconds=0.1)
    parameter = inspect.signature(checks.conv2d_forward).parameters["seconds"]
    assert parameter.default == 10


def test_a_loop_that_prints_for_ever_is_stopped_quietly(capsys):
    def babbles(*arguments):
        while True:
            print("again")

    with pytest.raises(CheckFailed, match="still running"):
        checks.conv2d_forward(babbles, seconds=0.2)
    time.sleep(0.05)
    assert capsys.readouterr() == ("", "")


# ---- what it returns


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "returns None"),
        ([1, 2], "z is a list, not an array"),
        ("z", "z has the dtype <U1"),
        ({"z": 1}, "z has the dtype object"),
        ((), "z is a tuple"),
        ((None, 1), "z is None"),
        (1j * np.ones((1, 2, 2, 1)), "complex128, it should hold real numbers"),
    ],
)
def test_what_is_no_array(value, words):
    assert words in said(lambda *arguments: value)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (np.zeros(3), "must return (dx, dw, db), but returns an array of shape (3,)"),
        ((1, 2), "must return (dx, dw, db), but returns 2 values"),
        ((1, 2, 3, 4), "must return (dx, dw, db), but returns 4 values"),
        ((1, None, 3), "dw is None"),
        ((1, [2], 3), "dw is a list"),
    ],
)
def test_the_wrong_number_of_outputs(value, words):
    text = said(lambda *arguments: value, "conv2d_backward")
    assert words in text


@pytest.mark.parametrize(
    ("dtype", "words"),
    [
        (np.float32, "more digits"),
        (int, "after the decimal point is cut off"),
        (np.int8, "after the decimal point"),
    ],
)
def test_the_wrong_dtype_is_named(dtype, words):
    text = said(lambda *arguments: conv(*arguments).astype(dtype))
    assert np.dtype(dtype).name in text and words in text


def test_a_dtype_that_is_wrong_on_whole_numbers_only():
    """Right on every probe where numbers are whole, so only the dtype tells."""

    def in_integers(x, w):
        return np.correlate(x, w, "valid").astype(x.dtype if x.dtype == np.float32 else int)

    text = said(in_integers, "correlate1d")
    assert "z has the dtype int64, it should be float64" in text


def test_a_size_must_be_a_whole_number():
    text = said(lambda n, k, s, p: np.floor((n + 2 * p - k) / s + 1), "output_size")
    assert "n_out has the dtype float64" in text and "Use //" in text


def test_a_view_of_an_argument():
    def takes_x(x, w):
        x = x.copy() if x.size == 0 else x
        return x[: len(x) - len(w) + 1]

    assert "your result is a view of the argument x" in said(takes_x, "correlate1d")


def test_the_same_array_at_every_call():
    made = {}

    def reuses(x, w, b, stride, padding):
        z = conv(x, w, b, stride, padding)
        kept = made.setdefault(z.shape, np.zeros_like(z))
        kept[...] = z
        return kept

    assert "every call returns the same array" in said(reuses)


# ---- what it does to its arguments, and what it keeps


def test_a_changed_argument_is_named():
    def shifts(x, w, b, stride, padding):
        w += 1
        w -= 1 - 1e-9
        return conv(x, w, b, stride, padding)

    assert "your function changes its argument w" in said(shifts)


def test_the_probes_themselves_are_never_changed():
    probes = EXERCISES["conv2d_forward"].probes
    before = copy.deepcopy([probe.arguments for probe in probes])

    def spoils(x, w, b, stride, padding):
        x[:] = w[:] = b[:] = 0
        return conv(x, w, b, stride, padding)

    said(spoils)
    for probe, arguments in zip(probes, before, strict=True):
        for name, value in arguments.items():
            assert np.array_equal(probe.arguments[name], value)


def test_state_between_calls():
    def counts(x, w, b, stride, padding, calls=[]):  # noqa: B006 -- the mistake
        calls.append(1)
        return conv(x, w, b, stride, padding) + (len(calls) > len(EXERCISE.probes))

    EXERCISE = EXERCISES["conv2d_forward"]
    assert "another result the second time" in said(counts)

    total = np.zeros((2, 2))

    def adds(x, w, b, stride, padding):
        nonlocal total
        z = conv(x, w, b, stride, padding)
        if z.shape == (1, 2, 2, 1):
            total = total + z[0, :, :, 0]
            return total[None, :, :, None].copy()
        return z

    assert "another result the second time" in said(adds)


def test_random_numbers_of_its_own():
    rng = np.random.default_rng(0)
    text = said(lambda *arguments: conv(*arguments) + rng.normal())
    assert "another result the second time" in text and "random numbers" in text


def test_memory_order_matters_to_it():
    def reads_as_it_lies(x, w):
        if x.flags.f_contiguous and not x.flags.c_contiguous:
            x = x.ravel("K").reshape(x.shape)
        return functional.correlate2d(x, w)

    assert "lies in memory in another order" in said(reads_as_it_lies, "correlate2d")


def test_a_copy_is_written_into():
    def through_ravel(f, x, h):
        slopes, numbers = np.zeros(x.size), x.ravel()
        for i, kept in enumerate(numbers.copy()):
            numbers[i] = kept + h
            above = f(x)
            numbers[i] = kept - h
            slopes[i] = (above - f(x)) / (2 * h)
            numbers[i] = kept
        return slopes.reshape(x.shape)

    assert "x.ravel()" in said(through_ravel, "numerical_gradient")


# ---- globals for arguments


def in_a_notebook(source: str, name: str, **names):
    """A function as a notebook's cell makes it, with the notebook's globals."""
    cells = {"np": np, "conv": conv, **names}
    exec(textwrap.dedent(source), cells)
    return cells[name]


def test_a_global_array_for_an_argument():
    function = in_a_notebook(
        """
        def my_conv(x, w, b, stride, padding):
            return conv(X, w, b, stride, padding)
        """,
        "my_conv",
        X=np.arange(9.0).reshape(1, 3, 3, 1),
    )
    text = said(function)
    assert "never uses its parameter x, but reads the global X" in text
    assert "stays the same when x holds other numbers" in text


def test_a_global_array_that_does_not_fit():
    function = in_a_notebook(
        """
        def my_conv(x, w, b, stride, padding):
            return conv(X, w, b, stride, padding)
        """,
        "my_conv",
        X=np.ones((7, 7)),
    )
    text = said(function)
    assert "stops with ValueError" in text
    assert "never uses its parameter x, but reads the global X" in text


def test_a_global_number_for_an_argument_beside_the_name_of_the_mistake():
    function = in_a_notebook(
        """
        def my_conv(x, w, b, stride, padding):
            return conv(x, w, b, s, padding)
        """,
        "my_conv",
        s=1,
    )
    found = failure("conv2d_forward", function)
    assert found.mistake == "stride-one-everywhere"
    assert "never uses its parameter stride, but reads the global s." in found.parts["why"]


def test_a_parameter_that_is_overwritten_by_a_global():
    function = in_a_notebook(
        """
        def my_conv(x, w, b, stride, padding):
            x = X
            return conv(x, w, b, stride, padding)
        """,
        "my_conv",
        X=np.arange(9.0).reshape(1, 3, 3, 1),
    )
    text = said(function)
    assert "reads the global X" in text and "stays the same when x holds other numbers" in text


def test_a_global_in_a_helper_of_the_same_notebook():
    function = in_a_notebook(
        """
        def widen(x, p):
            return np.pad(x, ((0, 0), (P, P), (P, P), (0, 0)))

        def my_conv(x, w, b, stride, padding):
            return conv(widen(x, padding), w, b, stride, 0)
        """,
        "my_conv",
        P=0,
    )
    assert globals_used(function) == ["P"] and parameters_unused(function) == []
    text = said(function)
    assert "reads the global P: should that be an argument?" in text


def test_names_that_are_no_globals_are_not_blamed():
    function = in_a_notebook(
        """
        def my_conv(x, w, b, stride, padding, *_, unused=None):
            rows = [sum(w.ravel()[k] for k in range(len(x)))]
            return 2 * conv(x, w, b, stride, padding) if rows and VERBOSE else None
        """,
        "my_conv",
        VERBOSE=True,
    )
    assert globals_used(function) == [] and parameters_unused(function) == []
    assert "global" not in said(function)


# ---- how it looks


def example_failure() -> CheckFailed:
    return failure("conv2d_forward", lambda x, w, b, s, p: conv(x, w[::-1, ::-1], b, s, p))


def test_the_message_has_all_its_parts():
    found = example_failure()
    assert isinstance(found, AssertionError) and found.mistake == "kernel-turned"
    assert list(found.parts) == ["compared", "seen", "why", "right on", "read", "try", "more"]
    text = str(found)
    assert "z, shape (1, 2, 2, 1), on the course's 3×3 example, stride 1, padding 0" in text
    assert max(map(len, text.splitlines())) <= 110
    assert found.parts["try"].count("\n") == 2
    assert "lesson 01, section 4" in found.parts["read"]


def test_a_failure_survives_pickling():
    found = example_failure()
    for other in (pickle.loads(pickle.dumps(found)), copy.copy(found)):
        assert type(other) is CheckFailed
        assert str(other) == str(found) and other.mistake == "kernel-turned"
        assert other.check == "conv2d_forward" and other.parts == found.parts


def test_a_notebook_shows_the_message_without_a_traceback():
    code = """
        from cnn_course import checks

        def my_conv(x, w, b, stride, padding):
            return None

        checks.conv2d_forward(my_conv)
        """
    command = [sys.executable, "-m", "IPython", "--no-banner", "--colors=NoColor", "-c"]
    done = subprocess.run(
        [*command, textwrap.dedent(code)], capture_output=True, text=True, timeout=120
    )
    assert "conv2d_forward: your function returns None." in done.stdout
    for noise in ("Traceback", "exercise.py", "raise ", "---->", "CheckFailed"):
        assert noise not in done.stdout, done.stdout


def test_a_failure_in_colour_has_the_same_words():
    found = example_failure()
    lines = "\n".join(found._render_traceback_())
    for colour in ("\x1b[31m", "\x1b[1m", "\x1b[0m"):
        assert colour in lines
        lines = lines.replace(colour, "")
    assert lines == str(found)


# ---- hints


@pytest.fixture
def folded(monkeypatch):
    monkeypatch.setattr(hints, "_UNFOLDED", {})
    monkeypatch.delenv("NBGRADER_EXECUTION", raising=False)


def test_hints_unfold_one_at_a_time_and_the_answer_comes_last(folded, capsys):
    texts = EXERCISES["conv2d_backward"].hints
    for shown in range(1, len(texts) + 1):
        checks.hint("conv2d_backward")
        out = capsys.readouterr().out
        for number, text in enumerate(texts, 1):
            assert (f"Hint {number} of {len(texts)}: {text}" in out) == (number <= shown)
        assert "def " not in out
        assert ("Ask once more for the answer" in out) == (shown == len(texts))
    for _ in range(2):
        checks.hint("conv2d_backward")
        assert "def conv2d_backward_answer(dz, x, w, stride, padding):" in capsys.readouterr().out


@pytest.mark.parametrize("mode", ["autograde", "validate"])
def test_graded_mode_hides_the_answer(folded, monkeypatch, capsys, mode):
    monkeypatch.setenv("NBGRADER_EXECUTION", mode)
    for _ in range(9):
        checks.hint("conv2d_backward")
    out = capsys.readouterr().out
    assert "There are no more hints." in out and "def " not in out


def test_a_hint_for_an_unknown_check(folded):
    with pytest.raises(ValueError, match="there is no check 'conv3d'; there are: .*conv2d_forward"):
        checks.hint("conv3d")


# ---- of every exercise


@pytest.mark.parametrize("name", ALL)
def test_every_check_can_be_read_about_and_called(name, capsys):
    exercise, check = EXERCISES[name], getattr(checks, name)
    assert check.__name__ == name and name in checks.__all__
    assert exercise.contract in check.__doc__
    assert cpu_seconds(lambda: check(exercise.reference), times=1) < 2
    said = capsys.readouterr().out
    assert said.count("\n") == 1 and len(said) < 115, "one short line"


@pytest.mark.parametrize("name", ALL)
def test_no_reference_number_is_told(name):
    """The hints and the words on a mistake name no array of the probes."""
    exercise = EXERCISES[name]
    assert all("array(" not in text for text in exercise.hints)
    for mistake in exercise.bank:
        assert mistake.id == mistake.id.lower() and " " not in mistake.id
        assert mistake.seen[-1] in ".…?" and mistake.why[-1] in ".…?", mistake.id


@pytest.mark.parametrize("name", ALL)
def test_every_exercise_survives_what_is_no_answer(name):
    for value in (None, 0, "", [], (), {}, np.zeros(0), np.array(np.nan), object()):
        assert failure(name, lambda *arguments, value=value, **named: value) is not None


def test_call_hands_copies_over():
    x = np.arange(6.0).reshape(2, 3).T
    outcome = call(lambda a: a.fill(0), {"a": x})
    assert x[2, 1] == 5 and outcome.changed == ["a"]
    strided = call(lambda a: a.flags.f_contiguous, {"a": x})
    assert strided.value is True
