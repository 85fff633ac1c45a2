"""Style sheets, scripts and templates of the page."""

from pathlib import Path

ASSETS = Path(__file__).parent
