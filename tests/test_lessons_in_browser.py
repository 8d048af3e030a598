"""Every lesson with explorers in JupyterLab: run it, press a key, choose an answer, look.

What an explorer shows for a state is tested without a browser; here, that keys reach it.
"""

import shutil
import time
from pathlib import Path

import pytest
from lab_browser import close, open_notebook, run_all

pytestmark = [pytest.mark.browser, pytest.mark.slow]

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"
LESSONS = [
    path
    for path in sorted(NOTEBOOKS.glob("[0-9]*.ipynb"))
    if "explorers." in path.read_text(encoding="utf-8")
]


@pytest.fixture(params=LESSONS, ids=lambda path: path.stem)
def page(request, browser, lab):
    """A page of the lesson, with all cells run."""
    shutil.copy(request.param, lab.root)
    page = open_notebook(browser, lab, request.param.name)
    run_all(page)
    yield page
    close(page, lab)


def wait_until(holds, seconds=20):
    """Wait until holds() is true."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "nothing changed"
        time.sleep(0.05)


def test_keys_move_every_explorer_and_every_quiz_answers(page):
    explorers = page.locator(".cnn-explorer")
    cells = page.locator(".cm-line")
    expected = cells.get_by_text("explorers.").or_(cells.get_by_text("quizzes."))
    explorers.first.wait_for(timeout=30_000)
    quizzes = page.locator(".cnn-quiz")
    assert explorers.count() >= 1 and quizzes.count() >= 1 and expected.count() >= 2

    for explorer in explorers.all():
        explorer.scroll_into_view_if_needed()
        image, sentence = explorer.locator("img"), explorer.locator("[role=status]")
        assert image.evaluate("image => image.decode().then(() => image.naturalWidth)") > 100
        before = sentence.inner_text()
        assert before and before == image.get_attribute("alt")
        handle = explorer.locator(".noUi-handle").first
        handle.focus()
        at_end = handle.get_attribute("aria-valuenow") == handle.get_attribute("aria-valuemax")
        page.keyboard.press("ArrowLeft" if at_end else "ArrowRight")
        wait_until(lambda sentence=sentence, before=before: sentence.inner_text() != before)
        assert sentence.inner_text() == image.get_attribute("alt")

    for quiz in quizzes.all():
        for question in quiz.locator("fieldset").all():
            question.scroll_into_view_if_needed()
            options = question.locator("input")
            options.first.focus()
            page.keyboard.press("Space")
            answer = question.locator("[role=status]")
            answer.filter(has_text=".").wait_for(timeout=20_000)
            assert answer.inner_text()[0] in "✓✗"
    page.problems.check()
