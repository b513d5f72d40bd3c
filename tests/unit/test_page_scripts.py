"""The page's scripts share one space of names: a second of a name stops the whole script that has it."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import homeagent.web

PAGE = Path(homeagent.web.__file__).parent / "page"


def test_no_two_scripts_of_the_page_declare_the_same_name() -> None:
    loaded = re.findall(r'<script src="/(\w+\.js)"', (PAGE / "index.html").read_text(encoding="utf-8"))
    assert {"page.js", "footprint.js"} <= set(loaded)
    names: Counter[str] = Counter()
    for script in (one for one in loaded if (PAGE / one).exists()):
        text = (PAGE / script).read_text(encoding="utf-8")
        names.update(re.findall(r"^(?:async )?(?:function|const|let|class) (\w+)", text, re.MULTILINE))
    assert [name for name, times in names.items() if times > 1] == []
