"""What `/metrics` says, in the text format of Prometheus."""

from collections.abc import Callable

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_TEXTS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048)


class Metrics:
    """Counters and histograms of one server.

    Args:
        waiting: the number of requests that are answered or wait.
        queued: the number of requests that wait for the model's next batch.
    """

    def __init__(self, *, waiting: Callable[[], int], queued: Callable[[], int]) -> None:
        self._registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        self._requests = Counter(
            "polyhead_requests", "Requests by endpoint and status.", ("endpoint", "status"), registry=registry
        )
        self._seconds = Histogram(
            "polyhead_request_seconds",
            "From the arrival of a request to its answer.",
            ("endpoint",),
            buckets=_SECONDS,
            registry=registry,
        )
        self._texts = Counter("polyhead_texts", "Texts that were answered.", ("endpoint",), registry=registry)
        self._tokens = Counter(
            "polyhead_tokens", "Tokens of the texts that were answered.", ("endpoint",), registry=registry
        )
        self._batches = Histogram(
            "polyhead_batch_texts", "Texts that the model ran together.", buckets=_TEXTS, registry=registry
        )
        Gauge("polyhead_waiting_requests", "Requests that are answered or wait.", registry=registry).set_function(
            waiting
        )
        Gauge(
            "polyhead_queue_length", "Requests that wait for the model's next batch.", registry=registry
        ).set_function(queued)

    def answered(self, endpoint: str, status: int, seconds: float) -> None:
        """Count a request."""
        self._requests.labels(endpoint, str(status)).inc()
        self._seconds.labels(endpoint).observe(seconds)

    def read(self, endpoint: str, *, texts: int, tokens: int) -> None:
        """Count what was read."""
        self._texts.labels(endpoint).inc(texts)
        self._tokens.labels(endpoint).inc(tokens)

    def batch(self, texts: int) -> None:
        """Count a batch."""
        self._batches.observe(texts)

    def text(self) -> bytes:
        """Everything, in UTF-8."""
        text: bytes = generate_latest(self._registry)
        return text
