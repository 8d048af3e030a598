"""The assignments, with nbgrader itself: released, handed in right and wrong in many ways, graded.

Everything happens in a copy of the course, by the commands that an instructor types.
"""

import copy
import csv
import functools
import html
import inspect
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
from checks_bank import mistake_of
from commands import LIMIT, Commands, start
from tracked import tracked_text

from cnn_course.checks.exercise import EXERCISES

ROOT = Path(__file__).resolve().parent.parent
COURSE = ROOT / "notebooks" / "assignments"
NAMES = sorted(path.name for path in (COURSE / "source").iterdir())
PROJECT = "project"
A1, A2, A3, A4, A5, A6 = (name for name in NAMES if name != PROJECT)
MODEL = COURSE / "source" / PROJECT / "model.h5"  # of the model solution
CELL_TIMEOUT = 20  # seconds, for the submissions that never end: a cell is interrupted earlier


def read(folder: Path, name: str) -> nbformat.NotebookNode:
    return nbformat.reads(tracked_text(folder / name / f"{name}.ipynb"), as_version=4)


SOURCES = {name: read(COURSE / "source", name) for name in NAMES}
RELEASES = {name: read(COURSE / "release", name) for name in NAMES}


def graded_cells(notebook, by_hand: bool) -> list:
    return [
        cell
        for cell in notebook.cells
        if cell.metadata.get("nbgrader", {}).get("grade")
        and cell.metadata.nbgrader.solution == by_hand
    ]


def points(name: str, by_hand: bool = False) -> float:
    return sum(cell.metadata.nbgrader.points for cell in graded_cells(SOURCES[name], by_hand))


def solved(name: str) -> nbformat.NotebookNode:
    """A student's notebook: the released one with the solutions written in."""
    notebook, right = copy.deepcopy(RELEASES[name]), {c.id: c.source for c in SOURCES[name].cells}
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("solution"):
            cell.source = re.sub(r" *### (BEGIN|END) SOLUTION\n?", "", right[cell.id])
    return notebook


@dataclass
class Submission:
    """What a student hands in, what it should earn by the checks, and what the feedback says.

    says: words of it, or known mistakes such as "conv2d_backward: stride-ignored".
    """

    name: str
    student: str
    notebook: nbformat.NotebookNode
    earns: float
    says: tuple[str, ...] = ()

    @property
    def mistakes(self) -> dict[tuple[str, str], str]:
        """What the feedback says of each known mistake that is to be named."""
        found = {}
        for words in self.says:
            function, _, identifier = words.partition(": ")
            if function in EXERCISES:
                (seen,) = {m.seen for m in EXERCISES[function].bank if m.id == identifier}
                found[function, identifier] = seen
        return found


def cell_of(notebook, cell_id: str):
    return next(cell for cell in notebook.cells if cell.id == cell_id)


def wrong(name: str, student: str, earns: float, *says: str, **changes) -> Submission:
    """A solved notebook with changes by cell id ("_" stands for "-"): text for old text, the whole
    new text, or None for a deleted cell."""
    notebook = solved(name)
    for cell_id, change in changes.items():
        cell = cell_of(notebook, cell_id.replace("_", "-"))
        if change is None:
            notebook.cells.remove(cell)
        elif isinstance(change, str):
            cell.source = change
        else:
            for old, new in change.items():
                assert old in cell.source, (name, cell_id, old)
                cell.source = cell.source.replace(old, new)
    return Submission(name, student, notebook, earns, says)


def slip(name: str, student: str, earns: float, cell_id: str, known: str) -> Submission:
    """A solved notebook in which a function makes a known mistake, "conv2d_backward: dw-turned"."""
    function, identifier = known.split(": ")
    mistake = mistake_of(function, identifier)
    source = mistake.source.replace(f"def {mistake.base.__name__}(", f"def {function}(")
    change = {cell_id: f"import math\n\n\n{source}"}
    return wrong(name, student, earns, known, **change)


def with_marks_of_its_own() -> nbformat.NotebookNode:
    """Not written at all, but every check is changed to give full marks, and more of them."""
    notebook = copy.deepcopy(RELEASES[A1])
    for cell in graded_cells(notebook, by_hand=False):
        cell.source = f"{cell.metadata.nbgrader.points}"
        cell.metadata.nbgrader.points *= 10
    return notebook


