"""What one request may ask for, and how many may wait."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ServeLimits:
    """The limits of a server."""

    body_mb: float = 8.0
    """Megabytes (10^6 bytes) of the body of a request."""
    texts: int = 2_048
    """In one request."""
    characters: int = 1_000_000
    """In all texts of one request together."""
    tokens: int = 100_000
    """In all texts of one request together, counted by the model."""
    waiting: int = 256
    """Requests that are answered or wait, of all clients."""
    of_client: int = 128
    """Requests that are answered or wait, of one network address."""
    seconds: float = 60.0
    """Until a request is given up."""

    @property
    def body(self) -> int:
        """Bytes of the body of a request."""
        return int(self.body_mb * 1e6)
