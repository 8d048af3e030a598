"""Multiple choice: each answer, right or wrong, is explained when it is chosen.

The questions of lesson 05 are in 05.toml beside this file. No explanation is in the notebook, or
in the browser, before its answer is chosen.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

import anywidget
import traitlets

FOLDER = Path(__file__).parent


class Quiz(anywidget.AnyWidget):
    """Questions with options to choose from; feedback follows each choice.

    name: of the quiz, which no other quiz in the notebook has. questions: a list of
    {"ask": text, "option": [{"text": …, "why": …, "right": True}, …]}, with texts in HTML; one
    option of each question is right, the others leave `right` out.
    """

    _esm = """
    function render({ model, el }) {
      const feedback = model.get("asked").map((question, q) => {
        const set = document.createElement("fieldset");
        const ask = document.createElement("legend");
        ask.innerHTML = `${q + 1}. ${question.ask}`;
        set.append(ask);
        question.options.forEach((text, o) => {
          const label = document.createElement("label");
          const radio = document.createElement("input");
          radio.type = "radio";
          radio.name = `${model.get("name")}-${q}`;
          radio.checked = model.get("chosen")[q] === o;
          radio.addEventListener("change", () => {
            const chosen = [...model.get("chosen")];
            chosen[q] = o;
            model.set("chosen", chosen);
            model.save_changes();
          });
          const words = document.createElement("span");
          words.innerHTML = text;
          label.append(radio, words);
          set.append(label);
        });
        const answer = document.createElement("div");
        answer.setAttribute("role", "status");
        set.append(answer);
        el.append(set);
        return answer;
      });
      const show = () => model.get("feedback").forEach((text, q) => {
        feedback[q].innerHTML = text;
        feedback[q].className = text.startsWith("✓") ? "right" : text ? "wrong" : "";
      });
      model.on("change:feedback", show);
      show();
    }
    export default { render };
    """
    _css = """
    .cnn-quiz fieldset { border: 1px solid #bbb; border-radius: 6px; margin: 0 0 0.8em;
      padding: 0.3em 1em 0.6em; max-width: 52em; line-height: 1.45; }
    .cnn-quiz legend { font-weight: bold; padding: 0.2em 0; float: left; width: 100%; }
    .cnn-quiz legend + label { clear: both; }
    .cnn-quiz label { display: flex; gap: 0.6em; align-items: baseline; padding: 0.15em 0;
      cursor: pointer; }
    .cnn-quiz input { margin: 0; flex: none; }
    .cnn-quiz code { font-family: var(--jp-code-font-family, monospace); font-size: 0.93em;
      background: rgba(128, 128, 128, 0.15); padding: 0 0.25em; border-radius: 3px; }
    .cnn-quiz .right, .cnn-quiz .wrong { margin-top: 0.4em; padding: 0.4em 0.8em;
      border-left: 4px solid; color: #111; }
    .cnn-quiz .right { border-color: #009e73; background: #e3f4ee; }
    .cnn-quiz .wrong { border-color: #d55e00; background: #fbeadf; }
    """
    name = traitlets.Unicode().tag(sync=True)
    asked = traitlets.List().tag(sync=True)
    chosen = traitlets.List().tag(sync=True)  # for each question the option's number, or None
    feedback = traitlets.List().tag(sync=True)

    def __init__(self, name: str, questions: list[dict]):
        self.questions = questions
        asked = [
            {"ask": question["ask"], "options": [option["text"] for option in question["option"]]}
            for question in questions
        ]
        nothing = [None] * len(questions)
        super().__init__(name=name, asked=asked, chosen=nothing, feedback=[""] * len(questions))
        self.add_class("cnn-quiz")
        self.observe(self._answer, "chosen")

    def _answer(self, change) -> None:
        self.feedback = [
            "" if chosen is None else verdict(question["option"][chosen])
            for question, chosen in zip(self.questions, change["new"], strict=True)
        ]

    def __repr__(self):
        return f"<Quiz {self.name}>"

    def _repr_mimebundle_(self, **kwargs):
        """Add the questions as text, without answers: a saved notebook has no kernel."""
        lines = []
        for number, question in enumerate(self.asked, 1):
            lines.append(f"**{number}. {question['ask']}**\n")
            lines += [f"- {text}" for text in question["options"]] + [""]
        bundle = super()._repr_mimebundle_(**kwargs)
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
        return {**data, "text/plain": repr(self), "text/markdown": "\n".join(lines)}, metadata


def verdict(option: dict) -> str:
    """Return the feedback for the choice of this option, in HTML."""
    return f"✓ Right. {option['why']}" if option.get("right") else f"✗ Not so. {option['why']}"


def quiz(lesson: str, part: str = "quiz") -> Quiz:
    """Make the quiz of a lesson, such as '05', or of another part of its file, such as 'bug'.

    Raises ValueError where there is no such quiz.
    """
    parts = read(lesson)
    if part not in parts:
        raise ValueError(f"lesson {lesson} has no quiz {part!r}; it has: {', '.join(parts)}.")
    return Quiz(f"{lesson}-{part}", parts[part])


def read(lesson: str) -> dict[str, list[dict]]:
    """Read the questions of a lesson, such as '05', by part.

    Raises ValueError, which lists the lessons with quizzes, where there is none for this one.
    """
    path = FOLDER / f"{lesson}.toml"
    if not path.is_file():
        there = ", ".join(sorted(p.stem for p in FOLDER.glob("*.toml")))
        raise ValueError(f"there is no quiz for lesson {lesson!r}; there are: {there}.")
    return tomllib.loads(path.read_text(encoding="utf-8"))