SUBMISSIONS = [
    *(Submission(name, "perfect", solved(name), points(name)) for name in NAMES),
    *(Submission(name, "empty", copy.deepcopy(RELEASES[name]), 0) for name in NAMES),
    Submission(PROJECT, "no-model", solved(PROJECT), 16, ("model.h5",)),
    slip(A1, "turned", 14.5, "layer", "conv2d_forward: kernel-turned"),
    wrong(
        *(
            A1,
            "several-mistakes",
            0.75,
            "conv2d_forward: bias-missing",
            "output_size: one-forgotten",
            "correlate2d: kernel-transposed",
        ),
        size={"// stride + 1": "// stride"},
        padding={"padding + height": "2 * padding + height"},
        correlate={"* w)": "* w.T)"},
        layer={"+ b[f]": ""},
    ),
    wrong(A1, "deleted-function", 37, "there is no function zero_padding", padding=None),
    wrong(A1, "deleted-check", 40, stride_check=None),
    Submission(A1, "edited-checks", with_marks_of_its_own(), 0, ("not written yet",)),
    wrong(
        *(A1, "prints", 40),
        size={"return (": "print(n)\n    return ("},
        correlate={"return z": "print(z)\n    return z\n\n\nfor n in range(20000):\n    print(n)"},
    ),
    wrong(
        *(A1, "warns", 40),
        padding={
            "def zero": "import warnings\n\nwarnings.warn('old')\nnp.log(np.zeros(1))\n\n\ndef zero"
        },
        layer={
            "    return z": "    import sys, warnings\n    warnings.warn('mine')\n"
            "    np.log(np.zeros(1))\n    print('oh', file=sys.stderr)\n    return z"
        },
    ),
    wrong(
        *(A1, "syntax-error", 13, "there is no function conv2d_forward"),
        layer={"for n in": "for n on"},
    ),
    wrong(
        *(A1, "borrows", 13, "your function leaves the work to cnn_utils.functional"),
        layer="from cnn_utils.functional import conv2d_forward",
    ),
    wrong(
        *(A1, "hard-coded", 38, "is wrong"),
        size={"return (": "return {8: 4, 5: 5, 28: 13}.get(n, 0)\n    return ("},
    ),
    wrong(
        *(A1, "global", 32, "reads the global step"),
        layer={
            "i * stride, j * stride": "i * step, j * step",
            "def conv": "step = 1\n\n\ndef conv",
        },
    ),
    wrong(
        *(A1, "mutates", 37, "your function changes its argument x"),
        padding={"    padded[:": "    x += 1\n    padded[:"},
    ),
    slip(A2, "stride-ignored", 32, "layer", "conv2d_backward: stride-ignored"),
    slip(A2, "overwrites", 30.25, "layer", "conv2d_backward: filter-overwrites-dx"),
    slip(A2, "averages-again", 34, "layer", "conv2d_backward: mean-over-images"),
    slip(A3, "every-tie", 37, "mask", "maxpool2d_backward: every-tie-gets-all"),
    slip(A4, "no-shift", 35, "softmax", "softmax: no-maximum"),
    slip(A4, "not-divided", 36, "gradient", "softmax_gradient: not-averaged"),
    slip(A5, "no-correction", 35, "adam_step", "adam_step: no-bias-correction"),
    slip(A6, "overwrites", 34, "col2im", "col2im: cell-overwrites"),
]
# These wait; they sleep instead of keeping a processor busy, so that the others can go on.
ENDLESS = [
    wrong(
        *(A1, "endless", 34, "your function was still running after 10 seconds"),
        correlate={
            "k_h, k_w = w.shape": "k_h, k_w = w.shape\n    while k_h:\n        sleep(0.1)",
            "def correlate2d": "from time import sleep\n\n\ndef correlate2d",
        },
    ),
    wrong(
        *(A1, "endless-cell", 34, "there is no function correlate2d"),
        correlate="from time import sleep\n\nwhile True:\n    sleep(0.1)",
    ),
]
TROUBLE = {  # what nbgrader cannot grade, and what the instructor is told
    "renamed": "It should be called a1_convolution_forward.ipynb",
    "cut-off": "cannot be read as a notebook",
    "dies": "Kernel died",
}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Runs tools/assignments.py: run("grade", course=path)."""
    commands = Commands(tmp_path_factory.mktemp("commands"))
    yield commands
    commands.close()


@pytest.fixture(scope="module")
def new_course(run, tmp_path_factory):
    """Makes a course with sources and submissions; its gradebook, which takes 2 s, is a copy."""
    first = tmp_path_factory.mktemp("gradebook")
    shutil.copy(COURSE / "nbgrader_config.py", first)
    shutil.copytree(COURSE / "source" / A1, first / "source" / A1)
    released = run("release", course=first)
    assert released.returncode == 0, released.stdout + released.stderr

    def make(names: list[str], submissions: list[Submission]) -> Path:
        course = tmp_path_factory.mktemp("course")
        for name in ("nbgrader_config.py", "gradebook.db"):
            shutil.copy(first / name, course)
        for name in names:
            shutil.copytree(COURSE / "source" / name, course / "source" / name)
        for submission in submissions:
            hand_in(course, submission)
        return course

    return make


def hand_in(course: Path, submission: Submission) -> None:
    folder = course / "submitted" / submission.student / submission.name
    folder.mkdir(parents=True, exist_ok=True)
    nbformat.write(submission.notebook, folder / f"{submission.name}.ipynb")


@pytest.fixture(scope="module")
def graded(run, new_course) -> dict[str, Path]:
    """Two graded copies: "course", with its releases made and everything handed in, and "endless".

    They are graded at the same time, because the second one only waits.
    """
    course, endless = new_course(NAMES, SUBMISSIONS), new_course([A1], ENDLESS)
    released = run("release", course=course)
    assert released.returncode == 0, released.stdout + released.stderr
    shutil.copy(MODEL, course / "submitted" / "perfect" / PROJECT)
    for student in TROUBLE:
        (course / "submitted" / student / A1).mkdir(parents=True)
    text = nbformat.writes(solved(A1))
    (course / "submitted" / "renamed" / A1 / "a1 (2).ipynb").write_text(text)
    (course / "submitted" / "cut-off" / A1 / f"{A1}.ipynb").write_text(text[:2000])
    hand_in(course, wrong(A1, "dies", 0, layer="import os\n\nos._exit(1)"))
    with (endless / "nbgrader_config.py").open("a") as file:
        file.write(f"\nc.Execute.timeout = {CELL_TIMEOUT}\n")
    with start("grade", course=endless) as waiting:
        outcome = run("grade", course=course)
        said = waiting.communicate(timeout=LIMIT)
    assert waiting.returncode == 0, said
    assert outcome.returncode == 1, outcome.stdout + outcome.stderr  # some could not be graded
    (course / "said.txt").write_text(outcome.stdout + outcome.stderr)
    return {"course": course, "endless": endless}


@pytest.fixture(scope="module")
def course(graded) -> Path:
    return graded["course"]


@pytest.fixture(params=[*SUBMISSIONS, *ENDLESS], ids=lambda s: f"{s.name[:7]}-{s.student}")
def submission(request) -> Submission:
    return request.param


@pytest.fixture
def its_course(graded, submission) -> Path:
    """The copy of the course that a submission was handed in to."""
    return graded["endless" if submission in ENDLESS else "course"]


def rows(path: Path) -> list[dict]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("name", NAMES)
def test_the_release_is_what_its_source_makes(course, name):
    made = sorted(p.relative_to(course) for p in (course / "release" / name).rglob("*"))
    assert made and all((COURSE / path).exists() for path in made), "run `make assignments`"
    for path in made:
        if (course / path).is_file():
            text = (course / path).read_text(encoding="utf-8")
            assert text == tracked_text(COURSE / path), f"{path}: run `make assignments`"


@pytest.mark.parametrize("name", NAMES)
def test_the_release_gives_nothing_away(name):
    text = json.dumps(RELEASES[name])
    for word in ("SOLUTION", "HIDDEN", "Model answer"):
        assert word not in text
    for line in secrets(name):
        assert line not in text


def test_a_model_is_neither_given_away_nor_replaced(course):
    """nbgrader copies what lies beside a source, to students and over what they hand in."""
    assert not list((course / "release").rglob("*.h5"))
    graded = {path.parent.parent.name: path for path in (course / "autograded").rglob("*.h5")}
    assert list(graded) == ["perfect"], "a submission without a model has been given one"
    submitted = course / "submitted" / "perfect" / PROJECT / "model.h5"
    assert graded["perfect"].read_bytes() == submitted.read_bytes()


def secrets(name: str) -> list[str]:
    """The lines of the hidden tests of an assignment."""
    found = []
    for cell in SOURCES[name].cells:
        hidden = re.findall(
            r"### BEGIN HIDDEN TESTS\n(.*?)### END HIDDEN TESTS", cell.source, re.DOTALL
        )
        found += [line.strip() for part in hidden for line in part.splitlines()]
    visible = {
        line.strip()
        for cell in SOURCES[name].cells
        for line in re.sub(
            r"### BEGIN HIDDEN TESTS\n.*?### END HIDDEN TESTS", "", cell.source, flags=re.DOTALL
        ).splitlines()
    }
    return [line for line in found if len(line) > 12 and line not in visible]


@pytest.mark.parametrize("name", NAMES)
def test_points_are_what_the_title_says(name):
    cells = SOURCES[name].cells
    said = re.search(r"\*\*Points:\*\* (\d+), of which (\d+) ", cells[0].source)
    total, automatic = map(float, said.groups())
    assert (automatic, total - automatic) == (points(name), points(name, by_hand=True))
    assert secrets(name), "no hidden tests"
    for cell in graded_cells(SOURCES[name], by_hand=False):
        marks = re.search(r"Marks\((\d+)", cell.source)
        assert float(marks.group(1)) == cell.metadata.nbgrader.points, cell.id
        assert cell.source.rstrip().endswith("marks.total()"), cell.id


def test_a_submission_gets_the_marks_it_deserves(its_course, submission):
    row = next(
        row
        for row in rows(its_course / "grades.csv")
        if (row["student"], row["assignment"]) == (submission.student, submission.name)
    )
    assert float(row["automatic"]) == pytest.approx(submission.earns, abs=0.02)
    assert float(row["of"]) == points(submission.name) + points(submission.name, by_hand=True)
    unanswered = submission.student in ("empty", "edited-checks")
    assert int(row["to_read"]) == (
        0 if unanswered else len(graded_cells(submission.notebook, True))
    )
    assert row["problem"] == ""


def feedback(course: Path, submission: Submission) -> str:
    """The text of the page that the student gets back."""
    page = course / "feedback" / submission.student / submission.name / f"{submission.name}.html"
    text = re.sub(r"<(script|style).*?</\1>", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    return html.unescape(re.sub(r"<[^>]*>", "", text))


@functools.cache
def answers() -> dict[str, str]:
    """The lines of the right answers, by function."""
    return {
        name: inspect.getsource(exercise.reference).split('"""')[-1].strip()
        for name, exercise in EXERCISES.items()
    }


