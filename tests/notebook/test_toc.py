"""The table of contents, read in its order."""

import pytest

from qkv.errors import QkvError
from qkv.notebook.toc import chapters, listed, parts

TOC = """format: jb-book
root: book/index
parts:
  - caption: A
    chapters:
      - file: chapters/02_b
        sections:
          - file: book/inside
          - url: https://example.org
      - file: chapters/01_a
  - caption: B
    chapters:
"""

NUMBERED = """format: jb-book
root: book/index
parts:
  - caption: This book
    chapters:
      - file: book/how_to_read
  - caption: I. Before
    chapters:
      - file: chapters/01_first
      - file: chapters/02_second
"""


def test_files_come_in_the_order_of_the_book(tmp_path):
    (tmp_path / "_toc.yml").write_text(TOC)
    assert listed(tmp_path) == ["book/index", "chapters/02_b", "book/inside", "chapters/01_a"]
    assert chapters(tmp_path) == ["02_b", "01_a"]


def test_an_empty_table_lists_nothing(tmp_path):
    (tmp_path / "_toc.yml").touch()
    assert listed(tmp_path) == []


def test_a_table_that_is_no_yaml_is_told_in_a_sentence(tmp_path):
    (tmp_path / "_toc.yml").write_text("parts: [a")
    with pytest.raises(QkvError, match=r"_toc\.yml cannot be read"):
        listed(tmp_path)


def test_parts_without_chapters_are_left_out(tmp_path):
    (tmp_path / "_toc.yml").write_text(TOC)
    assert parts(tmp_path) == [("A", ["02_b", "01_a"])]
    (tmp_path / "_toc.yml").write_text(NUMBERED)
    assert parts(tmp_path) == [("I. Before", ["01_first", "02_second"])]
