# Two commands: `make demo` does the main job, `make test` proves it. Both set up everything they need.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: demo test bench lint model account-model comment-model lock clean

# Hash-checked install of the lock, then the package itself, built with the locked tools (no network, no surprise).
$(STAMP): requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	$(BIN)/python -m compileall -q $(VENV)/lib > /dev/null || true
	touch $@

demo: $(STAMP)
	$(BIN)/realreach demo --out demo

test: $(STAMP)
	$(BIN)/python -m pytest -n 2 --dist loadfile
	$(MAKE) --no-print-directory lint

# Measures what docs/benchmarks.md says and writes it anew, about an hour of an idle machine; ARGS="--only growth,engine" measures
# some sections and keeps the rest, ARGS=--quick takes small sizes.
bench: $(STAMP)
	$(BIN)/python -m tests.benchmarks $(ARGS)

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# The recorded command behind models/default: two simulated worlds, one to train on, one never trained on.
model: $(STAMP)
	rm -rf build/worlds && mkdir -p build/worlds
	$(BIN)/realreach simulate --creators 24000 --seed 20261123 --workers 2 --out build/worlds/train
	$(BIN)/realreach simulate --creators 8000 --seed 777 --workers 2 --out build/worlds/judge
	$(BIN)/python train.py --data build/worlds/train --judge build/worlds/judge --data-name simulated-20261123 --threads 2 --no-mlflow --out models/default --overwrite

# The recorded command behind src/realreach/accounts/default: SRF Data's labelled followers (CC BY-SA 4.0) alone.
# DATASETS names a folder with one folder per public set; the rows themselves are not part of realreach.
account-model: $(STAMP)
	$(BIN)/realreach train-accounts --datasets $(DATASETS) --out src/realreach/accounts/default --overwrite

# The recorded command behind the shipped comment model. DATASETS is a folder with local copies of the public comment sets;
# only those whose licence allows to pass the model on are read (see the model's card).
comment-model: $(STAMP)
	$(BIN)/realreach train-comments --datasets $(DATASETS) --only-licensed --overwrite --out src/realreach/comment_text/default

# For developers (needs uv): one file with platform markers for all systems, hashes included.
lock:
	uv pip compile pyproject.toml --extra dev --universal --generate-hashes --python-version 3.11 --no-emit-package realreach --no-header --no-annotate --output-file requirements.lock

clean:
	rm -rf $(VENV) demo .pytest_cache .mypy_cache .ruff_cache
