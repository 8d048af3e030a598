"""What is asked of every exercise and of every known mistake, whatever it is about."""

import tomllib

import numpy as np
import pytest
from checks_bank import alike, failure, is_in_a_lesson, mistake_of, mistakes_of, shown_by

from cnn_course import checks
from cnn_course.checks import hints
from cnn_course.checks.exercise import EXERCISES
from cnn_course.checks.mistakes import FOLDER, Mistake, read_bank

NAMES = [name for name in EXERCISES if name in checks.__all__]
STOPS = {  # wrong implementations that end in an error, on some probe or in their own experiment
    ("avgpool2d_backward", "stride-is-size", 1),
    ("avgpool2d_forward", "rows-columns-exchanged", 1),
    ("avgpool2d_forward", "stride-is-size", 1),
    ("binary_cross_entropy", "not-clipped", 1),
    ("binary_cross_entropy_with_logits", "logarithm-of-zero", 1),
    ("conv2d_backward", "dw-without-padding", 0),
    ("conv2d_backward", "dw-without-padding", 1),
    ("conv2d_backward", "dw-without-padding", 2),
    ("conv2d_forward", "padding-not-added", 0),
    ("conv2d_forward", "shape-of-z-swapped", 0),
    ("conv2d_forward", "windows-beyond-the-end", 0),
    ("dense_backward", "w-not-transposed", 0),
    ("dense_backward", "x-not-transposed", 0),
    ("dense_forward", "w-transposed", 0),
    ("dense_forward", "w-transposed", 1),
    ("dense_forward", "z-transposed", 1),
    ("maxpool2d_forward", "indices-exchanged", 0),
    ("maxpool2d_forward", "indices-exchanged", 1),
    ("maxpool2d_forward", "size-rounded-up", 1),
    ("maxpool2d_forward", "windows-exchanged", 0),
    ("sigmoid_backward", "overflows", 2),
    ("sigmoid_forward", "overflows", 1),
    ("softmax", "no-maximum", 1),
    ("softmax_cross_entropy", "logarithm-of-zero", 1),
    ("softmax_cross_entropy", "no-maximum", 1),
    ("zero_padding", "zero-slice", 0),
}


@pytest.mark.parametrize(("name", "identifier", "k"), mistakes_of(*NAMES))
def test_a_known_mistake_fails_under_its_own_name(name, identifier, k):
    mistake = mistake_of(name, identifier, k)
    found = failure(name, mistake.wrong)
    assert found is not None and found.mistake == identifier, f"{found}\n{mistake.source}"
    assert mistake.why in found.parts["why"] and mistake.experiment == found.parts["try"]
    if (name, identifier, k) not in STOPS:  # otherwise the line is told at which it stops
        assert found.parts["seen"] == mistake.seen, mistake.source


@pytest.mark.parametrize(("name", "identifier", "k"), mistakes_of(*NAMES))
def test_the_experiment_shows_the_mistake(name, identifier, k):
    mistake = mistake_of(name, identifier, k)
    assert len(mistake.experiment.splitlines()) <= 3
    right = shown_by(mistake.experiment, EXERCISES[name].reference)
    try:
        wrong = shown_by(mistake.experiment, mistake.wrong)
    except (IndexError, OverflowError, ValueError) as error:  # an error shows it too
        assert (name, identifier, k) in STOPS, mistake.source
        wrong = repr(error)
    assert k > 0 or right and right != wrong, mistake.source


@pytest.mark.parametrize("name", NAMES)
def test_a_mistake_is_few_edits_of_a_right_answer(name):
    for base in {mistake.base for mistake in EXERCISES[name].bank}:
        assert failure(name, base) is None, base.__name__
        alone = {"np": np}  # what a learner's notebook has
        exec(f"import math\n{Mistake('', base, (), '', '', '', '').source}", alone)
        assert failure(name, alone[base.__name__]) is None, base.__name__
    sources = [mistake.source for mistake in EXERCISES[name].bank]
    assert len(set(sources)) == len(sources), "two mistakes, or variants, have the same source"
    for mistake in EXERCISES[name].bank:
        assert 1 <= len(mistake.edits) + len(mistake.everywhere) <= 4, mistake.id


