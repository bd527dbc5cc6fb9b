"""Read what was handed in, from a folder or a zip file, within bounds and following no link.

Nothing is unpacked to the disk. A member of a zip file is unpacked in pieces, so that three
kilobytes cannot become gigabytes, whatever the method it was packed by.
"""

import bz2
import contextlib
import datetime
import lzma
import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

from qkv.errors import QkvError
from qkv.grade.intake import MAX_FILE, UnreadableError, read_file

MAX_MEMBERS = 1_000_000
MAX_DEPTH = 12
# Files below a folder at this depth: what is one student's must not use up the others' room.
MAX_BELOW = [MAX_MEMBERS, 400_000, 100_000, 40_000]
MAX_BELOW_DEEPER = 10_000
MAX_DICTIONARY = 64 * 2**20
JUNK = {"__MACOSX", "__pycache__", ".git", ".svn", ".Trash", ".idea", ".vscode", ".DS_Store"}
METHODS = {
    9: "Deflate64", 1: "Shrink", 6: "Implode", 19: "LZ77", 93: "Zstandard", 95: "XZ", 98: "PPMd"
}  # fmt: skip


@dataclass(frozen=True)
class Found:
    """Something in a source: its path there, its time, and how to read its bytes.

    when: seconds since 1970, or None where the archive carries no time
    owner: the user's number, where it is a file of this machine
    why_not: the reason why it is not read, if there is one
    """

    parts: tuple[str, ...]
    when: float | None
    read: Callable[[], bytes]
    owner: int | None = None
    changed: float = 0.0
    why_not: str = ""

    @property
    def path(self) -> str:
        """The path in the source, as text."""
        return "/".join(self.parts)


def _nothing() -> bytes:
    raise UnreadableError("there is nothing to read")


def look_through(source: Path, zone: datetime.tzinfo | None = None) -> list[Found]:
    """Return all files of a folder or zip file, and the folders that say something by themselves.

    zone: that of a zip file's times, which have none; this machine's by default
    Raises `QkvError` for what is neither, and `QkvError` for what is not there.
    """
    if source.is_symlink() or not source.exists():
        raise QkvError(f"{source} does not exist (or is a link)")
    if source.is_dir():
        return list(_folder(source, (), [[0]]))
    if zipfile.is_zipfile(source):
        return list(_zip(source, zone))
    raise QkvError(f"{source} is neither a folder nor a zip file")


def _folder(top: Path, at: tuple[str, ...], counts: list[list[int]]) -> Iterator[Found]:
    """Walk through a folder; `counts` holds how many files were met below each open folder."""
    try:
        entries = os.scandir(top.joinpath(*at))
    except OSError as error:
        yield Found(at, None, _nothing, why_not=f"the folder cannot be opened ({error.strerror})")
        return
    empty = True
    with entries:
        for entry in entries if at else sorted(entries, key=lambda e: e.name):
            empty, path = False, (*at, entry.name)
            if len(path) > MAX_DEPTH:
                yield Found(at, None, _nothing, why_not=f"lies deeper than {MAX_DEPTH} folders")
                return
            for count in counts:
                count[0] += 1
            if full := _full(counts):
                yield Found(at, None, _nothing, why_not=full)
                return
            if entry.name in JUNK:
                yield Found(path, None, _nothing, why_not="a program's own folder or file")
            elif entry.is_dir(follow_symlinks=False) and not _junction(entry):
                yield from _named_like_a_notebook(path)
                yield from _folder(top, path, [*counts, [0]])
            else:
                yield _file(top, path, entry)
    if empty and at:
        yield Found(at, None, _nothing, why_not="an empty folder")


def _full(counts: list[list[int]]) -> str:
    """Say so if this folder, or one that it lies in, holds more than may be looked at."""
    for depth, (count,) in enumerate(counts):
        most = MAX_BELOW[depth] if depth < len(MAX_BELOW) else MAX_BELOW_DEEPER
        if count > most:
            return f"holds more than {most} files; the rest was not looked at"
    return ""


def _junction(entry: os.DirEntry[str]) -> bool:
    return bool(getattr(os.path, "isjunction", lambda path: False)(entry.path))


def _named_like_a_notebook(path: tuple[str, ...]) -> Iterator[Found]:
    if path[-1].lower().endswith(".ipynb"):
        yield Found(path, None, _nothing, why_not="a folder that is named like a notebook")


def _file(top: Path, path: tuple[str, ...], entry: os.DirEntry[str]) -> Found:
    try:
        info = entry.stat(follow_symlinks=False)
    except OSError as error:
        return Found(path, None, _nothing, why_not=f"it cannot be read ({error.strerror})")
    why_not = "" if stat.S_ISREG(info.st_mode) else "a link or no regular file; it is not followed"
    read = partial(read_file, top, *path)
    return Found(path, info.st_mtime, read, info.st_uid, info.st_ctime, why_not)


def _zip(path: Path, zone: datetime.tzinfo | None) -> Iterator[Found]:
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        raise QkvError(f"{path} cannot be read as a zip file: {error}") from None
    if len(members) > MAX_MEMBERS:
        raise QkvError(f"{path} holds more than {MAX_MEMBERS} files")
    names = [_name(member) for member in members]
    filled = {name[:n] for name in names for n in range(len(name))}
    junk = set()
    for member, parts in zip(members, names, strict=True):
        hidden = next((n for n, part in enumerate(parts) if part in JUNK), None)
        if hidden is not None:
            junk.add(parts[: hidden + 1])
        elif member.filename.startswith(("/", "\\")) or ".." in parts or not parts:
            yield Found(parts, None, _nothing, why_not="its path leads out of the archive")
        elif member.is_dir():
            yield from _named_like_a_notebook(parts)
            if parts not in filled:
                yield Found(parts, None, _nothing, why_not="an empty folder")
        else:
            kind = stat.S_IFMT(member.external_attr >> 16)
            why_not = "" if kind in (0, stat.S_IFREG) else "a link or no regular file"
            read = partial(_read_member, path, member)
            yield Found(parts, _zip_time(member, zone), read, why_not=why_not)
    for parts in sorted(junk):
        yield Found(parts, None, _nothing, why_not="a program's own folder or file")


