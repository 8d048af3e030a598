"""Take the picture of the drawing page that README shows:  python tools/make_app_image.py

It needs the tests' environment and a Chromium. A 3 is drawn with the mouse, as in the tests.
"""

import io
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import sync_playwright
from scipy.interpolate import make_interp_spline

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from lab_browser import CHROMIUM_FLAGS, find_chromium  # noqa: E402
from page_browser import close, draw, open_page, serve  # noqa: E402

THREE = [(0.32, 0.24), (0.46, 0.15), (0.63, 0.2), (0.66, 0.34), (0.52, 0.45), (0.44, 0.47)]
THREE += [(0.6, 0.5), (0.7, 0.63), (0.63, 0.78), (0.46, 0.84), (0.3, 0.76)]


def main() -> None:
    lesson = ROOT / "notebooks" / "16_draw_a_digit.ipynb"
    with tempfile.TemporaryDirectory() as scratch, serve(lesson, Path(scratch)) as app:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=find_chromium(), args=CHROMIUM_FLAGS
            )
            page = open_page(browser, app, width=1180, height=980)
            curve = make_interp_spline(range(len(THREE)), THREE)
            draw(page, [curve(np.linspace(0, len(THREE) - 1, 60)).tolist()], steps=1)
            page.mouse.move(5, 5)
            page.wait_for_timeout(1500)  # the bars come to rest, the look inside arrives
            page.evaluate("window.scrollTo(0, 0)")
            shot = Image.open(io.BytesIO(page.screenshot()))
            shot.convert("RGB").quantize(128).save(ROOT / "images" / "draw_a_digit.png")
            close(page)
            browser.close()
    print("images/draw_a_digit.png")


if __name__ == "__main__":
    main()