def test_the_feedback_says_what_is_wrong_and_gives_nothing_away(its_course, submission):
    text = feedback(its_course, submission)
    plain = re.sub(r"\s+", " ", text)
    for words in submission.says:
        words = submission.mistakes.get(tuple(words.split(": ")), words)
        assert re.sub(r"\s+", " ", words) in plain, words
    assert "HIDDEN TESTS" not in text
    for line in secrets(submission.name):
        assert line not in text, "a hidden test"
    own = nbformat.writes(submission.notebook)
    for function, body in answers().items():
        assert body in own or body not in text, f"the answer of {function}"
    assert len(text) < 400_000, "as long as what it printed"


@pytest.mark.parametrize(("student", "words"), TROUBLE.items(), ids=TROUBLE)
def test_what_cannot_be_graded_is_told_and_does_not_stop_the_others(course, student, words):
    row = next(row for row in rows(course / "grades.csv") if row["student"] == student)
    assert words in row["problem"] and row["total"] == ""
    assert f"{student}: NOT GRADED" in (course / "said.txt").read_text()


def test_the_instructor_sees_how_many_made_which_mistake(course):
    made = {
        (row["assignment"], row["function"], row["mistake"]): row
        for row in rows(course / "mistakes.csv")
    }
    for row in made.values():
        assert len(row["who"].split()) == int(row["students"]) > 0
        assert "perfect" not in row["who"] and "empty" not in row["who"]
    for submission in SUBMISSIONS:
        for function, mistake in submission.mistakes:
            row = made[submission.name, function, mistake]
            assert submission.student in row["who"].split()


