"""How nbgrader works on this course: read by `nbgrader`, by `make grade` and by JupyterLab."""

import os
import sys
from pathlib import Path

from nbconvert.preprocessors import CSSHTMLHeaderPreprocessor
from nbgrader.preprocessors import ClearHiddenTests, GetGrades
from nbgrader.utils import is_grade, is_solution


class HideTests(ClearHiddenTests):
    """Take hidden tests out of what a student gets back: nbgrader itself leaves them in."""

    def preprocess_cell(self, cell, resources, index):
        cell, resources = super().preprocess_cell(cell, resources, index)
        if cell.cell_type == "code" and is_grade(cell) and not is_solution(cell):
            for output in cell.outputs:
                if output.output_type == "error":  # a traceback quotes the lines around it
                    output.traceback = [f"{output.ename}: {output.evalue}"]
        return cell, resources


# nbgrader calls a program of its environment by name, also where that was not activated.
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])

c = get_config()  # noqa: F821  (traitlets puts it there)
c.CourseDirectory.root = str(Path(__file__).resolve().parent)
c.CourseDirectory.course_id = "cnn"
# The model solution's model.h5 lies in source/project/. It must not be released and, when grading,
# not be copied over a student's own, as nbgrader does with other files. It writes the path so.
MODEL_SOLUTIONS = os.path.join(c.CourseDirectory.root, "source", ".", "*", "model.h5")
c.CourseDirectory.ignore.append(MODEL_SOLUTIONS)
c.ClearSolutions.code_stub = {"python": "# YOUR CODE HERE\nraise NotImplementedError()"}
c.ClearSolutions.text_stub = "YOUR ANSWER HERE"
c.Execute.timeout = 120  # seconds for one cell; a checked function is stopped after 10
c.Execute.coalesce_streams = True  # what is printed piece by piece stays together
c.LimitOutput.max_lines = 300
c.OverwriteCells.add_missing_cells = True  # a check that was deleted comes back
c.GenerateFeedback.preprocessors = [GetGrades, HideTests, CSSHTMLHeaderPreprocessor]

# Files as learning platforms hand them over: ada_a1_convolution_forward.ipynb, or a folder of
# Moodle's, "Ada Lovelace_4711_assignsubmission_file_/", with anything like "my
# a1_convolution_forward (1).ipynb" in it. Before the first _ of the one or the other stands who.
NAMES = "|".join(sorted(path.name for path in (Path(c.CourseDirectory.root) / "source").iterdir()))
c.FileNameCollectorPlugin.named_regexp = (
    r".*[/\\]extracted[/\\](?!.*(?:__MACOSX|\.ipynb_checkpoints))"  # what systems add by themselves
    r"(?:(?:(?!_assignsubmission_).)*[/\\])?(?P<student_id>[^/\\_]+)_.*?"
    rf"(?P<file_id>(?:{NAMES})(?=[^/\\]*ipynb$)|model(?=[^/\\]*h5$))(?:[-_ (.][^/\\]*)?\.\w+$"
)
c.FileNameCollectorPlugin.valid_ext = [".ipynb", ".h5"]
