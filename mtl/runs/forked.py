"""What is asked of a process that is forked to run a command of `python -m mtl`."""

import json
import socket
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Self

READY, GO = b"r", b"g"
_CHUNK = 65_536  # bytes
NO_DESCRIPTOR = -1  # in the place of a descriptor


@dataclass(frozen=True)
class Request:
    """What is asked of a child; it comes as one line of JSON.

    Args:
        arguments: of `python -m mtl`.
        environment: all variables.
        said: the path of a file to which standard error is added, and standard output where the child lasts.
        memory: the most bytes of data, None without a limit.
        lasts: whether the process goes on when the connection ends. It then has a session of its own, says `READY`
            before it begins, begins on `GO`, and takes over the lock of a run, whose descriptor comes with the request.
            One that does not last ends with the connection.
    """

    arguments: Sequence[str]
    environment: dict[str, str]
    said: str
    memory: int | None = None
    lasts: bool = False

    def line(self) -> bytes:
        """The request as it is sent."""
        return json.dumps(asdict(self)).encode() + b"\n"

    @classmethod
    def received(cls, connection: socket.socket) -> tuple[Self, int]:
        """A request and a descriptor that came with it, or -1.

        Raises:
            EOFError: the connection ended first.
        """
        found, descriptor = b"", NO_DESCRIPTOR
        while not found.endswith(b"\n"):
            part, descriptors, _, _ = socket.recv_fds(connection, _CHUNK, 1)
            if not part:
                raise EOFError
            found += part
            descriptor = descriptors[0] if descriptors else descriptor
        return cls(**json.loads(found)), descriptor
