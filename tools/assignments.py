"""The course's assignments: make the students' versions, grade what they hand in.

    python tools/assignments.py release           source/ → release/            (make assignments)
    python tools/assignments.py collect a1_convolution_forward   downloaded/ → submitted/
    python tools/assignments.py grade             submitted/ → marks, feedback  (make grade)
    python tools/assignments.py grade a1_convolution_forward     one assignment
    python tools/assignments.py grade --again                    also what is graded already

All folders are those of notebooks/assignments/, whose README is the instructor's guide. nbgrader
does the work; here stands what a class of sixty needs besides: a submission that cannot be graded
does not stop the others, and mistakes.csv says how many made which mistake.
"""

import argparse
import csv
import html
import logging
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from collections import defaultdict
from pathlib import Path

warnings.simplefilter("ignore")  # of the libraries below nbgrader, by the hundred
logging.getLogger("asyncio").setLevel(logging.CRITICAL)  # what it was doing when Ctrl-C came
os.environ["PYTHONWARNINGS"] = "ignore"  # in the programs that it starts
os.environ.setdefault("CNN_OFFLINE", "1")  # a submission must not wait for a download

import nbformat  # noqa: E402
from nbgrader.api import MissingEntry  # noqa: E402
from nbgrader.apps import NbGraderAPI  # noqa: E402
from traitlets.config import PyFileConfigLoader  # noqa: E402

COURSE = Path(__file__).resolve().parent.parent / "notebooks" / "assignments"
MARKS = "application/vnd.cnn-course.marks+json"


class AssignmentProblem(Exception):
    """What a person has to mend; the message says what and how."""


def open_course(course: Path, **folders: str) -> NbGraderAPI:
    """Return nbgrader's interface to the course in `course`, with its own configuration.

    folders: other places than the usual ones, such as release_directory.
    """
    config = PyFileConfigLoader("nbgrader_config.py", path=str(course)).load_config()
    config.CourseDirectory.update(folders)
    return NbGraderAPI(config=config)


def assignments(course: Path) -> list[str]:
    """The names of all assignments that have a source."""
    return sorted(path.name for path in (course / "source").iterdir() if path.is_dir())


def generate(course: Path, name: str, release: Path) -> None:
    """Make the students' version of an assignment in `release`, and enter it in the gradebook."""
    api = open_course(course, release_directory=str(release))
    result = api.generate_assignment(name, force=True)
    if not _succeeded(result):
        raise AssignmentProblem(f"{name} cannot be released: {_reason(result)}")


def make_releases(course: Path) -> None:
    """Make release/ anew from source/. What cannot be made stays as it was."""
    for name in assignments(course):
        with tempfile.TemporaryDirectory() as made:
            generate(course, name, Path(made))
            # Into what is there: a student may have saved a model beside the notebook.
            shutil.copytree(Path(made) / name, course / "release" / name, dirs_exist_ok=True)
        print(f"release/{name}")


def collect(course: Path, name: str) -> None:
    """Sort what a learning platform handed over into submitted/, by its file names."""
    archive = course / "downloaded" / name / "archive"
    archive.mkdir(parents=True, exist_ok=True)
    if not any(archive.iterdir()):
        raise AssignmentProblem(
            f"there is nothing to collect. Put the files or the .zip that you downloaded into "
            f"{archive}. Names must begin with the student and an underscore, and contain the "
            f"assignment, as in ada_{name}.ipynb."
        )
    # --force: what was extracted before is extracted again
    command = [sys.executable, "-m", "nbgrader", "zip_collect", name, "--force"]
    result = subprocess.run(command, cwd=course, text=True, capture_output=True)
    lines = result.stderr.splitlines()
    if result.returncode:
        reason = lines[-1] if lines else ""
        parsed = re.findall(r"Parsing file: (.*)", result.stderr)
        if "Duplicate" in reason and parsed:
            reason = (
                f"{_below(archive, parsed[-1])} is the second of its kind from one student, or "
                "another's of the same name. Delete one of them, or rename it, and collect again."
            )
        raise AssignmentProblem(f"{name} could not be collected. {reason}")
    for path in re.findall(r"Skipped submission with no match .*?: (.*)", result.stderr):
        if "__MACOSX" not in path and ".ipynb_checkpoints" not in path:
            print(f"left out: {_below(archive, path)}. Its name must say who and which assignment.")
    students = submissions(course, name)
    print(f"{name}: {len(students)} in submitted/: {', '.join(students)}")


