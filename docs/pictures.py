"""Pictures of the page for the README: every tab, at 1280 and 390 pixels, light and dark.

    python docs/pictures.py [--url http://127.0.0.1:7860] [--tabs analyze,guide] [--out docs] [--chromium FILE]

The page must be running. A picture is named `<tab>-<width>-<scheme>.png`.
"""

import argparse
from pathlib import Path

SIZES = {1280: 900, 390: 844}
TABS = ("analyze", "embeddings", "classes", "entities", "train", "runs", "guide")
_SETTLED_MS = 3000


def main() -> None:
    """Take them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default="http://127.0.0.1:7860")
    parser.add_argument("--tabs", default=",".join(TABS))
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    args = parser.parse_args()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=args.chromium, args=["--no-sandbox", "--disable-gpu"])
        for tab in args.tabs.split(","):
            for width, height in SIZES.items():
                for scheme in ("light", "dark"):
                    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
                    page = context.new_page()
                    page.goto(f"{args.url}/?tab={tab}", wait_until="domcontentloaded")
                    page.locator("#ph-chips small").first.wait_for(timeout=60_000)
                    page.wait_for_timeout(_SETTLED_MS)
                    page.screenshot(path=args.out / f"{tab}-{width}-{scheme}.png", full_page=True)
                    context.close()
        browser.close()


if __name__ == "__main__":
    main()