def test_grading_again_takes_only_what_is_new(run, course):
    page = course / "feedback" / "perfect" / A1 / f"{A1}.html"
    before = page.stat().st_mtime_ns
    of_all = (course / "grades.csv").read_text(encoding="utf-8")
    again = run("grade", A1, course=course)
    assert page.stat().st_mtime_ns == before
    assert "perfect" not in again.stdout
    assert len(rows(course / "grades.csv")) == len(of_all.splitlines()) - 1, "of every assignment"
    page.unlink()  # as if grading had been interrupted
    assert re.search(r"perfect: 40\b", run("grade", A1, course=course).stdout)
    assert page.exists()


BY_HAND = """
from nbgrader.api import Gradebook
name = sys.argv[-1]
with Gradebook("sqlite:///gradebook.db") as gradebook:
    notebook = gradebook.find_submission_notebook(name, name, "ada")
    for number, grade in enumerate(g for g in notebook.grades if g.needs_manual_grade):
        grade.manual_score, grade.needs_manual_grade = 3 + number, False
        gradebook.find_comment(grade.name, name, name, "ada").manual_comment = "Well put."
    gradebook.db.commit()
"""


def test_points_given_by_hand_stay(run, new_course):
    notebook = solved(A1)
    ada = Submission(A1, "ada", notebook, 40)
    course = new_course([A1], [ada])
    assert run("grade", course=course).returncode == 0
    page = course / "feedback" / "ada" / A1 / f"{A1}.html"
    assert "Question A</a> (not read yet: 0 / 4.0)" in page.read_text(encoding="utf-8")
    assert run(A1, course=course, program=BY_HAND).returncode == 0
    assert run("feedback", course=course).returncode == 0
    (row,) = rows(course / "grades.csv")
    assert (row["automatic"], row["by_hand"], row["total"]) == ("40.0", "7.0", "47.0")
    assert page.read_text(encoding="utf-8").count("Well put.") == 2
    for title in ("1 · Output size</a> (Score: 4.0", "Question A</a> (Score: 3.0"):
        assert title in page.read_text(encoding="utf-8")
    cell_of(notebook, "layer").source = "conv2d_forward = None"
    hand_in(course, ada)  # a second try, after the first was read
    assert run("feedback", course=course).returncode == 0
    (row,) = rows(course / "grades.csv")
    assert (row["total"], row["problem"]) == ("", "not graded yet")
    assert run("grade", "--again", course=course).returncode == 0
    (row,) = rows(course / "grades.csv")
    assert (row["automatic"], row["by_hand"], row["total"]) == ("13.0", "7.0", "20.0")
    assert row["to_read"] == "0", "the answers are the same"
    assert page.read_text(encoding="utf-8").count("Well put.") == 2
    cell_of(notebook, "answer-size").source = "Something else."
    hand_in(course, ada)
    assert run("grade", course=course).returncode == 0
    (row,) = rows(course / "grades.csv")
    assert (row["by_hand"], row["to_read"]) == ("7.0", "1")


