# Every target sets up what it needs by itself: the first run makes .venv and installs requirements.lock
# (minutes), later ones find it done.  Another interpreter: make test PYTHON=python3.12

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
# Files of tests go to so many processes. Where one that crashed is replaced, pytest-xdist 3.8 may wait without
# end: without another the rest run what they have, and the run says in which test it was.
WORKERS ?= 2
PYTEST  := $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --max-worker-restart 0

# Tests and benchmarks on real data find it here; without the folder they are skipped and say so.
ifeq ($(strip $(TFMMREC_DATA)),)
override TFMMREC_DATA := $(realpath $(CURDIR)/../shared/data)
endif
ifneq ($(strip $(TFMMREC_DATA)),)
export TFMMREC_DATA
else
unexport TFMMREC_DATA
endif

export TF_CPP_MIN_LOG_LEVEL ?= 2
# What JAX compiles is kept for the next run, which is three times as quick.
export JAX_COMPILATION_CACHE_DIR ?= $(CURDIR)/.jax_cache
export JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS ?= 0

.DEFAULT_GOAL := help
.PHONY: help demo test test-slow bench-quick bench-check lint lock clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

demo: $(READY) ## a small catalogue, from raw tables and media to a served model
	$(BIN)/python -m tfmmrec demo

test: $(READY) ## the quick tests on TensorFlow, then those of the model again on JAX
	KERAS_BACKEND=tensorflow $(PYTEST) tests -m "not slow and not quality"
	KERAS_BACKEND=jax $(PYTEST) tests -m "backend and not slow and not quality"

test-slow: $(READY) ## the tests that take longer
	KERAS_BACKEND=tensorflow $(PYTEST) tests -m slow

bench-check: $(READY) ## do the cheap rows of the tables still come out, and does the demo gain by its modalities?
	$(BIN)/python -m benchmarks.quality.check
	KERAS_BACKEND=tensorflow $(PYTEST) tests -m quality

bench-quick: $(READY) ## has something become slower? (minutes; best on an idle machine)
	$(BIN)/python -m benchmarks.speed.quick

lint: $(READY) ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/mypy

lock: $(READY) ## choose the versions in requirements.lock anew from the ranges in setup.cfg
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile setup.cfg --all-extras --universal --python-version 3.11 --upgrade --quiet \
		--no-annotate --custom-compile-command "make lock" --output-file requirements.lock

clean: ## remove builds and caches (.venv and savedmodels/ stay)
	rm -rf build dist tfmmrec.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .jax_cache
	find . -name __pycache__ -type d -not -path './$(VENV)/*' -prune -exec rm -rf {} +

# The lock first, then the package itself, editable, without letting pip choose other versions.
$(READY): requirements.lock setup.cfg setup.py
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || { \
		for python in $(PYTHON) python3.13 python3.12 python3.11; do \
			if $$python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then \
				echo "making $(VENV) with $$($$python --version)"; \
				exec $$python -m venv --clear $(VENV); \
			fi; \
		done; \
		echo "tfmmrec needs Python 3.11, 3.12 or 3.13, and '$(PYTHON) --version' says: $$($(PYTHON) --version 2>&1)" >&2; \
		echo "Install one of them, or name it: make PYTHON=/path/to/python3.12 ..." >&2; \
		exit 1; \
	}
	$(BIN)/python -m pip install --quiet --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --use-pep517 --editable .
	@touch $@
