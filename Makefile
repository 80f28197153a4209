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
# In the order of rooms: sorted by their number of tests, few long ones would be left to the end.
PYTEST_ARGS ?= -n 2 --dist loadscope --no-loadscope-reorder
# A wheel holds the files of the sources, byte for byte (tests/native/test_wheels.py); what may differ is how modules, data,
# programs and plugins are found, and whether documented commands run.
WHEEL_TESTS := tests/cli tests/compat tests/contracts/test_our_writers.py tests/conversion/test_fixture_bundles.py tests/docs \
	tests/house/test_light_start.py tests/native/test_switch.py tests/plugins tests/running/test_run_command.py \
	tests/server/test_schema.py tests/testing/test_sample_material.py
# That it gives the bytes of the compiled core, and any number of workers does, is proved by tests/parity.
PURE_TESTS := tests/bundles tests/check tests/contracts tests/conversion tests/formats tests/normalize tests/records tests/writing

SOURCES := $(shell find src formats -type f -not -name '*.pyc')
WHEELS := dist/wheel
WHEEL_READY := $(WHEELS)/.ready
WHEEL_ENV := $(CACHE)/wheel-$(shell pwd | cksum | cut -d' ' -f1)

# Environments of the consumers: one for each list, named by what it asks for and by the Python, and shared by all checkouts.
LISTS := tests/consumers/environments tests/benchmarks/peers/environments
list = $(wildcard $(LISTS:%=%/$(1).txt))
SYSTEM := $(shell $(PYTHON) -c 'import platform, sys; print(sys.version_info[:2], platform.machine())' 2>/dev/null)
environment = $(CACHE)/$(1)-$(shell { sed '/^\#/d; /^ *$$/d' $(call list,$(1)); echo '$(SYSTEM)'; } | cksum | cut -d' ' -f1)
TORCH_ENV := $(call environment,torch)
NEIGHBOURS := datumaro globox labelformat
NEIGHBOUR_ENVS := $(foreach name,$(NEIGHBOURS),$(call environment,$(name)))
RAY_PACKAGES := $(call environment,ray)
PEER_ENVS := $(call environment,rust) $(call environment,pylabel)
# Of this checkout: its wheel, its locked packages, and behind them those of the consumers, or Ray.
CONSUMERS_ENV := $(CACHE)/consumers-$(shell pwd | cksum | cut -d' ' -f1)
RAY_ENV := $(CACHE)/with-ray-$(shell pwd | cksum | cut -d' ' -f1)

# An environment with the wheel, and behind it the packages of others, but not what they have installed for editing.
define with_wheel
	@$(PYTHON) -m venv --clear --without-pip $(1)
	@$(BIN)/python -m pip --python $(1)/bin/python install $(PIP_FLAGS) --no-index --no-deps $(WHEELS)/*.whl
	@for python in $(2); do \
		$$python -c 'import site; print(site.getsitepackages()[0])'; \
	done > "$$(echo $(1)/lib/python3*/site-packages)/behind.pth"
	$(BIN)/python -m pip --python $(1)/bin/python check $(PIP_FLAGS)
endef

BENCH_DATA ?= $(CACHE)/bench-data
BENCH_ARGS ?=
FLOOR_ARGS ?=
SOAK_ROUNDS ?= 500
SOAK_KILLS ?= 200
# One export waits for another as little as one property does.
SOAK_ARGS ?= -n 2 --dist load --timeout 0

.PHONY: bench bench-floor bench-gate bench-gate-renew bench-peers help demo test test-pure parity soak soak-bundles soak-kills lint format coverage test-wheel test-consumers test-ray test-sdk lock clean

help:  ## Show this list
	@sed -n 's/^\([a-z-]*\):.*##/\1 #/p' $(firstword $(MAKEFILE_LIST)) | awk -F ' # *' '{printf "  make %-16s %s\n", $$1, $$2}'

demo: $(BUILT)  ## Convert a small bundle of pictures into four checked datasets
	@$(BIN)/exportkit demo -o demo-out --overwrite

test: $(BUILT)  ## Run the tests that need nothing but Python
	$(BIN)/pytest $(PYTEST_ARGS)

test-pure: $(BUILT)  ## Run the tests of readers, writers and conversions without the compiled core
	EXPORTKIT_NATIVE=0 $(BIN)/pytest $(PYTEST_ARGS) $(PURE_TESTS)

parity: $(BUILT)  ## Compare every way to a dataset with every other, in all combinations (PYTEST_ARGS="-n 4": 40 minutes on two cores)
	EXPORTKIT_PARITY=full $(BIN)/pytest $(PYTEST_ARGS) --timeout 0 -m parity tests/parity

soak: soak-bundles soak-kills  ## Both of the following, for hours

