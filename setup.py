"""What pyproject.toml cannot say: the wheel also carries what a chapter reads beside its code.

A chapter asks its question bank and reads the results of studies; both lie beside the package,
where authors edit them. In the wheel they lie in `qkv/` as in the book (`qkv/_toc.yml`,
`qkv/chapters/quiz`, `qkv/studies/results`), so that `qkv.paths.root` finds them where there is no
book. An editable installation has the book and needs no copy.
"""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

BOOK = Path(__file__).parent
READ = ["_toc.yml", "chapters/quiz/*.txt", "studies/results/*.json"]


class WithBook(build_py):
    """Copies the files of `READ` into the package that is built."""

    def run(self):
        """Build as always, and copy."""
        super().run()
        if self.editable_mode:
            return
        for path in (path for pattern in READ for path in sorted(BOOK.glob(pattern))):
            target = Path(self.build_lib) / "qkv" / path.relative_to(BOOK)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)


setup(cmdclass={"build_py": WithBook})
