"""JupyterLab in a real browser, as `make lab` starts it: a learner's first minute, every explorer,
quizzes, the page and whole lessons.

What an explorer shows for a state is tested without a browser; here, that keys reach it. One
notebook holds all that is not a lesson, because opening one takes seconds.
"""

import shutil
import time
import urllib.error
import urllib.request
from pathlib import Path

import nbformat
import pytest
from lab_browser import CELLS, PATIENCE, close, open_notebook, run_all
from page_browser import CANVAS, READY, digit, draw

import cnn_utils
from cnn_course import explorers, quizzes

pytestmark = pytest.mark.browser

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"
LESSONS = [
    path
    for path in sorted(NOTEBOOKS.glob("[0-9]*.ipynb"))
    if "explorers." in path.read_text(encoding="utf-8")
]
IN_EVERY_RUN = ("00_start_here", "03_convolution_layer_forward")  # the others before a release
KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3 (ipykernel)"}}

SETUP = """
from cnn_course import explorers, quizzes
from cnn_course.explorers.inside_browser import Subject
from cnn_utils import data, recipes
from cnn_utils.layers import Dense, Flatten
from cnn_utils.sequential import Sequential

digits, signs = data.load_mnist(quiet=True), data.load_signs(quiet=True)
x, y, reader = digits.x_test[:100], digits.y_test[:100], recipes.load_trained("mnist")
dense = Sequential([Flatten(), Dense(2)], (28, 28, 1))
"""
ARGUMENTS = {  # of the explorers that need some
    "kernel_editor": "{'digit': x[0, ..., 0] / 255}, {'edges': np.array([[1, 0, -1]] * 3)}",
    "training_monitor": "dense, data.to_float(x), y % 2, epochs=1_000_000",
    "mistake_browser": "x, y, reader.predict_proba(x), digits.class_names, show='all images'",
    "augmentation_explorer": "signs.x_train[:6], signs.y_train[:6], digits=(x[:10], y[:10])",
    "inside_browser": "{'digits': Subject(reader, x, y, digits.class_names)}",
}


def one_quiz_of_each_shape() -> list[tuple[str, str]]:
    """Lesson and part of the first quiz with so many questions of so many options."""
    shapes = {}
    for path in sorted(quizzes.FOLDER.glob("*.toml")):
        for part, questions in quizzes.read(path.stem).items():
            shape = tuple(len(question["option"]) for question in questions)
            shapes.setdefault(shape, (path.stem, part))
    return list(shapes.values())


QUIZZES = one_quiz_of_each_shape()
SOURCES = {  # the cells of the notebook, by name
    "version": "import cnn_utils\nprint('version', cnn_utils.__version__)",
    "array": "import numpy as np\nnp.arange(3) * 2",
    "figure": "import matplotlib.pyplot as plt\nplt.plot([1, 3, 2])\nplt.show()",
    "slider": "import ipywidgets\nipywidgets.IntSlider(value=3, description='steps')",
    "setup": SETUP,
    **{
        name: f"{name} = explorers.{name}({ARGUMENTS.get(name, '')})\n{name}"
        for name in explorers.__all__
    },
    "progress": "print(len(training_monitor.losses), training_monitor.status)",
    **{f"quiz {lesson} {part}": f"quizzes.quiz('{lesson}', '{part}')" for lesson, part in QUIZZES},
    "page": "from cnn_course.page.app import app\napp()",
}


@pytest.fixture(scope="module")
def opened(browser, lab):
    """The notebook in a page, with all cells run."""
    cells = [nbformat.v4.new_code_cell(source) for source in SOURCES.values()]
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=KERNEL), lab.root / "all.ipynb")
    page = open_notebook(browser, lab, "all.ipynb")
    run_all(page)
    yield page
    close(page, lab)


@pytest.fixture
def page(opened):
    yield opened
    opened.problems.check()


def cell(page, name: str):
    """The cell of this name."""
    return page.locator(CELLS).nth(list(SOURCES).index(name))


def output(page, name: str) -> str:
    """The text below a cell."""
    return cell(page, name).locator(".jp-OutputArea-output").inner_text().strip()


def wait_until(holds, seconds=PATIENCE):
    """Wait until holds() is true."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "nothing changed"
        time.sleep(0.05)


# ---- a learner's first minute


def test_a_notebook_runs_in_the_browser(page):
    assert output(page, "version") == f"version {cnn_utils.__version__}"
    assert output(page, "array") == "array([0, 2, 4])"
    picture = cell(page, "figure").locator(".jp-OutputArea-output img")
    assert picture.evaluate("image => image.naturalWidth") > 100
    cell(page, "slider").locator(".widget-slider").wait_for()
    assert "steps" in output(page, "slider")


def test_nobody_is_asked_about_news_or_led_to_a_preview(page, lab):
    # The question would come as a notification with buttons.
    assert page.locator(".Toastify__toast").count() == 0
    # Voilà is there for `make app`; in JupyterLab it would offer to run lessons as pages.
    assert page.locator("jp-button[title*='Voil'], button[title*='Voil']").count() == 0
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(f"{lab.url}/voila/render/all.ipynb?token={lab.token}", timeout=60)


# ---- explorers and quizzes


def check_that_a_key_moves(explorer, page) -> None:
    """Its first slider takes an arrow key; picture, sentence and the picture's alt text follow."""
    explorer.scroll_into_view_if_needed()
    image, sentence = explorer.locator("img"), explorer.locator("[role=status]")
    assert image.evaluate("image => image.decode().then(() => image.naturalWidth)") > 100
    before = sentence.inner_text()
    assert before and before == image.get_attribute("alt")
    handle = explorer.locator(".noUi-handle").first
    handle.focus()
    at_end = handle.get_attribute("aria-valuenow") == handle.get_attribute("aria-valuemax")
    page.keyboard.press("ArrowLeft" if at_end else "ArrowRight")
    wait_until(lambda: sentence.inner_text() != before)
    assert sentence.inner_text() == image.get_attribute("alt")