def _below(archive: Path, path: str) -> Path:
    """The path of an extracted file, as it was in `archive`."""
    return Path(path).relative_to(archive.parent / "extracted")


def submissions(course: Path, name: str) -> list[str]:
    """The students who have handed in `name`: the names of their folders."""
    return sorted(path.parent.name for path in (course / "submitted").glob(f"*/{name}"))


def grade(course: Path, names: list[str], again: bool) -> int:
    """Grade what is new in submitted/; return how many submissions could not be graded."""
    todo = {name: submissions(course, name) for name in names}
    if not any(todo.values()):
        raise AssignmentProblem(
            "there is nothing to grade. A submission is a file such as "
            f"submitted/ada/{names[0]}/{names[0]}.ipynb below {course}; what stands for 'ada' is "
            "the student."
        )
    problems = {}
    for name, students in todo.items():
        if not students:
            continue
        with tempfile.TemporaryDirectory() as unused:  # release/ is not touched
            generate(course, name, Path(unused))
        for student in students:
            problem = _grade_one(course, name, student, again)
            if problem:
                problems[student, name] = problem
                print(f"{name}  {student}: NOT GRADED. {problem}", flush=True)
    write_tables(course, problems)
    return len(problems)


def write_feedback(course: Path, names: list[str]) -> None:
    """Write the pages of all that is graded anew, with points and comments given by hand."""
    for name in names:
        for path in sorted((course / "autograded").glob(f"*/{name}")):
            problem = _write_pages(course, name, path.parent.name)
            if problem:
                raise AssignmentProblem(f"{name}, {path.parent.name}: {problem}")
            print(f"{name}  {path.parent.name}", flush=True)
    write_tables(course, {})


def _grade_one(course: Path, name: str, student: str, again: bool) -> str:
    """Grade and write the feedback; return why that was not possible, '' if it was."""
    submitted = course / "submitted" / student / name
    wanted = sorted(path.name for path in (course / "source" / name).glob("*.ipynb"))
    for notebook in wanted:
        if not (submitted / notebook).is_file():
            there = ", ".join(sorted(path.name for path in submitted.glob("*.ipynb")))
            if not there:
                return f"There is no notebook in {submitted}. Ask for {notebook}."
            return f"It should be called {notebook}; there is: {there}. Rename it."
        try:
            nbformat.read(submitted / notebook, as_version=4)
        except Exception as error:  # of many kinds: cut off, not JSON, not a notebook
            return f"{notebook} cannot be read as a notebook ({type(error).__name__})."
    if not again and _is_graded(course, name, student):
        return ""
    api = open_course(course)
    started = time.monotonic()
    read = _answers_read(course, name, student)
    result = api.autograde(name, student, force=True)
    if not _succeeded(result):
        return f"nbgrader stopped: {_reason(result)}"
    answers = _answers(course, name, student)
    with api.gradebook as gradebook:
        submission = gradebook.find_submission(name, student)
        for grade in _grades(submission):  # nbgrader wants all of them to be read again
            if grade.name in read and read[grade.name] == answers.get(grade.name):
                grade.needs_manual_grade = False
        gradebook.db.commit()
        score = submission.score
    problem = _write_pages(course, name, student)
    if not problem:
        print(f"{name}  {student}: {score:g}  ({time.monotonic() - started:.0f} s)", flush=True)
    return problem


def _succeeded(result: dict) -> bool:
    """Whether nbgrader did it. It swallows Ctrl-C, which is raised again here."""
    if not result["success"]:
        interrupted = result.get("error", "").rstrip().endswith("KeyboardInterrupt")
        if interrupted or "[ERROR] Canceled" in result.get("log", ""):
            raise KeyboardInterrupt
    return result["success"]


