"""What a failed check says, and how it looks in a notebook."""

from __future__ import annotations

import os
import textwrap

GREEN, RED, BOLD, PLAIN = "\x1b[32m", "\x1b[31m", "\x1b[1m", "\x1b[0m"
WIDTH = 96  # characters of a line, so that a notebook does not break it


def graded() -> bool:
    """Whether nbgrader is running the notebook: then nobody is told the reference's numbers."""
    return os.environ.get("NBGRADER_EXECUTION", "") in ("autograde", "validate")


class CheckFailed(AssertionError):
    """A learner's function is not right; the message says what was seen and what to try.

    check: the name of the check. mistake: id of the known mistake that was recognised, or None.
    A notebook shows the message alone, without a traceback: nothing in it happened in the
    learner's code.
    """

    def __init__(
        self,
        check: str,
        headline: str,
        parts: dict[str, str] | None = None,
        mistake: str | None = None,
    ):
        self.check, self.mistake = check, mistake
        self.headline, self.parts = headline, dict(parts or {})
        super().__init__(check, headline, self.parts, mistake)  # so that it can be pickled

    def __str__(self) -> str:
        return "\n".join(self._lines("", "", ""))

    def _lines(self, red: str, bold: str, plain: str) -> list[str]:
        lines = [f"{red}✗ {self.check}: {self.headline}{plain}"]
        for name, text in self.parts.items():
            first, *rest = str(text).split("\n")
            wrapped = textwrap.wrap(first, WIDTH - 12) or [""]
            label = f"  {bold}{name:10}{plain}"
            lines.append(label + wrapped[0])
            lines += [" " * 12 + line for line in [*wrapped[1:], *rest]]
        return lines

    def _render_traceback_(self) -> list[str]:
        """What IPython shows instead of a traceback."""
        return self._lines(RED, BOLD, PLAIN)


def passed(check: str, tried: list[str]) -> None:
    """Print the line of a check that found nothing wrong, with as much of what it tried as fits."""
    for shown in range(len(tried), 0, -1):
        more = [f"and {len(tried) - shown} more"] if shown < len(tried) else []
        line = f"✓ {check}: right. Tried: {'; '.join(tried[:shown] + more)}."
        if len(line) <= WIDTH:
            break
    print(f"{GREEN}{line}{PLAIN}")
