"""Frames on a socket: a length, then that many bytes. Every wait has an end."""

import socket
import struct
import time

MAX_FRAME = 64 * 2**20


class ChannelClosedError(Exception):
    """The other side ended, stopped answering in time, or sent what it must not."""


class Channel:
    """One end of a conversation; `send` and `receive` raise `ChannelClosedError`, never hang."""

    def __init__(self, sock: socket.socket, max_frame: int = MAX_FRAME):
        """Use `sock`; a frame longer than `max_frame` bytes ends the conversation."""
        self.sock = sock
        self.max_frame = max_frame

    def send(self, data: bytes, deadline: float):
        """Send one frame before `deadline` (on the clock of `time.monotonic`)."""
        view = memoryview(struct.pack("<Q", len(data)) + data)
        while view:
            try:
                self.sock.settimeout(self._left(deadline))
                view = view[self.sock.send(view) :]
            except TimeoutError:
                raise ChannelClosedError("it took too long") from None
            except OSError:
                raise ChannelClosedError("it ended") from None

    def receive(self, deadline: float) -> bytearray:
        """Return one frame that arrives before `deadline`."""
        (length,) = struct.unpack("<Q", self._read(8, deadline))
        if length > self.max_frame:
            raise ChannelClosedError("it answered with too much data")
        return self._read(length, deadline)

    def _read(self, count, deadline):
        # Grows as bytes arrive: a length that was only claimed costs nothing.
        data = bytearray()
        while len(data) < count:
            try:
                self.sock.settimeout(self._left(deadline))
                part = self.sock.recv(min(count - len(data), 2**20))
            except TimeoutError:
                raise ChannelClosedError("it took too long") from None
            except OSError:
                raise ChannelClosedError("it ended") from None
            if not part:
                raise ChannelClosedError("it ended")
            data += part
        return data

    @staticmethod
    def _left(deadline):
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    def close(self):
        """End the conversation."""
        self.sock.close()
