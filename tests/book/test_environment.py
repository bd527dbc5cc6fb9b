"""One set of versions: pyproject.toml, constraints.txt and environment.yml agree."""

import re
import tomllib

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from qkv.paths import root

PROJECT = tomllib.loads((root() / "pyproject.toml").read_text())["project"]
PINS = {
    canonicalize_name(name): version
    for name, version in re.findall(
        r"^([A-Za-z0-9._-]+)==(\S+)$", (root() / "constraints.txt").read_text(), re.MULTILINE
    )
}
EXTRAS = PROJECT["optional-dependencies"]
WANTED = [
    Requirement(text)
    for text in [
        *PROJECT["dependencies"],
        *(text for extra in EXTRAS if extra != "hub" for text in EXTRAS[extra]),
    ]
]


@pytest.mark.parametrize("wanted", WANTED, ids=lambda wanted: wanted.name)
def test_every_requirement_has_a_pin_that_satisfies_it(wanted):
    pin = PINS.get(canonicalize_name(wanted.name))
    assert pin, f"{wanted.name} has no line in constraints.txt"
    assert wanted.specifier.contains(pin), f"{wanted} does not allow {pin}"


def test_every_line_of_the_constraints_is_one_exact_version():
    lines = (root() / "constraints.txt").read_text().splitlines()
    wrong = [t for t in lines if t and not re.fullmatch(r"#.*|[A-Za-z0-9._-]+==[0-9][\w.]*", t)]
    assert not wrong


def test_conda_and_binder_get_the_same_versions_through_the_same_files():
    environment = yaml.safe_load((root() / "environment.yml").read_text())
    (pip,) = (part["pip"] for part in environment["dependencies"] if isinstance(part, dict))
    assert "--constraint constraints.txt" in pip
    (editable,) = (line for line in pip if line.startswith("--editable"))
    extras = set(re.search(r"\[(.*)\]", editable)[1].split(","))
    assert {"book", "grade"} <= extras <= set(EXTRAS)
    (python,) = (d for d in environment["dependencies"] if str(d).startswith("python="))
    assert Requirement(f"python{PROJECT['requires-python']}").specifier.contains(
        python.split("=")[1]
    )


def test_torch_is_pinned_for_ci_and_open_for_readers():
    assert PINS["torch"] == "2.13.0"
    (torch,) = (wanted for wanted in WANTED if wanted.name == "torch")
    assert torch.specifier.contains("3.0")
