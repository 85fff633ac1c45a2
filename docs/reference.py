"""Write the API reference from the docstrings, and check every link in it: `python docs/reference.py [FOLDER]`.

It ends with status 1 where a link leads nowhere, or a public name has no docstring. `make docs` runs it.
"""

import inspect
import sys
import warnings
from collections.abc import Iterator
from html.parser import HTMLParser
from importlib import import_module
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pdoc
import pdoc.render

ROOT = Path(__file__).resolve().parents[1]
MODULES = (
    "mtl",
    "mtl.data",
    "mtl.errors",
    "mtl.exports",
    "mtl.fitting",
    "mtl.inference",
    "mtl.labelling",
    "mtl.metrics",
    "mtl.planning",
    "mtl.pushing",
    "mtl.recipe",
    "mtl.runs",
    "mtl.suspects",
    "mtl.training",
)


class _Page(HTMLParser):
    """The links and the anchors of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors = {""}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what a tag links to and is called."""
        for name, value in attrs:
            if name == "href" and tag == "a" and value is not None:
                self.links.append(value)
            if name == "id" and value is not None:
                self.anchors.add(value)


def main(folder: Path) -> int:
    """Write the reference into a folder; returns 0, or 1 with the problems on standard error."""
    sys.path.insert(0, str(ROOT))
    for module in MODULES:
        for name in getattr(import_module(module), "__all__", ()):
            getattr(import_module(module), name)  # those of `mtl` load on first use
    pdoc.render.configure(docformat="google", show_source=False)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        pdoc.pdoc(*MODULES, output_directory=folder)
    problems = [*_broken_links(folder), *_without_docstring()]
    for problem in problems:
        sys.stderr.write(f"{problem}\n")
    sys.stdout.write(f"{len(list(folder.rglob('*.html')))} pages in {folder}\n")
    return int(bool(problems))


def _broken_links(folder: Path) -> Iterator[str]:
    pages = {file.resolve(): _Page(file.read_text(encoding="utf-8")) for file in folder.rglob("*.html")}
    for file, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (file.parent / unquote(parts.path)).resolve() if parts.path else file
            if target not in pages or unquote(parts.fragment) not in pages[target].anchors:
                yield f"{file.relative_to(folder.resolve())}: {link} leads nowhere"


def _without_docstring() -> Iterator[str]:
    for module in MODULES:
        for name in getattr(import_module(module), "__all__", ()):
            value = getattr(import_module(module), name)
            if (inspect.isclass(value) or inspect.isfunction(value)) and not inspect.getdoc(value):
                yield f"{module}.{name} has no docstring"


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "build" / "reference")))
