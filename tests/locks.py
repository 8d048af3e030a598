"""Read the lock files: the tests of the pins and of the set-up compare with them."""

import re
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent


def pins(name: str) -> dict[str, tuple]:
    """Return {package: (version, marker or None, hashes)} of a lock; AssertionError if unpinned."""
    text = (ROOT / name).read_text(encoding="utf-8").replace("\\\n", " ")
    found = {}
    for line in text.splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        hashes = set(re.findall(r"--hash=sha256:([0-9a-f]{64})(?:\s|$)", line))
        requirement = Requirement(line.split(" --hash")[0])
        versions = list(requirement.specifier)
        assert len(versions) == 1 and versions[0].operator == "==", f"not pinned: {line[:80]}"
        assert hashes, f"without hash: {requirement.name}"
        assert requirement.name not in found, f"twice: {requirement.name}"
        found[requirement.name] = (versions[0].version, requirement.marker, hashes)
    return found
