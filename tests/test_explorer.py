"""What all explorers and quizzes share, without a browser."""

import numpy as np
import pytest
from IPython.core.formatters import DisplayFormatter
from run_notebooks import WIDGET_VIEW, without_widgets

from cnn_course import explorers
from cnn_course.explorers.controls import slider
from cnn_course.explorers.explorer import Explorer
from cnn_course.quizzes import FOLDER, Quiz, read, verdict
from cnn_course.quizzes import quiz as make_quiz
from cnn_utils import plots

LESSONS = sorted(path.stem for path in FOLDER.glob("*.toml"))
QUESTIONS = [
    (lesson, part, number)
    for lesson in LESSONS
    for part, questions in read(lesson).items()
    for number in range(len(questions))
]


def small_explorer():
    x = np.arange(6).reshape(2, 3)

    def picture(row, column):
        board = plots.Board("", f"The cell holds {x[row, column]}.", 5, 4)
        board.grid("x", x, 1, 1, marked=[(row, column)])
        board.grid("other", x, 1, 3, side=0.1)
        return board

    def click(name, index, state):
        return {"row": index[0], "column": index[1]} if name == "x" else {}

    controls = {"row": slider("row", 1), "column": slider("column", 2)}
    return Explorer(picture, controls, on_click=click)


def test_a_slider_redraws_the_picture_and_its_sentence():
    explorer = small_explorer()
    before = explorer.view.png
    explorer.controls["column"].value = 2
    assert explorer.view.png != before and explorer.view.png.startswith(b"\x89PNG")
    assert explorer.view.alt == "The cell holds 2."


def test_a_click_chooses_the_cell_and_draws_once():
    explorer = small_explorer()
    drawn = []
    explorer.view.observe(drawn.append, "png")
    explorer.view.clicked = [2.5 / 5, 2.5 / 4, 1]
    assert explorer.state == {"row": 1, "column": 1} and len(drawn) == 1
    explorer.view.clicked = [0.01, 0.01, 2]  # beside every grid
    assert explorer.state == {"row": 1, "column": 1}


def test_several_controls_change_and_the_picture_is_drawn_once():
    explorer = small_explorer()
    drawn = []
    explorer.view.observe(drawn.append, "png")
    explorer.set(row=1, column=2)
    assert explorer.view.alt == "The cell holds 5." and len(drawn) == 1
    with explorer.held():
        explorer.controls["row"].value = 0
        explorer.set(column=0)
        assert len(drawn) == 1
    explorer.controls["column"].value = 1
    assert explorer.view.alt == "The cell holds 1." and len(drawn) == 2


def test_a_click_on_a_picture_without_cells_changes_nothing():
    picture = plots.Picture("", "Nothing to choose from.", 2)
    clicks = []
    explorer = Explorer(lambda row: picture, {"row": slider("row", 1)}, on_click=clicks.append)
    explorer.view.clicked = [0.5, 0.5, 1]
    assert not clicks and explorer.state == {"row": 0}


def test_a_saved_notebook_keeps_the_picture_of_an_explorer_and_the_questions_of_a_quiz():
    for widget, mime in ((small_explorer(), "image/png"), (make_quiz("01"), "text/markdown")):
        data, metadata = DisplayFormatter().format(widget)
        assert WIDGET_VIEW in data
        output = {"output_type": "execute_result", "data": data, "metadata": metadata}
        kept = without_widgets([output])[0]["data"]
        assert set(kept) == {"text/plain", mime}
        again = DisplayFormatter().format(type(widget) is Quiz and make_quiz("01") or widget)[0]
        assert kept["text/plain"] == again["text/plain"] and "0x" not in kept["text/plain"]


def test_a_quiz_tells_nothing_before_an_answer_and_explains_every_answer():
    quiz = make_quiz("01")
    state = str(quiz.get_state(["name", "asked", "chosen", "feedback"]))
    data, _ = DisplayFormatter().format(quiz)
    for question in quiz.questions:
        for option in question["option"]:
            assert option["text"] in state
            assert option["why"] not in state and option["why"] not in data["text/markdown"]
    quiz.chosen = [0, None, None]
    first = quiz.questions[0]["option"][0]
    assert quiz.feedback == [verdict(first), "", ""]
    assert quiz.feedback[0].startswith("✗") and first["why"] in quiz.feedback[0]
    right = [[o.get("right", False) for o in q["option"]].index(True) for q in quiz.questions]
    quiz.chosen = right
    assert all(text.startswith("✓") for text in quiz.feedback)


@pytest.mark.parametrize("lesson, part, number", QUESTIONS)
def test_every_question_has_one_right_answer_and_a_reason_for_each(lesson, part, number):
    question = read(lesson)[part][number]
    assert set(question) == {"ask", "option"}
    options = question["option"]
    assert 3 <= len(options) <= 5
    assert [option.get("right", False) for option in options].count(True) == 1
    assert len({option["text"] for option in options}) == len(options)
    for option in options:
        assert set(option) <= {"text", "why", "right"}
        assert len(option["why"]) > 20
        assert "$" not in option["text"] + option["why"]  # no TeX: nothing would render it


def test_the_place_or_length_of_an_option_does_not_betray_it():
    places, longest = [], []
    for lesson, part, number in QUESTIONS:
        options = read(lesson)[part][number]["option"]
        right = next(i for i, option in enumerate(options) if option.get("right"))
        lengths = [len(option["text"]) for option in options]
        places.append(right)
        longest.append(lengths[right] == max(lengths))
    assert max(np.bincount(places)) <= 0.6 * len(places)
    assert np.mean(longest) <= 0.6


def test_an_unknown_lesson_or_part_is_named():
    with pytest.raises(ValueError, match="no quiz for lesson '99'.*01"):
        make_quiz("99")
    with pytest.raises(ValueError, match="lesson 04 has no quiz 'boss'; it has: quiz"):
        make_quiz("04", "boss")


def test_the_explorers_are_all_exported():
    assert len(explorers.__all__) == len(set(explorers.__all__)) == 19
    for name in explorers.__all__:
        assert callable(getattr(explorers, name)), name
        assert getattr(explorers, name).__doc__