@pytest.mark.parametrize("name", NAMES)
def test_no_two_mistakes_look_alike(name):
    bank = EXERCISES[name].bank
    assert alike(EXERCISES[name]) == []
    assert len({mistake.id for mistake in bank}) >= 9
    written = tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))["mistake"]
    assert len({entry["id"] for entry in written}) == len(written), "an id stands twice"


def test_every_bank_belongs_to_a_check():
    assert {path.stem for path in FOLDER.glob("*.toml")} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_what_to_read_exists(name):
    exercise = EXERCISES[name]
    reads = {exercise.read, *(mistake.read for mistake in exercise.bank)}
    assert [read for read in reads if not is_in_a_lesson(read)] == []


@pytest.mark.parametrize("name", NAMES)
def test_hints_unfold_and_the_answer_comes_last(name, capsys, monkeypatch):
    monkeypatch.setattr(hints, "_UNFOLDED", {})
    exercise = EXERCISES[name]
    assert 3 <= len(exercise.hints) <= 4
    for number, text in enumerate(exercise.hints, 1):
        checks.hint(name)
        said = capsys.readouterr().out
        assert text in said and f"Hint {number} of {len(exercise.hints)}" in said
        assert "def " not in said
    checks.hint(name)
    assert f"def {exercise.reference.__name__}(" in capsys.readouterr().out


# ---- edits


def total(x):
    result = 0
    for value in x:
        result += value
    return result


def edited(*edits, everywhere=()):
    return Mistake("slip", total, edits, "seen", "why", "read", "try", everywhere)


def test_an_edit_makes_the_wrong_function():
    assert edited(("+=", "=")).wrong([3, 4]) == 4
    assert edited(everywhere=[("result", "sum_")]).wrong([3, 4]) == 7
    assert edited(("result = 0", "result = 1"), ("result = 1", "result = 2")).wrong([1]) == 3


@pytest.mark.parametrize(("old", "times"), [("result", 3), ("nothing", 0)])
def test_an_edit_whose_fragment_does_not_occur_once_is_refused(old, times):
    with pytest.raises(ValueError, match=f"(?s)slip: '{old}' .* occurs {times} times.*def total"):
        _ = edited((old, "x")).source
    if not times:
        with pytest.raises(ValueError, match="'nothing' does not occur"):
            _ = edited(everywhere=[(old, "x")]).source


@pytest.mark.parametrize(
    "entry",
    ['id = "a"\nseen = "s"', 'id = "a"\nseen = "s"\nwhy = "w"\nedit = []'],
    ids=["a key is missing", "a key is not known"],
)
def test_an_entry_that_is_no_mistake_is_refused(entry, tmp_path, monkeypatch):
    monkeypatch.setattr("cnn_course.checks.mistakes.FOLDER", tmp_path)
    (tmp_path / "sum.toml").write_text(f"[[mistake]]\n{entry}\n", encoding="utf-8")
    with pytest.raises(ValueError, match="sum.toml: the keys of"):
        read_bank("sum", total, "a lesson")


def test_variants_share_an_id_and_its_sentences(tmp_path, monkeypatch):
    monkeypatch.setattr("cnn_course.checks.mistakes.FOLDER", tmp_path)
    (tmp_path / "sum.toml").write_text(
        'try = "print(fn([1]))"\n[[mistake]]\nid = "a"\nseen = "s"\nwhy = "w"\n'
        'edits = [["+=", "="]]\n'
        'variants = [[["0", "1"]], {everywhere = [["result", "r"]]}]\n',
        encoding="utf-8",
    )
    one, other, third = read_bank("sum", total, "here")
    assert one.wrong([3, 4]) == 4 and other.wrong([3, 4]) == 8 and third.wrong([3, 4]) == 7
    assert {(m.id, m.seen, m.read, m.experiment) for m in (one, other, third)} == {
        ("a", "s", "here", "print(fn([1]))")
    }
