"""The landing page lists what the table of contents lists."""

import json

from qkv.publish.contents import entry


def notebook(folder, name, text, about):
    cells = [{"cell_type": "markdown", "metadata": {}, "source": text}]
    content = {"cells": cells, "metadata": {"qkv": {"about": about}}}
    path = folder / "chapters" / f"{name}.ipynb"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({**content, "nbformat": 4, "nbformat_minor": 5}))


def test_a_chapter_is_told_by_number_title_what_it_is_about_and_time(tmp_path):
    notebook(
        tmp_path, "02_second", "# The *second*\n\n> **Reading time:** about 40 minutes.", "Two."
    )
    line = entry(tmp_path, "02_second")
    assert line.startswith("2. **[The *second*](../chapters/02_second).** Two.")
    assert line.endswith("*40 minutes.*")


def test_a_chapter_that_says_nothing_of_itself_still_has_its_title(tmp_path):
    notebook(tmp_path, "01_first", "# First", "")
    assert entry(tmp_path, "01_first") == "1. **[First](../chapters/01_first).** "
