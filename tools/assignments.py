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
import os
import re
import subprocess
import sys
import tempfile
import time
import warnings
from collections import defaultdict
from pathlib import Path

warnings.simplefilter("ignore")  # of the libraries below nbgrader, by the hundred
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
    if not result["success"]:
        raise AssignmentProblem(f"{name} cannot be released: {_reason(result)}")


def make_releases(course: Path) -> None:
    """Make release/ anew from source/."""
    for name in assignments(course):
        generate(course, name, course / "release")
        print(f"release/{name}")


def collect(course: Path, name: str) -> None:
    """Sort what a learning platform handed over into submitted/, by its file names."""
    archive = course / "downloaded" / name / "archive"
    if not archive.is_dir() or not any(archive.iterdir()):
        raise AssignmentProblem(
            f"there is nothing to collect. Put the files or the .zip that you downloaded into "
            f"{archive}. Names must begin with the student and contain the assignment, as in "
            f"ada_{name}.ipynb."
        )
    # --force: what was extracted before is extracted again
    command = [sys.executable, "-m", "nbgrader", "zip_collect", name, "--force"]
    result = subprocess.run(command, cwd=course, text=True, capture_output=True)
    lines = result.stderr.splitlines()
    if result.returncode:
        raise AssignmentProblem(f"nbgrader could not collect {name}: {lines[-1] if lines else ''}")
    skipped = [line for line in lines if "Skipped" in line]
    print(*skipped, sep="\n", end="\n" if skipped else "")
    students = submissions(course, name)
    print(f"{name}: {len(students)} in submitted/: {', '.join(students)}")


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
    api = open_course(course)
    for name in names:
        for path in sorted((course / "autograded").glob(f"*/{name}")):
            result = api.generate_feedback(name, path.parent.name, force=True)
            if not result["success"]:
                raise AssignmentProblem(f"{name}, {path.parent.name}: {_reason(result)}")
            print(f"{name}  {path.parent.name}", flush=True)
    write_tables(course, {})


def _grade_one(course: Path, name: str, student: str, again: bool) -> str:
    """Grade and write the feedback; return why that was not possible, '' if it was."""
    submitted = course / "submitted" / student / name
    pages = course / "feedback" / student / name
    wanted = sorted(path.name for path in (course / "source" / name).glob("*.ipynb"))
    for notebook in wanted:
        if not (submitted / notebook).is_file():
            there = ", ".join(sorted(p.name for p in submitted.glob("*.ipynb"))) or "no notebook"
            return f"It should be called {notebook}; there is: {there}. Rename it."
        try:
            nbformat.read(submitted / notebook, as_version=4)
        except Exception as error:  # of many kinds: cut off, not JSON, not a notebook
            return f"{notebook} cannot be read as a notebook ({type(error).__name__})."
    # The page is what is made last: where it is older or missing, grading was interrupted.
    newest = max(path.stat().st_mtime for path in submitted.rglob("*"))
    done = [pages / Path(notebook).with_suffix(".html") for notebook in wanted]
    if not again and all(page.exists() and page.stat().st_mtime >= newest for page in done):
        return ""
    api = open_course(course)
    started = time.monotonic()
    for step in (api.autograde, api.generate_feedback):
        result = step(name, student, force=True)
        if not result["success"]:
            reason = _reason(result)
            return f"nbgrader stopped: {reason}"
    with api.gradebook as gradebook:
        score = gradebook.find_submission(name, student).score
    print(f"{name}  {student}: {score:g}  ({time.monotonic() - started:.0f} s)", flush=True)
    return ""


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
                try:
                    entry = gradebook.find_submission(name, student)
                except MissingEntry:
                    row["problem"] = row["problem"] or "not graded yet"
                if not row["problem"]:
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
    except AssignmentProblem as problem:
        print(problem, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
