"""A learner's first minute: JupyterLab, as `make lab` starts it, runs a notebook in a browser."""

import urllib.error
import urllib.request

import nbformat
import pytest
from lab_browser import open_notebook, outputs, run_all

import cnn_utils

pytestmark = pytest.mark.browser


def test_a_notebook_runs_in_the_browser(browser, lab):
    cells = [
        "import cnn_utils\nprint('version', cnn_utils.__version__)",
        "import numpy as np\nnp.arange(3) * 2",
        "import matplotlib.pyplot as plt\nplt.plot([1, 3, 2])\nplt.show()",
        "import ipywidgets\nipywidgets.IntSlider(value=3, description='steps')",
    ]
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(cell) for cell in cells],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3 (ipykernel)"}},
    )
    nbformat.write(notebook, lab.root / "small.ipynb")

    page = open_notebook(browser, lab, "small.ipynb")
    run_all(page)
    page.wait_for_selector(".widget-slider", timeout=30_000)

    texts = outputs(page)
    assert texts[0] == f"version {cnn_utils.__version__}"
    assert texts[1] == "array([0, 2, 4])"
    picture = page.locator(".jp-OutputArea-output img")
    assert picture.evaluate("image => image.naturalWidth") > 100
    assert "steps" in texts[3]
    page.problems.check()
    # Nobody is asked about news: the question would come as a notification with buttons.
    assert page.locator(".Toastify__toast").count() == 0
    # Voilà is there for `make app`; in JupyterLab it would offer to run lessons as pages.
    assert page.locator("jp-button[title*='Voil'], button[title*='Voil']").count() == 0
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(f"{lab.url}/voila/render/small.ipynb?token={lab.token}", timeout=30)
