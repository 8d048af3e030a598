"""What is asked of every exercise and of every known mistake, whatever it is about."""

import pytest
from checks_bank import alike, failure, is_in_a_lesson, mistake_of, mistakes_of, shown_by

from cnn_course import checks
from cnn_course.checks import exercise as harness

NAMES = [name for name in harness.EXERCISES if name in checks.__all__]
STOPS = {  # wrong implementations that end in an error, on some probe or in their own experiment
    ("conv2d_backward", "dw-without-padding"),
    ("conv2d_forward", "padding-not-added"),
    ("conv2d_forward", "shape-of-z-swapped"),
    ("conv2d_forward", "windows-beyond-the-end"),
    ("dense_backward", "x-not-transposed"),
    ("dense_backward", "w-not-transposed"),
    ("dense_forward", "w-transposed"),
    ("maxpool2d_forward", "indices-exchanged"),
    ("maxpool2d_forward", "windows-exchanged"),
    ("zero_padding", "zero-slice"),
}


@pytest.mark.parametrize(("name", "identifier"), mistakes_of(*NAMES))
def test_a_known_mistake_fails_under_its_own_name(name, identifier):
    mistake = mistake_of(name, identifier)
    found = failure(name, mistake.wrong)
    assert found is not None and found.mistake == identifier, str(found)
    assert mistake.why in found.parts["why"] and mistake.experiment == found.parts["try"]
    if (name, identifier) not in STOPS:  # otherwise the line is told at which it stops
        assert found.parts["seen"] == mistake.seen


@pytest.mark.parametrize(("name", "identifier"), mistakes_of(*NAMES))
def test_the_experiment_shows_the_mistake(name, identifier):
    mistake = mistake_of(name, identifier)
    assert len(mistake.experiment.splitlines()) <= 3
    right = shown_by(mistake.experiment, harness.EXERCISES[name].reference)
    try:
        wrong = shown_by(mistake.experiment, mistake.wrong)
    except (IndexError, ValueError) as error:  # an error shows it too
        assert (name, identifier) in STOPS
        wrong = repr(error)
    assert right and right != wrong


@pytest.mark.parametrize("name", NAMES)
def test_no_two_mistakes_look_alike(name):
    bank = harness.EXERCISES[name]
    assert alike(bank) == []
    identifiers = [mistake.id for mistake in bank.mistakes]
    assert len(set(identifiers)) == len(identifiers) >= 9


@pytest.mark.parametrize("name", NAMES)
def test_what_to_read_exists(name):
    bank = harness.EXERCISES[name]
    reads = {bank.read, *(mistake.read for mistake in bank.mistakes)}
    assert [read for read in reads if not is_in_a_lesson(read)] == []


@pytest.mark.parametrize("name", NAMES)
def test_hints_unfold_and_the_answer_comes_last(name, capsys, monkeypatch):
    monkeypatch.setattr(harness, "_UNFOLDED", {})
    bank = harness.EXERCISES[name]
    assert 3 <= len(bank.hints) <= 4
    for number, text in enumerate(bank.hints, 1):
        checks.hint(name)
        said = capsys.readouterr().out
        assert text in said and f"Hint {number} of {len(bank.hints)}" in said
        assert "def " not in said
    checks.hint(name)
    assert f"def {(bank.answer or bank.reference).__name__}(" in capsys.readouterr().out
