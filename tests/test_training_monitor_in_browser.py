"""The live monitor in a real kernel: it trains between the cells, and its buttons are obeyed.

What it computes is tested without a browser; here, that a notebook stays usable meanwhile.
"""

import nbformat
import pytest
from lab_browser import close, open_notebook, outputs, run_all

pytestmark = [pytest.mark.browser, pytest.mark.slow]

CELLS = [
    """import numpy as np
from cnn_course import explorers
from cnn_utils.layers import Dense, Flatten
from cnn_utils.sequential import Sequential
x = np.random.default_rng(0).normal(size=(100, 6, 6, 1)).astype(np.float32)
y = (x.mean(axis=(1, 2, 3)) > 0).astype(int)
model = Sequential([Flatten(), Dense(2)], (6, 6, 1))
monitor = explorers.training_monitor(model, x, y, epochs=1_000_000)
monitor""",
    "print('steps', len(monitor.losses), monitor.status)",
]


def test_start_pause_go_on_and_stop(browser, lab):
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3 (ipykernel)"}},
    )
    nbformat.write(notebook, lab.root / "monitor.ipynb")
    page = open_notebook(browser, lab, "monitor.ipynb")
    run_all(page)
    sentence = page.locator(".cnn-explorer [role=status]")
    button = page.locator(".cnn-explorer button")

    def wait_for(words):
        sentence.filter(has_text=words).wait_for(timeout=30_000)

    def press(words):
        """By keyboard: a click can miss while the page below moves."""
        button.filter(has_text=words).press("Space")

    def run_last_cell():
        """Run the last cell while the training goes on; return what it prints."""
        cell = page.locator(".jp-CodeCell").last
        prompt = cell.locator(".jp-InputPrompt")
        before = prompt.inner_text()
        cell.locator(".cm-content").click()
        page.keyboard.press("Control+Enter")
        page.wait_for_function(
            "([p, before]) => /\\d/.test(p.textContent) && p.textContent.trim() !== before.trim()",
            arg=[prompt.element_handle(), before],
            timeout=30_000,
        )
        _, steps, status = outputs(page)[-1].split()
        return int(steps), status

    wait_for("Ready: press Start.")
    assert outputs(page)[-1] == "steps 0 ready"
    press("Start")
    wait_for("Training. ")
    wait_for("Last epoch: loss")
    first = run_last_cell()
    second = run_last_cell()
    assert first[1] == second[1] == "running" and 0 < first[0] < second[0]

    press("Pause")
    wait_for("Paused.")
    held = run_last_cell()
    assert held[1] == "paused" and run_last_cell() == held
    press("Go on")
    wait_for("Training. ")
    press("Stop")
    wait_for("Stopped.")
    ended = run_last_cell()
    assert ended[0] > held[0] and ended[1] == "stopped" and run_last_cell() == ended
    assert button.filter(has_text="Again").is_enabled()
    page.problems.check()
    close(page, lab)
