# Everything a clone needs: python3 (3.11 or newer), pip and make.
#
#   make demo    the bundled liver case, from CT to PDF report
#   make test    every test
#   make help    the rest

PYTHON ?= python3
VENV   ?= .venv
OUT    ?= out/demo
JOBS   ?= 2

BIN       := $(VENV)/bin
LOCKED    := $(VENV)/.locked
INSTALLED := $(VENV)/.installed
COMPILED  := $(VENV)/.compiled

# Only published wheels: nothing is compiled, and every file must match the lock's hashes.
PIP_FLAGS := --disable-pip-version-check --quiet

say = @printf '\n\033[1m==> %s\033[0m\n' "$(1)"

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help install demo test lint types house page format lock clean distclean

help:
	@echo 'make demo       set up, then treat the bundled liver case and write its report to $(OUT)'
	@echo 'make test       set up, then run every test'
	@echo 'make lint       ruff, format, types and house rules'
	@echo 'make page       lint, type-check, test and build the page of openhifu console (needs Node 20.19 or newer)'
	@echo 'make format     let ruff put the code in order'
	@echo 'make lock       write requirements.lock anew from pyproject.toml'
	@echo 'make install    set up only (environment: $(VENV))'
	@echo 'make clean      remove what tools and runs left in the tree'
	@echo 'make distclean  the same, and the environment'

# ------------------------------------------------------------------ set-up

install: $(INSTALLED)

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo 'OpenHIFU needs Python 3.11 or newer; $(PYTHON) is older or missing.'; \
	  echo 'Name another one: make PYTHON=python3.12 ...'; exit 1; }
	$(call say,Creating the environment $(VENV))
	@$(PYTHON) -m venv $(VENV) 2> /dev/null || { \
	  echo '(no ensurepip here: borrowing the pip of $(PYTHON))'; \
	  $(PYTHON) -m venv --clear --without-pip $(VENV) && \
	  $(PYTHON) -m pip $(PIP_FLAGS) --python $(BIN)/python install pip; }

$(LOCKED): requirements.lock | $(BIN)/python
	$(call say,Installing the locked dependencies (a minute or two; only the first time))
	@$(BIN)/python -m pip $(PIP_FLAGS) install --only-binary=:all: --require-hashes -r requirements.lock
	@touch $@

$(INSTALLED): $(LOCKED) pyproject.toml
	$(call say,Installing openhifu from this clone)
	@$(BIN)/python -m pip $(PIP_FLAGS) install --no-deps --no-build-isolation --editable .
	@touch $@

# The solvers are compiled when first used and kept beside the source; a small treatment uses all of them.
$(COMPILED): $(INSTALLED)
	$(call say,Compiling the solvers (half a minute; only the first time))
	@$(BIN)/openhifu demo --case cases/liver-in-water --device jc200-like-256 --out $(VENV)/first-use --json > /dev/null
	@touch $@

# -------------------------------------------------------------------- work

demo: $(INSTALLED) $(COMPILED)
	$(call say,Treating the bundled liver case on the simulated device)
	@$(BIN)/openhifu demo --out $(OUT)

test: $(INSTALLED)
	$(call say,Running the tests on $(JOBS) workers)
	@$(BIN)/python -m pytest -n $(JOBS)

lint: $(INSTALLED)
	$(call say,ruff check)
	@$(BIN)/ruff check .
	$(call say,ruff format --check)
	@$(BIN)/ruff format --check .
	@$(MAKE) --no-print-directory types house

types: $(INSTALLED)
	$(call say,pyright)
	@$(BIN)/pyright --pythonpath $(BIN)/python

house: $(INSTALLED)
	$(call say,house rules)
	@$(BIN)/python -m pytest -q tests/house

page:
	@command -v npm > /dev/null || { echo 'The page needs Node (20.19 or newer, with npm); everything else works without it.'; exit 1; }
	$(call say,The page of openhifu console: types, tests, build)
	@cd web && npm ci --silent && npm run --silent lint && npm run --silent types && npm test --silent && npm run --silent build

format: $(INSTALLED)
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

# The build backend is locked beside the rest: the editable install runs without build isolation.
lock: | $(BIN)/python
	$(call say,Resolving requirements.lock)
	@$(BIN)/python -m pip $(PIP_FLAGS) install 'uv>=0.13'
	@printf 'hatchling\neditables\n' | $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest --generate-hashes \
	  --no-header --no-annotate --no-emit-index-url --no-emit-find-links --upgrade \
	  --extra dev --output-file requirements.lock pyproject.toml -

# ------------------------------------------------------------------- tidying

clean:
	rm -rf out build dist .pytest_cache .ruff_cache .hypothesis
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean
	rm -rf $(VENV)