@pytest.mark.skipif(os.name == "nt", reason="it sends what Ctrl-C sends on other systems")
def test_an_interruption_stops_at_once_and_loses_nothing(run, new_course, tmp_path):
    begun = tmp_path / "begun"  # Ben's cell says when it is running, and takes a minute, once
    cell = f"import pathlib, time\n\nbegun = pathlib.Path({str(begun)!r})\nif not begun.exists():\n"
    cell += "    begun.touch()\n    time.sleep(60)\n\n\ndef conv"
    ada, ben = wrong(A1, "ada", 40), wrong(A1, "ben", 40, layer={"def conv": cell})
    course = new_course([A1], [ada, ben])
    command = [sys.executable, str(ROOT / "tools" / "assignments.py"), "--course", str(course)]
    with subprocess.Popen([*command, "grade"], text=True, stderr=subprocess.PIPE) as process:
        while process.poll() is None and not begun.exists():
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=LIMIT)[1]
    assert process.returncode == 130 and "Stopped." in said, said
    assert (course / "feedback" / "ada").exists() and not (course / "feedback" / "ben").exists()
    again = run("grade", course=course)
    assert again.returncode == 0 and "ada" not in again.stdout
    assert [row["automatic"] for row in rows(course / "grades.csv")] == ["40.0", "40.0"]


