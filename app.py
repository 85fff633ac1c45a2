"""Start the page: `python app.py --help`."""

import argparse
import gc
import os
import sys
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import NoReturn

from demo import page, theme
from demo.answers.engines import Engines
from demo.answers.loading import load
from demo.limits import with_limits
from demo.runs import RunManager
from demo.serving import logs
from demo.serving.launching import need_port, place_of, protect
from demo.serving.logins import read_login
from demo.serving.space import use_bucket, use_processor_on_zero_gpu
from demo.settings import Training, derive
from mtl.cli.usage import usage_sentence
from mtl.device_name import device_name
from mtl.errors import MtlError


def main(arguments: list[str] | None = None) -> int:
    """Parse the arguments, build the page and serve it until it is interrupted."""
    parsed = _parser().parse_args(arguments)
    logs.set_up()
    use_bucket(os.environ)
    use_processor_on_zero_gpu(os.environ)
    try:
        need_port(parsed.host, parsed.port)
        device_name()
        settings = derive(parsed, os.environ)
        if parsed.limits:
            settings = with_limits(settings, parsed.limits)
        login = read_login(parsed.auth, parsed.auth_file, os.environ)
    except MtlError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    runs = RunManager(settings)
    engines = Engines(settings=settings, runs=runs, load=load)
    blocks = page.build_page(settings=settings, engines=engines, runs=runs)
    gc.collect()
    gc.freeze()  # all of this stays to the end: a collection that went through it would hold up every visitor
    Thread(target=_load_first, args=(engines,), daemon=True).start()
    place = place_of(parsed, os.environ)
    blocks.launch(
        server_name=parsed.host,
        server_port=parsed.port,
        share=parsed.share,
        auth=login,
        theme=theme.build_theme(),
        css_paths=theme.STYLES,
        favicon_path=theme.ICON,
        show_error=False,
        enable_monitoring=False,
        run_history=False,
        ssr_mode=False,
        footer_links=[],
        **protect(blocks, settings=settings, place=place, runs=runs),
    )
    return 0


def _load_first(engines: Engines) -> None:
    """Load the default model before the first visitor needs it; an error is shown to the visitor who does."""
    with suppress(MtlError):
        engines.get(engines.choices("")[0][1], "")


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """End with one sentence, as the commands of `mtl` do."""
        self.exit(1, f"error: {usage_sentence(message)}\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(description="Polyhead in the browser: one encoder, many heads.")
    parser.add_argument("--host", default=os.environ.get("GRADIO_SERVER_NAME", "127.0.0.1"))
    parser.add_argument("--port", type=int, default=int(os.environ.get("GRADIO_SERVER_PORT", "7860")))
    parser.add_argument(
        "--share", action="store_true", help="create a temporary public link; training is limited there"
    )
    parser.add_argument(
        "--public",
        action="store_true",
        help="a reverse proxy on this machine leads visitors here; the limits of a public page apply",
    )
    parser.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME",
        help="another name by which visitors reach this page; .example.org stands for all below it",
    )
    parser.add_argument(
        "--auth",
        metavar="USER:PASSWORD",
        help="require this login; other users of this machine can see it, unlike --auth-file and POLYHEAD_AUTH",
    )
    parser.add_argument("--auth-file", type=Path, metavar="FILE", help="a file of USER:PASSWORD lines")
    parser.add_argument("--limits", type=Path, metavar="FILE", help="a YAML file of limits, see docs/limits.md")
    parser.add_argument(
        "--training",
        choices=[str(level) for level in Training],
        help="what visitors may train; default: full, or capped on a public page",
    )
    parser.add_argument("--checkpoint", metavar="NAME", help="a checkpoint folder or Hub id to open the page with")
    return parser


if __name__ == "__main__":
    sys.exit(main())
