"""Known mistakes: a right answer with one or a few edits, and what to say about it.

The mistakes of an exercise are data, in bank/NAME.toml. One looks like this:

    [[mistake]]
    id = "kernel-turned"
    edits = [["w[u, v, c, f]", "w[K_h - 1 - u, K_w - 1 - v, c, f]"]]
    seen = "your z is what the filters turned by 180° give."
    why = "that is true convolution; the layer computes cross-correlation."
    read = "lesson 01, section 4: convolution turns the kernel"
    try = '''
    print(fn(x, w, np.zeros(1), 1, 0))'''

id: short and permanent; reports to instructors use it.
edits: pairs of an old and a new fragment, applied one after the other; the old one must occur in
    the source exactly once. `everywhere` has pairs too, which replace every occurrence (at least
    one); they are applied after `edits`.
of: the right answer that is edited, a function of the exercise's module; the reference if left out.
variants: further lists of edits of the same answer that make the same mistake in another place. In
    other code, or with `everywhere`, a variant is a table that has its own `of` and edits.
seen: what the learner's result looks like, "your dw …". why: one sentence on why that happens.
read: lesson and section; if left out, the exercise's own. try: at most three lines of code that
    show the mistake, in which `fn` is the learner's function; if left out, the `try` at the top of
    the file.
by_shape: true for a mistake about sizes. It may be named where the shapes are those of the wrong
    function, whatever the numbers are.
"""

from __future__ import annotations

import inspect
import textwrap
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

FOLDER = Path(__file__).parent / "bank"
KEYS = {"id", "of", "edits", "everywhere", "variants", "seen", "why", "read", "try", "by_shape"}


@dataclass(frozen=True, eq=False)
class Mistake:
    """One way to be wrong: the edits of `base` that make it, and its sentences (see above).

    Several may share an id: they are variants of one mistake.
    """

    id: str
    base: Callable
    edits: tuple[tuple[str, str], ...]
    seen: str
    why: str
    read: str
    experiment: str
    everywhere: tuple[tuple[str, str], ...] = ()
    by_shape: bool = False

    @cached_property
    def source(self) -> str:
        """The wrong function's source. ValueError: an old fragment does not occur as it must."""
        source = textwrap.dedent(inspect.getsource(self.base))
        for old, new in self.edits:
            if source.count(old) != 1:
                raise ValueError(
                    f"{self.id}: {old!r} must occur exactly once in {self.base.__name__}, it "
                    f"occurs {source.count(old)} times. The source so far:\n{source}"
                )
            source = source.replace(old, new)
        for old, new in self.everywhere:
            if old not in source:
                raise ValueError(f"{self.id}: {old!r} does not occur in:\n{source}")
            source = source.replace(old, new)
        return source

    @cached_property
    def wrong(self) -> Callable:
        """The wrong function; it sees the names of the module of `base`."""
        names = dict(vars(inspect.getmodule(self.base)))
        exec(compile(self.source, f"<{self.id}>", "exec"), names)
        return names[self.base.__name__]


@cache
def read_bank(name: str, reference: Callable, read: str) -> tuple[Mistake, ...]:
    """Read the known mistakes of the exercise `name` from its file; none if there is no file.

    reference: what is edited, and read: what to read, where a mistake says nothing else.
    ValueError: an entry has a key that is not known, or lacks one.
    """
    path = FOLDER / f"{name}.toml"
    if not path.exists():
        return ()
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    module = vars(inspect.getmodule(reference))
    mistakes = []
    for entry in table["mistake"]:
        if not {"id", "seen", "why"} <= entry.keys() <= KEYS:
            raise ValueError(f"{path.name}: the keys of {entry} are not those of a mistake.")
        said = {
            "seen": entry["seen"],
            "why": entry["why"],
            "read": entry.get("read", read),
            "experiment": entry.get("try", table.get("try", "")).strip("\n"),
            "by_shape": entry.get("by_shape", False),
        }
        for variant in (entry, *entry.get("variants", ())):
            if isinstance(variant, list):
                variant = {"edits": variant, "of": entry.get("of")}
            base = variant.get("of")
            mistakes.append(
                Mistake(
                    entry["id"],
                    module[base] if base else reference,
                    tuple(map(tuple, variant.get("edits", ()))),
                    everywhere=tuple(map(tuple, variant.get("everywhere", ()))),
                    **said,
                )
            )
    return tuple(mistakes)