def check_that_it_answers(quiz, page) -> None:
    """Choosing an option of any question, by keyboard, brings its explanation."""
    questions = quiz.locator("fieldset").all()
    assert questions
    for question in questions:
        question.scroll_into_view_if_needed()
        question.locator("input").first.focus()
        page.keyboard.press("Space")
        answer = question.locator("[role=status]")
        answer.filter(has_text=".").wait_for()
        assert answer.inner_text()[0] in "✓✗"


@pytest.mark.parametrize("name", explorers.__all__)
def test_a_key_moves_every_explorer(page, name):
    check_that_a_key_moves(cell(page, name).locator(".cnn-explorer"), page)


@pytest.mark.parametrize("quiz", QUIZZES, ids=" ".join)
def test_a_quiz_of_every_shape_answers(page, quiz):
    check_that_it_answers(cell(page, f"quiz {' '.join(quiz)}").locator(".cnn-quiz"), page)


# ---- the live monitor: it trains between the cells, and its buttons are obeyed


def test_a_training_is_started_paused_and_stopped_while_cells_run(page):
    monitor = cell(page, "training_monitor").locator(".cnn-explorer")
    sentence, button = monitor.locator("[role=status]"), monitor.locator("button")

    def wait_for(words):
        sentence.filter(has_text=words).wait_for()

    def press(words):
        """By keyboard: a click can miss while the page below moves."""
        button.filter(has_text=words).press("Space")

    def progress():
        """Run a cell while the training goes on; return what it prints."""
        asked = cell(page, "progress")
        prompt = asked.locator(".jp-InputPrompt")
        before = prompt.inner_text()
        asked.locator(".cm-content").click()
        page.keyboard.press("Control+Enter")
        page.wait_for_function(
            "([p, before]) => /\\d/.test(p.textContent) && p.textContent.trim() !== before.trim()",
            arg=[prompt.element_handle(), before],
        )
        steps, status = output(page, "progress").split()
        return int(steps), status

    wait_for("Ready: press Start.")
    assert output(page, "progress") == "0 ready"
    press("Start")
    wait_for("Training. ")
    wait_for("Last epoch: loss")
    first = progress()
    second = progress()
    assert first[1] == second[1] == "running" and 0 < first[0] < second[0]

    press("Pause")
    wait_for("Paused.")
    held = progress()
    assert held[1] == "paused" and progress() == held
    press("Go on")
    wait_for("Training. ")
    press("Stop")
    wait_for("Stopped.")
    ended = progress()
    assert ended[0] > held[0] and ended[1] == "stopped" and progress() == ended
    assert button.filter(has_text="Again").is_enabled()


# ---- the page


def test_keys_belong_to_the_page_and_not_to_the_notebook(page):
    page.wait_for_selector(READY)
    for key in ("d", "d", " ", "Delete"):  # the first two would delete the cell
        page.locator(CANVAS).press(key)
    pen = page.get_by_label("Pen width")
    before = float(pen.input_value())
    pen.press("ArrowRight")
    assert float(pen.input_value()) > before
    draw(page, [[(0.25, 0.2), (0.75, 0.2), (0.45, 0.85)]])
    assert digit(page) == "7"
    assert page.locator(CELLS).count() == len(SOURCES)


# ---- whole lessons


@pytest.fixture(
    params=[
        pytest.param(path, marks=[] if path.stem in IN_EVERY_RUN else pytest.mark.release)
        for path in LESSONS
    ],
    ids=lambda path: path.stem,
)
def lesson(request, browser, lab):
    """A page of the lesson, with all cells run."""
    shutil.copy(request.param, lab.root)
    page = open_notebook(browser, lab, request.param.name)
    run_all(page)
    yield page
    page.problems.check()
    close(page, lab)


def test_a_lesson_with_its_explorers_and_quizzes(lesson):
    lesson.locator(".cnn-explorer").first.wait_for()
    explorers, quizzes = (lesson.locator(f".cnn-{what}").all() for what in ("explorer", "quiz"))
    assert explorers and quizzes
    for explorer in explorers:
        check_that_a_key_moves(explorer, lesson)
    for quiz in quizzes:
        check_that_it_answers(quiz, lesson)
