# Two commands are all a newcomer needs: `make demo` and `make test`.
# Everything is installed into an environment of this checkout (.venv) from the package index alone.

.DEFAULT_GOAL := help
SHELL := /bin/sh

# The first Python of at least 3.11; override with `make PYTHON=/path/to/python test`.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
LOCK := requirements.lock
BIN := .venv/bin
READY := .venv/.ready
BUILT := .venv/.built
CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/exportkit
PIP_FLAGS := --quiet --disable-pip-version-check
PYTEST_ARGS ?= -n 2 --dist loadscope
PURE_TESTS := tests/bundles tests/contracts tests/conversion tests/formats tests/normalize tests/parity tests/records tests/writing

SOURCES := $(shell find src formats -type f -not -name '*.pyc')
WHEELS := dist/wheel
WHEEL_READY := $(WHEELS)/.ready
WHEEL_ENV := $(CACHE)/wheel-$(shell pwd | cksum | cut -d' ' -f1)

CONSUMERS_LIST := tests/consumers/requirements.txt
CONSUMERS_ENV := $(CACHE)/consumers-$(shell cat $(CONSUMERS_LIST) $(LOCK) | cksum | cut -d' ' -f1)
CONSUMERS_READY := $(CONSUMERS_ENV)/.ready
DATUMARO_LIST := tests/consumers/datumaro-requirements.txt
DATUMARO_ENV := $(CACHE)/datumaro-$(shell cat $(DATUMARO_LIST) | cksum | cut -d' ' -f1)
DATUMARO_READY := $(DATUMARO_ENV)/.ready

BENCH_ENV := $(CACHE)/bench
BENCH_READY := $(BENCH_ENV)/.ready
BENCH_DATA ?= $(CACHE)/bench-data
BENCH_ARGS ?=
SOAK_ROUNDS ?= 500

.PHONY: bench help demo test test-pure soak lint format coverage test-wheel test-consumers lock clean

help:  ## Show this list
	@sed -n 's/^\([a-z-]*\):.*##/\1 #/p' $(firstword $(MAKEFILE_LIST)) | awk -F ' # *' '{printf "  make %-16s %s\n", $$1, $$2}'

demo: $(BUILT)  ## Convert a small bundle of pictures into four checked datasets
	@$(BIN)/exportkit demo -o demo-out --overwrite

test: $(BUILT)  ## Run the tests that need nothing but Python
	$(BIN)/pytest $(PYTEST_ARGS)

test-pure: $(BUILT)  ## Run the tests of readers, writers and conversions without the compiled core
	EXPORTKIT_NATIVE=0 $(BIN)/pytest $(PYTEST_ARGS) $(PURE_TESTS)

soak: $(BUILT)  ## Try the properties on many more drawn bundles (SOAK_ROUNDS=500 of each)
	EXPORTKIT_SOAK_ROUNDS=$(SOAK_ROUNDS) $(BIN)/pytest $(PYTEST_ARGS) --timeout 0 tests/properties

lint: $(BUILT)  ## Run ruff, mypy and the import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy src formats tests
	$(BIN)/lint-imports --no-logo

format: $(BUILT)  ## Let ruff put the code into shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

coverage: $(BUILT)  ## Run the tests and list the lines and branches that none of them reached
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