soak-bundles: $(BUILT)  ## Try the properties on many more drawn bundles: SOAK_ROUNDS=500 of each
	EXPORTKIT_SOAK_ROUNDS=$(SOAK_ROUNDS) $(BIN)/pytest $(SOAK_ARGS) tests/properties

soak-kills: $(BUILT)  ## Kill SOAK_KILLS=200 exports at a request and as many after a time, and go on with them
	EXPORTKIT_SOAK_KILLS=$(SOAK_KILLS) $(BIN)/pytest $(SOAK_ARGS) tests/parity/test_killed.py

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

test-wheel: $(WHEEL_READY)  ## Run the tests of the whole program against the built wheel, outside the checkout
	$(call with_wheel,$(WHEEL_ENV),$(BIN)/python)
	$(WHEEL_ENV)/bin/python -m pytest $(PYTEST_ARGS) --from-wheel $(WHEEL_TESTS)

test-consumers: $(WHEEL_READY) $(TORCH_ENV) $(NEIGHBOUR_ENVS)  ## Load our datasets with torchvision, Ultralytics and others
	@touch $(TORCH_ENV) $(NEIGHBOUR_ENVS)
	$(call with_wheel,$(CONSUMERS_ENV),$(BIN)/python $(TORCH_ENV)/bin/python)
	EXPORTKIT_CONSUMERS='$(NEIGHBOUR_ENVS)' $(CONSUMERS_ENV)/bin/python -m pytest $(PYTEST_ARGS) --from-wheel tests/consumers

test-ray: $(WHEEL_READY) $(RAY_PACKAGES)  ## Convert on Ray, on clusters of this machine that lose nodes
	@touch $(RAY_PACKAGES)
	$(call with_wheel,$(RAY_ENV),$(BIN)/python $(RAY_PACKAGES)/bin/python)
	PATH="$(abspath $(BIN)):$$PATH" $(RAY_ENV)/bin/python -m pytest $(PYTEST_ARGS) --from-wheel tests/ray

test-sdk: $(BUILT)  ## Hold the server against synapse-sdk, in a Python 3.12 environment of its own (made once)
	$(BIN)/pytest $(PYTEST_ARGS) -m sdk tests/sdk

bench: $(BUILT)  ## Measure all formats, engines and sizes, other tools beside: BENCH_ARGS='--scale 20k'
	$(BIN)/python -m tests.benchmarks.suite --data $(BENCH_DATA) $(BENCH_ARGS)

bench-peers: $(BUILT) $(TORCH_ENV) $(NEIGHBOUR_ENVS) $(PEER_ENVS)  ## Install the other tools that make bench measures, once
	@touch $(TORCH_ENV) $(NEIGHBOUR_ENVS) $(PEER_ENVS)
	$(BIN)/python -c 'from tests.sdk.environment import sdk_python; sdk_python()'

bench-floor: $(BUILT)  ## Measure CPU against a C program that does the least, and actions against convert
	$(BIN)/python -m tests.benchmarks.against_floor --data $(BENCH_DATA) $(FLOOR_ARGS)
	$(BIN)/python -m tests.benchmarks.actions_against_convert --data $(BENCH_DATA)

bench-gate: $(BUILT)  ## Hold the instructions of small conversions against the committed counts
	$(BIN)/python -m tests.benchmarks.instruction_gate

bench-gate-renew: $(BUILT)  ## Count the instructions of small conversions anew, for this Python
	$(BIN)/python -m tests.benchmarks.instruction_gate --renew

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

# Made under another name and renamed when it is whole, never changed afterwards: checkouts do not disturb each other.
# The lock file serves as constraints where packages are shared, and is no part of the name: torch fills gigabytes, and
# it does not matter which versions stand beside it, since locked ones are imported first.
# What no checkout has used for two weeks is removed.
$(TORCH_ENV) $(RAY_PACKAGES) $(NEIGHBOUR_ENVS) $(PEER_ENVS):
	@echo 'Setting up $(@F) in $(@D) (once)'
	@new=$@.new.$$$$ && trap 'rm -rf '$$new EXIT && $(PYTHON) -m venv $$new && \
		sed -n 's/ *\\$$//; /^[a-z]/p' $(if $(filter $(TORCH_ENV) $(RAY_PACKAGES),$@),$(LOCK),/dev/null) > $$new/constraints.txt && \
		$$new/bin/python -m pip install $(PIP_FLAGS) -c $$new/constraints.txt \
			-r $(call list,$(firstword $(subst -, ,$(@F)))) && \
		{ test -d $@ || mv $$new $@; }
	@find $(CACHE) -mindepth 1 -maxdepth 1 -name '*-[0-9]*' -mtime +14 -exec rm -rf {} +

# The data generator draws with numpy; exportkit itself runs in .venv.
