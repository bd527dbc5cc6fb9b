"""The fast core of the attack suite; the whole of it is `python -m tests.grade.attacks`."""

import pytest
from tests.grade.attacks.arena import NAMES, attack, kind

CORE = [
    "liar", "judge_of_itself", "own_module", "patch_numpy",
    "subclasses", "forge_ahead", "forge_code", "forge_truth", "os_exit",
    "kill_all", "fork_bomb", "loop_in_function", "read_course", "read_hidden_inputs",
    "write_everywhere", "daemon", "connect_home", "mime_output", "error_output", "deep",
    "rubbish_cells", "a_pipe", "link_to_folder", "points_raised", "tests_copied", "copied_cell",
    "markdown_fence", "leave_files", "find_files",
]  # fmt: skip


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    return attack(tmp_path_factory.mktemp("attacked"), CORE)


@pytest.mark.parametrize("name", CORE)
def test_an_attack_achieves_nothing(found, name):
    assert found[name] == []


def test_the_core_has_an_attack_of_every_class():
    assert {kind(name) for name in CORE} == {kind(name) for name in NAMES}
