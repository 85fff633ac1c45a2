"""Graphs in a browser, run by onnxruntime-web."""

import os
import shutil
import subprocess
import tarfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest

_PACKAGE = "onnxruntime-web@1.30.0"
_FILES = ("ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm")
_IMPORT = """async () => {
    window.ort = await import("/ort.wasm.min.mjs");
    ort.env.wasm.numThreads = 1;
    window.sessions = {};
}"""
_OPEN = "async (graph) => { sessions[graph] = await ort.InferenceSession.create(graph); }"
_RUN = """async ([graph, inputs]) => {
    const session = sessions[graph];
    const feed = {};
    for (const [name, [values, shape]] of Object.entries(inputs))
        feed[name] = new ort.Tensor("int64", BigInt64Array.from(values.map(BigInt)), shape);
    const found = await session.run(feed);
    return session.outputNames.map((name) => [Array.from(found[name].data), found[name].dims]);
}"""
Run = Callable[[dict], list]


def fetch_runtime(folder: Path) -> Path:
    """Put the files of onnxruntime-web into a folder, from the registry of npm."""
    if shutil.which("npm") is None:
        if os.environ.get("CI") == "true":
            pytest.fail("npm was expected on PATH, the graph must run in a browser in CI")
        pytest.skip("npm is not installed, so there is no onnxruntime-web to run the graph with")
    command = ["npm", "pack", "--silent", _PACKAGE]
    packed = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    with tarfile.open(folder / packed.stdout.strip()) as archive:
        for name in _FILES:
            source = archive.extractfile(f"package/dist/{name}")
            (folder / name).write_bytes(source.read())
    return folder


@contextmanager
def graphs_in_chromium(browser: Any, runtime: Path, folder: Path) -> Iterator[Callable[[str], Run]]:
    """Opens the graphs of a folder; what it gives runs one, as `InferenceSession.run` does."""
    with served({name: runtime / name for name in _FILES}, folder) as url:
        page = browser.new_page()
        page.goto(f"{url}/config.json")
        page.evaluate(_IMPORT)

        def opened(graph: str) -> Run:
            page.evaluate(_OPEN, graph)

            def run(feed: dict) -> list:
                given = {name: [values.ravel().tolist(), list(values.shape)] for name, values in feed.items()}
                found = page.evaluate(_RUN, [graph, given])
                return [np.array(values, dtype=np.float32).reshape(shape) for values, shape in found]

            return run

        yield opened


@contextmanager
def served(further: Mapping[str, Path], folder: Path) -> Iterator[str]:
    """The address of a server of a folder's files and of further ones by name."""

    class Handler(SimpleHTTPRequestHandler):
        def translate_path(self, path: str) -> str:
            name = path.strip("/")
            return str(further.get(name, folder / name))

        def log_message(self, *_) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
