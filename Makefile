# The two commands are `make lab` and `make test`; `make` alone lists them all.
# On Windows, and wherever make is missing, type what stands below each target (see README).

# What .venv is made with: python3, or another name where python3 is not one of these versions.
SUITABLE = import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))
NAMES = python3 python3.14 python3.13 python3.12 python3.11 python
PYTHON ?= $(shell for p in $(NAMES); do \
	$$p -c "$(SUITABLE)" >/dev/null 2>&1 && echo $$p && exit; done; echo python3)

SETUP = @p="$(PYTHON)"; command -v $$p >/dev/null || { echo "$$p was not found. \
	Install Python 3.11 or later, or name yours: make $@ PYTHON=..." >&2; exit 1; }; \
	$$p tools/setup_env.py

.DEFAULT_GOAL := help
.PHONY: help setup lab app assignments collect grade feedback test test-all notebooks lint lock clean

help:  ## list these commands
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 20

setup:  ## only make the environment (.venv), which `make lab` does too
	$(SETUP) lab

lab:  ## open JupyterLab on notebooks/; sets everything up the first time
	$(SETUP) lab
	@.venv/bin/python tools/lab.py $(ARGS)

app:  ## serve the page that reads drawn digits; prints its address; ARGS are passed to Voilà
	$(SETUP) lab
	@.venv/bin/python tools/app.py $(ARGS)

assignments:  ## make the students' versions of the assignments from notebooks/assignments/source
	$(SETUP) grade
	.venv/bin/python tools/assignments.py release

collect:  ## sort downloaded files into submitted/; ARGS=a1_convolution_forward
	$(SETUP) grade
	.venv/bin/python tools/assignments.py collect $(ARGS)

grade:  ## grade notebooks/assignments/submitted; ARGS=a1_convolution_forward grades one
	$(SETUP) grade
	.venv/bin/python tools/assignments.py grade $(ARGS)

feedback:  ## after reading answers by hand: write feedback and grades.csv anew
	$(SETUP) grade
	.venv/bin/python tools/assignments.py feedback $(ARGS)

test:  ## test everything in minutes; ARGS="-k pooling" or ARGS=tests/test_pooling.py tests less
	$(SETUP) test
	.venv/bin/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder -m "not release" $(ARGS)

test-all:  ## before a release: also what takes long, needs a network or a machine to itself
	$(SETUP) test
	.venv/bin/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder $(ARGS)

notebooks:  ## execute every notebook and save its outputs; ARGS=--check only compares
	$(SETUP) lab
	.venv/bin/python tools/run_notebooks.py $(ARGS)

lint:  ## check style, formatting and types
	$(SETUP) test
	.venv/bin/python -m ruff check
	.venv/bin/python -m ruff format --check
	.venv/bin/python -m mypy

lock:  ## pin every package anew from pyproject.toml; ARGS=--upgrade takes the newest versions
	$(SETUP) test
	.venv/bin/python -m pip install --quiet uv
	.venv/bin/python tools/lock.py $(ARGS)

clean:  ## delete the environment and everything that running made
	rm -rf .venv .pytest_cache .ruff_cache .mypy_cache .hypothesis
	find . \( -name __pycache__ -o -name .ipynb_checkpoints \) -type d -prune -exec rm -rf {} +
