"""What one submission may use."""

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Limits:
    """The most that one submission may use; sizes in bytes.

    cell_seconds: wall time of one cell or one call from a test
    total_seconds: wall time of the whole notebook with its tests
    memory: of all its processes together, beyond what the libraries take
    processes: and threads, together
    output: characters kept of what one cell prints
    disk: everything it writes
    """

    cell_seconds: float = 30
    total_seconds: float = 120
    memory: int = 2 * 2**30
    processes: int = 64
    output: int = 20_000
    disk: int = 64 * 2**20

    def as_dict(self) -> dict:
        """Return the limits as plain values."""
        return asdict(self)