test-wheel: $(WHEEL_READY)  ## Run the tests against the built wheel, in an empty environment outside the checkout
	$(PYTHON) -m venv --clear $(WHEEL_ENV)
	$(WHEEL_ENV)/bin/python -m pip install $(PIP_FLAGS) --require-hashes -r $(LOCK)
	$(WHEEL_ENV)/bin/python -m pip install $(PIP_FLAGS) --no-index $(WHEELS)/*.whl
	$(WHEEL_ENV)/bin/pytest $(PYTEST_ARGS) --from-wheel

test-consumers: $(CONSUMERS_READY) $(DATUMARO_READY) $(WHEEL_READY)  ## Load our datasets with torchvision, Ultralytics and others
	$(CONSUMERS_ENV)/bin/python -m pip install $(PIP_FLAGS) --no-index --no-deps --force-reinstall $(WHEELS)/*.whl
	EXPORTKIT_DATUMARO_PYTHON=$(DATUMARO_ENV)/bin/python \
		$(CONSUMERS_ENV)/bin/pytest $(PYTEST_ARGS) --from-wheel tests/consumers

bench: $(BUILT) $(BENCH_READY)  ## Measure speed and memory against the C floor program in ../shared/bench
	$(BIN)/python tests/benchmarks/against_floor.py --data $(BENCH_DATA) --python $(BENCH_ENV)/bin/python $(BENCH_ARGS)

lock:  ## Write the lock file anew: newest versions that pyproject.toml allows
	$(PYTHON) -m venv .cache/lock
	.cache/lock/bin/python -m pip install $(PIP_FLAGS) uv
	.cache/lock/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
		--no-header --no-annotate --no-emit-package exportkit \
		--extra dev --output-file $(LOCK) pyproject.toml > /dev/null

clean:  ## Remove everything that make has put into the checkout
	rm -f src/exportkit/native/*.so
	rm -rf .venv .cache dist demo-out .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage .coverage.*
	find src formats tests fixtures -type d -name __pycache__ -prune -exec rm -rf {} +

$(READY): $(LOCK) pyproject.toml
	@test -n '$(PYTHON)' || { echo 'No Python of at least 3.11 was found; name one with make PYTHON=/path/to/python.' >&2; exit 2; }
	@echo 'Setting up .venv (once)'
	@$(PYTHON) -m venv --clear .venv
	@$(BIN)/python -m pip install $(PIP_FLAGS) --require-hashes -r $(LOCK)
	@touch $@

# The compiled core is built into the checkout; a machine without a C compiler goes without it.
$(BUILT): $(READY) $(wildcard src/exportkit/native/*.c src/exportkit/native/*.h src/exportkit/native/build_hook.py)
	@rm -f src/exportkit/native/*.so
	@$(BIN)/python -m pip install $(PIP_FLAGS) --no-deps --no-build-isolation --editable .
	@touch $@

$(WHEEL_READY): $(BUILT) $(SOURCES) README.md LICENSE
	rm -rf $(WHEELS)
	$(BIN)/python -m build --wheel --no-isolation --outdir $(WHEELS) . > /dev/null
	@touch $@

# torch and what stands on it fill gigabytes: one environment for all checkouts with the same list.
# The lock file serves as constraints, so that everything else has the versions of the ordinary tests.
$(CONSUMERS_READY): $(CONSUMERS_LIST) $(LOCK) $(WHEEL_READY)
	$(PYTHON) -m venv --clear $(CONSUMERS_ENV)
	sed -n 's/ *\\$$//; /^[a-z]/p' $(LOCK) > $(CONSUMERS_ENV)/constraints.txt
	$(CONSUMERS_ENV)/bin/python -m pip install $(PIP_FLAGS) -c $(CONSUMERS_ENV)/constraints.txt -r $(CONSUMERS_LIST) \
		"$$(echo $(WHEELS)/*.whl)[geometry,images,parquet,testing,zstd]"
	@touch $@

$(DATUMARO_READY): $(DATUMARO_LIST)
	$(PYTHON) -m venv --clear $(DATUMARO_ENV)
	$(DATUMARO_ENV)/bin/python -m pip install $(PIP_FLAGS) -r $(DATUMARO_LIST)
	@touch $@

# The data generator draws with numpy; exportkit itself runs in .venv.
$(BENCH_READY):
	$(PYTHON) -m venv --clear $(BENCH_ENV)
	$(BENCH_ENV)/bin/python -m pip install $(PIP_FLAGS) numpy orjson
	@touch $@
