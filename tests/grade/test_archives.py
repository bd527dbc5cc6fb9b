"""Folders and zip files are read within bounds, whatever is in them."""

import datetime
import os
import struct
import subprocess
import sys
import zipfile
from zoneinfo import ZoneInfo

import pytest

from qkv.grade import archives
from qkv.grade.archives import look_through
from qkv.grade.intake import MAX_FILE, UnreadableError

BERLIN = ZoneInfo("Europe/Berlin")
METHODS = {
    "stored": zipfile.ZIP_STORED,
    "deflate": zipfile.ZIP_DEFLATED,
    "bzip2": zipfile.ZIP_BZIP2,
    "lzma": zipfile.ZIP_LZMA,
}


def only(source, zone=None):
    found = look_through(source, zone)
    assert len(found) == 1
    return found[0]


def write_zip(path, data, method=zipfile.ZIP_DEFLATED, name="ada/a.ipynb", when=None):
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr(zipfile.ZipInfo(name, when or (2026, 1, 2, 3, 4, 6)), data, method)
    return path


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("size", [0, 1, 70_000, 3_000_000])
def test_each_method_gives_the_bytes_back(tmp_path, method, size):
    data = (os.urandom(size // 2) + b"\0" * size)[:size]
    assert only(write_zip(tmp_path / "in.zip", data, METHODS[method])).read() == data


@pytest.mark.parametrize("method", METHODS)
def test_a_member_that_is_too_large_is_refused_by_each_method(tmp_path, method):
    path = write_zip(tmp_path / "in.zip", b"\0" * (MAX_FILE + 1), METHODS[method])
    with pytest.raises(UnreadableError, match="larger than 20 MB"):
        only(path).read()


@pytest.mark.parametrize("method", ["deflate", "bzip2", "lzma"])
def test_kilobytes_never_become_gigabytes(tmp_path, method):
    packed = zipfile.ZipFile(tmp_path / "in.zip", "w", METHODS[method])
    with packed as archive, archive.open("ada/a.ipynb", "w") as member:
        for _ in range(400):
            member.write(b"\0" * 2**20)
    script = (
        "import resource, sys; from pathlib import Path\n"
        "from qkv.grade.archives import look_through\n"
        "from qkv.grade.intake import UnreadableError\n"
        "found = look_through(Path(sys.argv[1]))\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "try: found[0].read()\n"
        "except UnreadableError as error: print(error)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "in.zip")]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert "larger than 20 MB" in said[0]
    assert int(said[1]) < 150_000  # kB


def test_a_method_that_is_not_known_is_named(tmp_path):
    path = write_zip(tmp_path / "in.zip", b"x" * 100)
    data = path.read_bytes()
    central = data.index(b"PK\x01\x02") + 10
    path.write_bytes(data[:central] + struct.pack("<H", 9) + data[central + 2 :])
    with pytest.raises(UnreadableError, match="Deflate64"):
        only(path).read()


def test_an_lzma_member_cannot_ask_for_gigabytes_of_memory(tmp_path):
    path = write_zip(tmp_path / "in.zip", b"x" * 100, zipfile.ZIP_LZMA)
    data = path.read_bytes()
    at = data.index(b"ada/a.ipynb") + len("ada/a.ipynb") + 5
    path.write_bytes(data[:at] + struct.pack("<I", 2**32 - 1) + data[at + 4 :])
    with pytest.raises(UnreadableError, match="too much memory"):
        only(path).read()


@pytest.mark.parametrize("method", METHODS)
def test_a_damaged_member_is_a_sentence(tmp_path, method):
    path = write_zip(tmp_path / "in.zip", os.urandom(5000), METHODS[method])
    data = bytearray(path.read_bytes())
    data[2000:2100] = bytes(100)
    path.write_bytes(data)
    with pytest.raises(UnreadableError, match=r"damaged|cannot be unpacked"):
        only(path).read()


def test_a_locked_member_is_a_sentence(tmp_path):
    path = write_zip(tmp_path / "in.zip", b"secret")
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    with pytest.raises(UnreadableError, match="password"):
        only(path).read()


def test_packing_and_unpacking_leave_the_time_as_it_was(tmp_path):
    """The clock on the wall in a zip is read in the class's zone, winter and summer."""
    for month, hour in ((1, 2), (7, 1)):
        path = write_zip(tmp_path / "in.zip", b"x", when=(2026, month, 2, 3, 4, 6))
        want = datetime.datetime(2026, month, 2, hour, 4, 6, tzinfo=datetime.UTC)
        assert only(path, BERLIN).when == want.timestamp()


def test_the_exact_time_of_a_member_is_preferred(tmp_path):
    info = zipfile.ZipInfo("ada/a.ipynb", (2026, 1, 2, 3, 4, 6))
    info.extra = struct.pack("<HHBi", 0x5455, 5, 1, 1_700_000_000)
    with zipfile.ZipFile(tmp_path / "in.zip", "w") as archive:
        archive.writestr(info, "x")
    assert only(tmp_path / "in.zip", BERLIN).when == 1_700_000_000


def test_a_member_without_a_time_has_none(tmp_path):
    assert only(write_zip(tmp_path / "in.zip", b"x", when=(1980, 1, 1, 0, 0, 0))).when is None


def test_folders_that_hold_nothing_are_named(tmp_path):
    (tmp_path / "in" / "ada").mkdir(parents=True)
    (tmp_path / "in" / "bo" / "a.ipynb").mkdir(parents=True)
    (tmp_path / "in" / "__MACOSX").mkdir()
    (tmp_path / "in" / ".cy").mkdir()
    (tmp_path / "in" / ".cy" / "a.ipynb").write_text("x")
    said = {found.path: found.why_not for found in look_through(tmp_path / "in")}
    assert said["ada"] == "an empty folder"
    assert said["__MACOSX"] == "a program's own folder or file"
    assert said[".cy/a.ipynb"] == ""
    assert "bo/a.ipynb" in said
    with zipfile.ZipFile(tmp_path / "in.zip", "w") as archive:
        for name in ("ada/", "bo/a.ipynb/", ".cy/a.ipynb", "__MACOSX/._a", "__MACOSX/b"):
            archive.writestr(name, "")
    assert {found.path for found in look_through(tmp_path / "in.zip")} == said.keys()


def test_many_files_of_one_folder_leave_room_for_the_others(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "MAX_BELOW", [1000, 20])
    monkeypatch.setattr(archives, "MAX_BELOW_DEEPER", 10)
    for n in range(30):
        (tmp_path / "in" / "mal" / str(n % 3)).mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / "mal" / str(n % 3) / f"{n}.ipynb").write_text("x")
    for name in ("ada", "zoe"):
        (tmp_path / "in" / name).mkdir()
        (tmp_path / "in" / name / "a.ipynb").write_text("x")
    found = look_through(tmp_path / "in")
    assert {"ada/a.ipynb", "zoe/a.ipynb"} <= {f.path for f in found if not f.why_not}
    assert any("holds more than" in f.why_not for f in found if f.parts[0] == "mal")


def test_folders_in_folders_end(tmp_path):
    deep = tmp_path / "in" / "/".join("d" * 30)
    deep.mkdir(parents=True)
    (deep / "a.ipynb").write_text("x")
    assert "deeper than" in only(tmp_path / "in").why_not
