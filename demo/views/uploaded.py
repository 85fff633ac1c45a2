"""The address of a model that was uploaded, and how it is loaded."""

from html import escape


def uploaded(url: str) -> str:
    """A link, if it is an address of the web, and the line of code."""
    name = "/".join(url.rstrip("/").split("/")[-2:])
    shown = escape(url, quote=True)
    is_address = url.startswith(("https://", "http://"))
    link = f'<a href="{shown}" target="_blank" rel="noopener noreferrer">{shown}</a>' if is_address else shown
    code = escape(f'mtl.Engine.load("{name}")')
    return f'<p class="ph-note" role="status">Uploaded: {link}. <code>{code}</code> loads it.</p>'