def _name(member: zipfile.ZipInfo) -> tuple[str, ...]:
    """Return a member's path; a name in UTF-8 is read as such even if the archive forgot to say."""
    name = member.filename
    if not member.flag_bits & 0x800:
        with contextlib.suppress(UnicodeError):
            name = name.encode("cp437").decode("utf-8")
    return tuple(part for part in name.replace("\\", "/").split("/") if part not in ("", "."))


def _zip_time(member: zipfile.ZipInfo, zone: datetime.tzinfo | None) -> float | None:
    """Return a member's time: the exact one if it is there, else that of the clock on the wall."""
    extra = member.extra
    while len(extra) >= 4:
        kind, size = struct.unpack("<HH", extra[:4])
        data, extra = extra[4 : 4 + size], extra[4 + size :]
        if kind == 0x5455 and len(data) >= 5 and data[0] & 1:
            return float(struct.unpack("<i", data[1:5])[0])
        if kind == 0x000A and len(data) >= 16:
            return struct.unpack("<Q", data[8:16])[0] / 1e7 - 11_644_473_600
    if member.date_time[:3] <= (1980, 1, 1):
        return None
    try:
        return datetime.datetime(*member.date_time, tzinfo=zone).timestamp()
    except (ValueError, OverflowError, OSError):
        return None


def _read_member(path: Path, member: zipfile.ZipInfo) -> bytes:
    """Return the bytes of a member, never more than a notebook may have."""
    if member.flag_bits & 0x1:
        raise UnreadableError("the notebook in the zip file is locked by a password")
    try:
        with open(path, "rb") as file:
            file.seek(member.header_offset)
            header = file.read(30)
            if len(header) < 30 or header[:4] != b"PK\x03\x04":
                raise UnreadableError("the notebook in the zip file is damaged")
            name, extra = struct.unpack("<HH", header[26:30])
            file.seek(name + extra, os.SEEK_CUR)
            data = _unpack(file, member)
    except (OSError, EOFError, zlib.error, lzma.LZMAError, struct.error, ValueError) as error:
        if isinstance(error, UnreadableError):
            raise
        kind = type(error).__name__
        raise UnreadableError(f"the notebook in the zip file cannot be unpacked ({kind})") from None
    if len(data) > MAX_FILE:
        raise UnreadableError(f"the notebook in the zip file is larger than {MAX_FILE // 2**20} MB")
    if zlib.crc32(data) != member.CRC:
        raise UnreadableError("the notebook in the zip file is damaged (its checksum is wrong)")
    return data


def _unpack(file: BinaryIO, member: zipfile.ZipInfo) -> bytes:
    """Unpack a member piece by piece, to one byte more than a notebook may have at most."""
    left, method = member.compress_size, member.compress_type
    if method == zipfile.ZIP_STORED:
        return file.read(min(left, MAX_FILE + 1))
    if method == zipfile.ZIP_DEFLATED:
        return _inflated(file, left)
    unpacker: bz2.BZ2Decompressor | lzma.LZMADecompressor
    if method == zipfile.ZIP_LZMA:
        unpacker, used = _lzma(file)
        left -= used
    elif method == zipfile.ZIP_BZIP2:
        unpacker = bz2.BZ2Decompressor()
    else:
        name = METHODS.get(method, f"number {method}")
        raise UnreadableError(
            f"the notebook in the zip file is packed by a method that is not known here ({name}): "
            "unpack the file and collect from the folder"
        )
    made = bytearray()
    while len(made) <= MAX_FILE and not unpacker.eof:
        packed = file.read(min(left, 65_536)) if unpacker.needs_input else b""
        left -= len(packed)
        piece = unpacker.decompress(packed, MAX_FILE + 1 - len(made))
        made += piece
        if not piece and not left and unpacker.needs_input:
            break
    return bytes(made)


def _inflated(file: BinaryIO, left: int) -> bytes:
    """The same for the method of most zip files, whose unpacker keeps what it has not used."""
    unpacker, made, waiting = zlib.decompressobj(-15), bytearray(), b""
    while len(made) <= MAX_FILE and not unpacker.eof:
        if not waiting:
            waiting = file.read(min(left, 65_536))
            left -= len(waiting)
        piece = unpacker.decompress(waiting, MAX_FILE + 1 - len(made))
        made += piece
        waiting = unpacker.unconsumed_tail
        if not piece and not left and not waiting:
            break
    return bytes(made)


def _lzma(file: BinaryIO) -> tuple[lzma.LZMADecompressor, int]:
    """Return an unpacker for a member packed by LZMA, and how long its description was."""
    head = file.read(4)
    size = struct.unpack("<H", head[2:4])[0]
    described = file.read(min(size, 64))
    first, dictionary = struct.unpack("<BI", described[:5])
    if dictionary > MAX_DICTIONARY or first >= 9 * 5 * 5:
        raise UnreadableError("the notebook in the zip file asks for too much memory (LZMA)")
    chosen = {
        "id": lzma.FILTER_LZMA1, "dict_size": max(dictionary, 4096), "lc": first % 9,
        "lp": first // 9 % 5, "pb": first // 45,
    }  # fmt: skip
    return lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[chosen]), 4 + size
