"""Fixtures of the browser tests; what holds for all tests is in the conftest.py above."""

import pytest
from lab_browser import CHROMIUM_FLAGS, find_chromium, start_lab


@pytest.fixture(scope="module")
def browser():
    """A headless Chromium, closed after each file: while it is open no other event loop runs."""
    chromium = find_chromium()
    if chromium is None:
        pytest.skip("no Chromium or Chrome is installed (Debian: apt install chromium)")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as p:
        browser = p.chromium.launch(executable_path=chromium, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def lab(tmp_path_factory, browser):
    """A JupyterLab on the empty folder `lab.root`."""
    root, scratch = tmp_path_factory.mktemp("notebooks"), tmp_path_factory.mktemp("scratch")
    with start_lab(root, scratch) as lab:
        yield lab
