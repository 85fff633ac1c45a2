"""What calls of the Hugging Face Hub have in common."""


def network_errors(*more: type[Exception]) -> tuple[type[Exception], ...]:
    """What a call of the Hub raises when it is refused, or when the network fails at any moment of it, and `more`."""
    from huggingface_hub.errors import HTTPError  # of the HTTP library that it uses

    return (HTTPError, OSError, *more)