def test_what_a_learning_platform_hands_over_is_collected(run, course):
    archive = course / "downloaded" / A1 / "archive"
    archive.mkdir(parents=True)
    names = [
        f"Ada Lovelace_4711_assignsubmission_file_/{A1} (1).ipynb",
        f"Bo_4712_assignsubmission_file_/my_{A1}.ipynb",
        f"hopperg_123_456_{A1}-2.ipynb",
        f"åsa_{A1}.ipynb",
        f"cleo_{A1}_final.ipynb",
        "readme.txt",
        f"{A1}.ipynb",  # whose?
        f"__MACOSX/._ada_{A1}.ipynb",
    ]
    with zipfile.ZipFile(archive / "all.zip", "w") as file:
        for name in names:
            file.writestr(name, nbformat.writes(solved(A1)))
    collected = run("collect", A1, course=course)
    assert collected.returncode == 0, collected.stdout + collected.stderr
    for student in ("Ada Lovelace", "Bo", "hopperg", "åsa", "cleo"):
        assert (course / "submitted" / student / A1 / f"{A1}.ipynb").is_file(), student
    for student in ("Bo", "hopperg", "cleo"):  # those with the odd names are enough to grade
        shutil.rmtree(course / "submitted" / student)
    graded = run("grade", A1, course=course)
    for student in ("Ada Lovelace", "åsa"):
        assert re.search(rf"{student}: 40\b", graded.stdout), graded.stdout + graded.stderr
    for file in ("readme.txt", f"{A1}.ipynb"):
        assert re.search(rf"left out: \S*{file}\. ", collected.stdout), collected.stdout
    unknown = {"a1", A1, "my", "all", "."} & {p.name for p in (course / "submitted").iterdir()}
    assert not unknown and "MACOSX" not in collected.stdout
    shutil.copy(COURSE / "release" / A1 / f"{A1}.ipynb", archive / f"hopperg_{A1}.ipynb")
    twice = run("collect", A1, course=course)
    assert twice.returncode == 2 and f"hopperg_{A1}.ipynb is the second" in twice.stderr
    assert "perfect" not in graded.stdout, "it is graded already"


def test_a_source_that_cannot_be_released_leaves_the_release_as_it_was(run, new_course):
    course = new_course([A1], [])
    (course / "release" / A1).mkdir(parents=True)
    (course / "release" / A1 / f"{A1}.ipynb").write_text("what students have")
    notebook = copy.deepcopy(SOURCES[A1])
    cell_of(notebook, "layer").source = "### BEGIN SOLUTION\nwithout an end"
    nbformat.write(notebook, course / "source" / A1 / f"{A1}.ipynb")
    refused = run("release", course=course)
    assert refused.returncode == 2 and "no end solution" in refused.stderr
    assert (course / "release" / A1 / f"{A1}.ipynb").read_text() == "what students have"


def test_an_assignment_without_submissions_and_an_unknown_one_are_told(run, tmp_path):
    shutil.copy(COURSE / "nbgrader_config.py", tmp_path)
    shutil.copytree(COURSE / "source", tmp_path / "source")
    nothing = run("grade", course=tmp_path)
    assert nothing.returncode == 2 and "there is nothing to grade" in nothing.stderr
    unknown = run("grade", "a9", course=tmp_path)
    absent = run("collect", A1, course=tmp_path)
    assert absent.returncode == 2 and "there is nothing to collect" in absent.stderr
    assert unknown.returncode == 2 and f"there are {A1}" in unknown.stderr
    assert not (tmp_path / "gradebook.db").exists()
