# Everything keeps its environment in .venv; each target makes what it needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUN_STAMP := $(VENV)/.run-$(shell cat requirements.txt pyproject.toml | cksum | cut -d' ' -f1)
DEV_STAMP := $(VENV)/.dev-$(shell cat requirements.txt requirements-dev.txt pyproject.toml | cksum | cut -d' ' -f1)

.PHONY: run test test-slow check docs format lock audit clean help

help: ## list the targets
	@grep -E '^[a-z]+:.*##' Makefile | sed 's/:.*## /\t/'

run: $(RUN_STAMP) ## make the environment, install and open the app on http://127.0.0.1:7860
	$(BIN)/python app.py $(ARGS)

test: $(DEV_STAMP) ## make the environment, install and run the tests, those in a browser too
	@sh tests/install-chromium.sh
	$(BIN)/python -m pytest $(ARGS)

test-slow: $(DEV_STAMP) ## the other tests: whole trainings and visits, and the rest of each large matrix of cases
	@sh tests/install-chromium.sh
	$(BIN)/python -m pytest -m slow $(ARGS)

check: $(DEV_STAMP) ## lint, format, types and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(DEV_STAMP) ## write the API reference to build/reference, and check its links
	$(BIN)/python docs/reference.py

format: $(DEV_STAMP) ## format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: $(DEV_STAMP) ## write requirements.lock: every package with version and hashes, for all systems, without torch
	$(BIN)/python -m pip install --quiet uv==0.13.9
	echo "torch ; sys_platform == 'never'" > $(VENV)/without-torch.txt
	sed -n '/^#/p' requirements.lock > $(VENV)/lock-header.txt
	$(BIN)/uv pip compile requirements.txt --quiet --universal --python-version 3.11 --generate-hashes --no-header \
		--no-annotate --override $(VENV)/without-torch.txt --output-file $(VENV)/lock.txt
	cat $(VENV)/lock-header.txt $(VENV)/lock.txt | sed '/^torch==/,/[^\\]$$/d' > requirements.lock

audit: $(DEV_STAMP) ## look the locked packages up in the public list of known vulnerabilities; needs its network
	$(BIN)/python -m pip install --quiet pip-audit==2.10.1
	$(BIN)/pip-audit --requirement requirements.lock --no-deps --disable-pip

clean: ## remove the environment
	rm -rf $(VENV)

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer was expected, this is " + sys.version.split()[0] + "; set PYTHON=")'
	$(PYTHON) -m venv $(VENV)

# torch comes first: a plain install on Linux would bring gigabytes of CUDA where a CPU build is there.
$(RUN_STAMP): $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet torch==2.13.0
	$(BIN)/python -m pip install --quiet -r requirements.txt
	touch $@

$(DEV_STAMP): $(RUN_STAMP)
	$(BIN)/python -m pip install --quiet -r requirements-dev.txt
	touch $@
