"""Which homeagent this is. A version alone does not say it: between two releases the code changes."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

import homeagent

CODE = ("*.py", "*.yaml")


@cache
def build_id() -> str:
    """Return the version with a hash of the package's code and data: the same here and there, the same results."""
    root = Path(homeagent.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(found for pattern in CODE for found in root.rglob(pattern)):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(root).as_posix()} {len(content)}\n".encode())
        digest.update(content)
    return f"{homeagent.__version__}+{digest.hexdigest()[:12]}"