def _pages(course: Path, name: str, student: str) -> dict[Path, Path]:
    """The notebooks of a graded submission, and the page of feedback of each."""
    feedback = course / "feedback" / student / name
    notebooks = (course / "autograded" / student / name).glob("*.ipynb")
    return {path: feedback / f"{path.stem}.html" for path in notebooks}


def _is_graded(course: Path, name: str, student: str) -> bool:
    """Whether grading came to its end, with the page, after what is there was handed in."""
    files = [path.stat() for path in (course / "submitted" / student / name).rglob("*")]
    # a file out of a .zip has an old time of its own; when it came here, st_ctime says
    newest = max((max(file.st_mtime, file.st_ctime) for file in files), default=0)
    pages = _pages(course, name, student)
    return bool(pages) and all(
        page.exists() and newest <= notebook.stat().st_mtime <= page.stat().st_mtime
        for notebook, page in pages.items()
    )


def _answers(course: Path, name: str, student: str) -> dict[str, str]:
    """The answers in words of a graded submission, by the names of their cells."""
    return {
        cell.metadata.nbgrader.grade_id: cell.source
        for path in _pages(course, name, student)
        for cell in nbformat.read(path, as_version=4).cells
        if cell.metadata.get("nbgrader", {}).get("grade") and cell.metadata.nbgrader.solution
    }


def _answers_read(course: Path, name: str, student: str) -> dict[str, str]:
    """Those of them that a person has given points for."""
    with open_course(course).gradebook as gradebook:
        try:
            grades = _grades(gradebook.find_submission(name, student))
        except MissingEntry:
            return {}
        read = {g.name for g in grades if g.manual_score is not None and not g.needs_manual_grade}
    return {key: text for key, text in _answers(course, name, student).items() if key in read}


def _write_pages(course: Path, name: str, student: str) -> str:
    """Write a student's feedback; return why that was not possible, '' if it was."""
    api = open_course(course)
    result = api.generate_feedback(name, student, force=True)
    if not _succeeded(result):
        return f"nbgrader stopped: {_reason(result)}"
    with api.gradebook as gradebook:
        grades = _grades(gradebook.find_submission(name, student))
        unread = {g.name for g in grades if g.needs_manual_grade and g.manual_score is None}
    for notebook, page in _pages(course, name, student).items():
        text = page.read_text(encoding="utf-8")
        for grade_id, title in _titles(nbformat.read(notebook, as_version=4)).items():
            # nbgrader lists each as "Test cell" or "Written response", and 0 points when unread
            listed = rf'(<a href="#{grade_id}">)[^<]+(</a> \()(Score: [\d.]+)'
            score = "not read yet: 0" if grade_id in unread else r"\3"
            text = re.sub(listed, rf"\g<1>{html.escape(title)}\2{score}", text, count=1)
        page.write_text(text, encoding="utf-8")
    return ""


def _titles(notebook) -> dict[str, str]:
    """What each graded cell is called: the heading above it, or how its question begins."""
    titles, title = {}, ""
    for cell in notebook.cells:
        marked = cell.metadata.get("nbgrader", {})
        if marked.get("grade"):
            titles[marked["grade_id"]] = title or marked["grade_id"]
        elif cell.cell_type == "markdown":
            found = re.findall(r"^#+ (.+)|^\*\*(.+ points?)\.\*\*", cell.source, re.MULTILINE)
            for heading, question in found:
                title = re.sub(r"[,:] \d+ points?$", "", heading or question)
    return titles


def _reason(result: dict) -> str:
    """The last error in nbgrader's log: what its own exception says is only that there is one."""
    log = result.get("log") or result.get("error") or ""
    errors = re.findall(r"^\s*[\w.]+(?:Error|Exception|Interrupt)\b.*", log, re.MULTILINE)
    lines = errors or re.findall(r"\[ERROR\] .*", log) or log.splitlines() or ["no reason given"]
    return lines[-1].strip()


def write_tables(course: Path, problems: dict[tuple[str, str], str]) -> None:
    """Write grades.csv and mistakes.csv, of all assignments that were handed in.

    problems: by student and assignment, why a submission could not be graded just now.
    """
    write_grades(course, problems)
    write_mistakes(course)


