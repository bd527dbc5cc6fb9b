"""The first cell of a chapter that Colab opens or that is downloaded alone: it installs `qkv`.

It stands in the notebooks of the site (`_sources/`), which are downloaded, and which Colab opens.
The stored notebooks have none: who has them has the book, and running, exporting, counting and
comparing them would each have to leave it out.
"""

import json
from pathlib import Path

from qkv.notebook.files import read_notebook, write

ID = "qkv-install"
SOURCE = """#@title Install the book's package where it is missing {{display-mode: "form"}}
# This cell does nothing where the package is there.
import importlib
import importlib.metadata
import importlib.util
import subprocess
import sys

wanted = {wanted!r}
if all(importlib.util.find_spec(name) for name in ("qkv", "myst_nb")):
    have = importlib.metadata.version("qkv")
    older = "" if have == {version!r} else " (this chapter was written with {version})"
    print(f"qkv {{have}} is here{{older}}: nothing was installed.")
else:
    pip = [sys.executable, "-m", "pip", "install", "--quiet", wanted]
    done = subprocess.run(pip, capture_output=True, text=True)
    importlib.invalidate_caches()
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines() or ["pip said nothing"]
        sys.exit(f"The package qkv is missing, and {{wanted}} could not be installed: {{said[-1]}}")
    have = importlib.metadata.version("qkv")
    print(f"The package qkv was missing: version {{have}} is installed now.")
"""


def requirement(config: dict, version: str) -> str:
    """Return what pip is to install, from the settings in `_config.yml`.

    `qkv_install` (under `sphinx: config:`) if it is given, with `{version}` in it; otherwise the
    tag of the version in the repository that the launch buttons lead to.
    """
    given = config.get("sphinx", {}).get("config", {}).get("qkv_install")
    url = config.get("repository", {}).get("url", "")
    return (given or f"qkv[chapters] @ git+{url}@v{{version}}").format(version=version)


def first_cell(wanted: str, version: str) -> dict:
    """Return the cell that installs `wanted` where the package is missing, folded."""
    return {
        "cell_type": "code",
        "id": ID,
        "metadata": {"cellView": "form", "jupyter": {"source_hidden": True}},
        "execution_count": None,
        "outputs": [],
        "source": SOURCE.format(wanted=wanted, version=version).rstrip("\n"),
    }


def add_first_cells(site: Path, config: dict, version: str) -> int:
    """Put the cell into each chapter's notebook of the built `site`; return how many there are."""
    cell = first_cell(requirement(config, version), version)
    paths = sorted((site / "_sources" / "chapters").glob("*.ipynb"))
    for path in paths:
        notebook = read_notebook(path)
        notebook["cells"] = [cell, *(one for one in notebook["cells"] if one.get("id") != ID)]
        write(path, json.dumps(notebook, indent=1, ensure_ascii=False) + "\n")
    return len(paths)


def colab_address(address: str, branch: str, published: str) -> str:
    """Return the address at which Colab opens the published notebook instead of the stored one."""
    stored = f"/blob/{branch}/chapters/"
    return address.replace(stored, f"/blob/{published}/_sources/chapters/")
