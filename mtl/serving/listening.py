"""The place where a server listens, taken before anything is loaded."""

import errno
import socket

from mtl.errors import InputError


def listen(host: str, port: int) -> socket.socket:
    """A socket that is bound to a host and port.

    Raises:
        InputError: the port is taken, is not this user's to take, or is none; or the host is none of this machine's.
    """
    if not 0 <= port <= 65535:
        raise InputError(f"--port from 0 to 65535 was expected, was {port}")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
        except OSError:
            listener.close()
            raise
    except (OSError, UnicodeError) as error:
        number = error.errno if isinstance(error, OSError) else None
        if number == errno.EADDRINUSE:
            raise InputError(
                f"a free port of {host} was expected, another program uses {port}; --port chooses"
            ) from error
        if number == errno.EACCES:
            raise InputError(f"a port that this user may use was expected, was {port}; --port chooses") from error
        raise InputError(f"--host of this machine was expected, was {host!r}") from error
    return listener