def write_grades(course: Path, problems: dict[tuple[str, str], str]) -> None:
    """Write grades.csv: a row for every submission, with what is still to be read by hand."""
    rows = []
    with open_course(course).gradebook as gradebook:
        for name in assignments(course):
            for student in submissions(course, name):
                row = {"student": student, "assignment": name}
                row["problem"] = problems.get((student, name), "")
                if not row["problem"] and not _is_graded(course, name, student):
                    row["problem"] = "not graded yet"
                if not row["problem"]:
                    entry = gradebook.find_submission(name, student)
                    by_hand = sum(g.manual_score or 0 for g in _grades(entry))
                    row |= {"automatic": entry.score - by_hand, "by_hand": by_hand}
                    row |= {"total": entry.score, "of": entry.max_score}
                    row["to_read"] = sum(g.needs_manual_grade for g in _grades(entry))
                rows.append(row)
    columns = "student assignment automatic by_hand total of to_read problem"
    _write(course / "grades.csv", rows, columns)


def _grades(submission) -> list:
    return [grade for notebook in submission.notebooks for grade in notebook.grades]


def write_mistakes(course: Path) -> None:
    """Write mistakes.csv: how many made which known mistake, the most frequent first."""
    who = defaultdict(set)
    for name in assignments(course):
        for student in submissions(course, name):
            for path in (course / "autograded" / student / name).glob("*.ipynb"):
                for cell in nbformat.read(path, as_version=4).cells:
                    for output in cell.get("outputs", []):
                        for mistake in output.get("data", {}).get(MARKS, {}).get("mistakes", []):
                            who[name, *mistake.split(": ", 1)].add(student)
    rows = [
        {"assignment": name, "function": function, "mistake": mistake}
        | {"students": len(students), "who": " ".join(sorted(students))}
        for (name, function, mistake), students in who.items()
    ]
    rows.sort(key=lambda row: (row["assignment"], -row["students"], row["mistake"]))
    _write(course / "mistakes.csv", rows, "assignment function mistake students who")
    for row in rows:
        print(f"{row['students']:4} × {row['mistake']}, in {row['function']} ({row['assignment']})")


def _write(path: Path, rows: list[dict], columns: str) -> None:
    new = path.with_suffix(".new")
    with new.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns.split())
        writer.writeheader()
        writer.writerows(rows)
    new.replace(path)
    print(f"{path.name}: {len(rows)} {'row' if len(rows) == 1 else 'rows'}")


def main() -> int:
    parser = argparse.ArgumentParser(description="Release and grade the course's assignments.")
    parser.add_argument("--course", type=Path, default=COURSE, help="another course folder")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("release", help="make release/ from source/")
    collecting = commands.add_parser("collect", help="sort downloaded/ into submitted/")
    collecting.add_argument("name", help="the assignment")
    grading = commands.add_parser("grade", help="grade submitted/, write feedback/ and grades.csv")
    grading.add_argument("names", nargs="*", help="assignments; all, if none is named")
    grading.add_argument("--again", action="store_true", help="also what is graded already")
    writing = commands.add_parser("feedback", help="write feedback/ and grades.csv anew")
    writing.add_argument("names", nargs="*", help="assignments; all, if none is named")
    given = parser.parse_args()
    course = given.course.resolve()
    try:
        if given.command == "release":
            make_releases(course)
            return 0
        known = assignments(course)
        for name in [given.name] if given.command == "collect" else given.names:
            if name not in known:
                raise AssignmentProblem(
                    f"there is no assignment {name}; there are {', '.join(known)}."
                )
        if given.command == "collect":
            collect(course, given.name)
            return 0
        if given.command == "feedback":
            write_feedback(course, given.names or known)
            return 0
        return 1 if grade(course, given.names or known, given.again) else 0
    except KeyboardInterrupt:
        print("Stopped. What is graded stays; `make grade` goes on from there.", file=sys.stderr)
        return 130
    except AssignmentProblem as problem:
        print(problem, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
