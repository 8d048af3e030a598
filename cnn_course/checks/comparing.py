"""Two arrays that should be equal and are not: what does one look like, seen from the other?

Used where none of the known mistakes fits. Every finding is a sentence about the learner's array.
"""

from __future__ import annotations

import numpy as np


def close(found, expected) -> bool:
    """Whether two arrays are equal up to rounding (not a number equals not a number).

    The tolerance goes with the size of the expected numbers and with the coarser dtype of the two.
    """
    found, expected = np.asarray(found), np.asarray(expected)
    if found.shape != expected.shape or found.dtype.kind not in "biuf":
        return False
    if found.size == 0:
        return True
    single = np.float32 in (found.dtype, expected.dtype)
    finite = np.abs(expected[np.isfinite(expected)]) if expected.dtype.kind == "f" else expected
    scale = max(1e-300, float(np.max(np.abs(finite), initial=0)))
    tolerance = 1e-4 if single else 1e-8
    return bool(
        np.allclose(found, expected, rtol=tolerance, atol=tolerance * scale, equal_nan=True)
    )


def describe(found, expected) -> str:
    """Say in a sentence or two how `found` differs from `expected`; both real arrays."""
    found, expected = np.asarray(found), np.asarray(expected)
    if found.shape != expected.shape:
        return _about_shape(found, expected)
    if not np.all(np.isfinite(found)):
        bad = int(np.sum(~np.isfinite(found)))
        return (
            f"{bad} of its {found.size} numbers are nan or inf: look for 0 / 0, the logarithm of 0 "
            "or an exponential that is too large."
        )
    if not np.any(found):
        return "every number in it is 0: is the result ever filled?"
    if found.ndim == 0 and expected.dtype.kind in "iu":
        return f"it is {found}, which is too {'small' if found < expected else 'large'}."
    for look in (_ratio, _offset, _signs, _order):
        sentence = look(found, expected)
        if sentence:
            return sentence
    return _where(found, expected)


def _about_shape(found, expected) -> str:
    text = f"its shape is {found.shape}, it should be {expected.shape}."
    longer = [tuple(n for n in shape if n != 1) for shape in (found.shape, expected.shape)]
    if longer[0] == longer[1] and found.ndim != expected.ndim:
        if found.ndim < expected.ndim:
            return f"{text} In it, an axis of length 1 is missing."
        return f"{text} It has an axis of length 1 too many."
    if found.size == expected.size:
        return (
            text + " The number of entries is right: the axes are in another order or were joined."
        )
    if found.ndim == expected.ndim:
        axes = [i for i in range(found.ndim) if found.shape[i] != expected.shape[i]]
        return (
            text
            + f" Only axis {' and '.join(map(str, axes))} differ"
            + ("s." if len(axes) == 1 else ".")
        )
    return text + f" It has {found.ndim} axes instead of {expected.ndim}."


def _ratio(found, expected) -> str:
    """One factor everywhere?"""
    if not np.any(expected):
        return ""
    factor = float(np.vdot(expected, found) / np.vdot(expected, expected))
    if abs(factor - 1) < 1e-6:
        return ""  # nearly right
    if factor and close(found, factor * np.asarray(expected, float)):
        if np.isclose(factor, -1):
            return "it is the right array with the sign changed."
        if np.isclose(factor, 1):
            return ""
        inverse = 1 / factor
        shown = f"{factor:.4g}"
        if abs(inverse - round(inverse)) < 1e-6 and abs(inverse) > 1:
            shown = f"1/{round(inverse)}"
        which = "it" if found.size == 1 else "every number"
        return f"{which} is {shown} times what it should be."
    return ""


def _offset(found, expected) -> str:
    """The same number added everywhere?"""
    difference = found.astype(float) - expected
    if close(difference, np.full(difference.shape, difference.flat[0])) and difference.size > 1:
        return f"every number is too large by the same {difference.flat[0]:.4g}."
    return ""


def _signs(found, expected) -> str:
    """The right numbers, but for their signs?"""
    if found.size > 1 and close(np.abs(found), np.abs(expected)):
        return "but for their signs, all its numbers are right."
    return ""


def _order(found, expected) -> str:
    """The right numbers in another order?"""
    if found.ndim >= 2:
        turns = {
            f"with the order of axis {axis} reversed": np.flip(expected, axis)
            for axis in range(expected.ndim)
        }
        turns["turned by 180° in its first two axes"] = expected[::-1, ::-1]
        for axes in [(0, 1), (1, 2), (2, 3), (-2, -1)]:
            if max(axes) < found.ndim and found.ndim > 1:
                turns[f"with the axes {axes[0]} and {axes[1]} exchanged"] = expected.swapaxes(*axes)
        for words, other in turns.items():
            if close(found, other):
                return f"it is the right array, {words}."
    if found.size > 1 and close(np.sort(found, axis=None), np.sort(expected, axis=None)):
        return "all the right numbers are in it, in the wrong places."
    return ""


def _where(found, expected) -> str:
    """How much is right, and where is the first number that is not?"""
    scale = max(1e-300, float(np.max(np.abs(expected))))
    wrong = np.abs(found - expected) > 1e-6 * scale
    if not wrong.any():
        return "its numbers are nearly right: an approximation, or a small constant too many?"
    first = [int(i) for i in np.argwhere(wrong)[0]]
    text = f"{int(wrong.sum())} of its {found.size} numbers are wrong, the first at {first}"
    text += f" (you have {found[tuple(first)] + 0.0:.4g})." if found.ndim else "."
    for axis in range(found.ndim):
        bad = np.flatnonzero(wrong.any(axis=tuple(k for k in range(found.ndim) if k != axis)))
        if len(bad) < found.shape[axis] > 2:
            text += f" They are all at index {' and '.join(map(str, bad))} of axis {axis}."
    missing = wrong & (found == 0)
    if missing.sum() == wrong.sum():
        text += " All of the wrong ones are 0: part of the array is never reached."
    if not wrong.all() and close(found.sum(), expected.sum()):
        text += " Their sum is right, so nothing is lost: it arrives in the wrong places."
    return text
