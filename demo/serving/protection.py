"""Headers of every answer that tell a browser what the page may do."""

_SOURCES = "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:"
_OWN = f"{_SOURCES}; object-src 'none'; base-uri 'self'; form-action 'self'"
_SPACE_FRAMES = "https://huggingface.co https://*.hf.space"


def protection(*, framed: bool) -> tuple[tuple[bytes, bytes], ...]:
    """Raw headers: nothing is loaded from or sent to other sites, and no other site shows the page in a frame.

    Gradio's page needs inline scripts and `eval`, so these stay allowed.

    Args:
        framed: whether the page is a Space, which its site shows in a frame.
    """
    ancestors = f"frame-ancestors 'self' {_SPACE_FRAMES}" if framed else "frame-ancestors 'self'"
    return (
        (b"content-security-policy", f"{_OWN}; {ancestors}".encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"same-origin"),
        (b"cross-origin-opener-policy", b"same-origin-allow-popups" if framed else b"same-origin"),
    )
