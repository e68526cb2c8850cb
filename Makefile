# make test    everything that must hold: lint, types, floors, tests
# make demo    a real shop in the console, served on this machine (PORT=8765, DATA=var/demo, SHOP=journey or simulated)
# make bench   seconds and memory on a million customers (SIZE=5m: five million)      make bench-app   the server's
# make bench-peers  the purchase models beside lifetimes (SIZES="2357 23570": without the million; PYMC=1: pymc-marketing too)
# make bench-intake  events over the wire beside a bare handler, and how soon stages follow (MINUTES=2)
# make bench-holdout   forecasts judged on real orders (TENURE_TEST_DATA: their folder)      make bench-rules   rules likewise
# make check   lint, types and floors only       make long   the generated tests, 10,000 examples each
# make torture imports killed ten times on each database, server and worker twenty (TENURE_KILLS, TENURE_SEED)
# make setup   .venv with the locked packages    make lock   the locks anew (needs uv)
# Python 3.11 or later is all that is needed; PYTHON=/path/to/python3 names one.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?=
PORT   ?= 8765
DATA   ?= var/demo
SIZE   ?= 1m
SIZES  ?= 2357 23570 1000000
# PYMC=1 measures pymc-marketing too
PYMC   ?= 0
# of the live part of bench-intake; 60 for the whole hour
MINUTES ?= 2
SHOP   ?= journey
# JOBS=2 runs the tests in two processes
JOBS   ?= 0

# what the models are measured beside, with packages on which it runs as it was released; they need Python 3.11
PEERS := lifetimes==0.11.3 numpy==1.25.2 scipy==1.10.1 pandas==2.0.3

# what the wheel is not asked again: formulas and how cells are read, which are the same code under `make test`
DECIDED := $(addprefix lifecycle/test_,chances engine_equals_oracle explain figures flows learning mutations no_look_ahead oracle \
	oracle_formulas oracle_lives oracle_seasons oracle_stance passages population rhythm season sentence_days suggest) \
	$(addprefix purchase/test_,covariates many_customers mbg_nbd purchase_contract purchase_formulas purchase_published spend) \
	$(addprefix read/test_read_,amounts anything rows times) measure/test_difference \
	$(addprefix worth/test_,backtest forecast_numbers worth_bad_input worth_doubts) \
	test_cli_refusals test_invariants test_seasonal_shop test_stopping

BIN := .venv/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# the order files some tests read, when they lie beside the project
ifneq ($(wildcard ../shared/data),)
export TENURE_TEST_DATA ?= $(abspath ../shared/data)
endif

.PHONY: help setup check lint types floors test long torture demo bench bench-app bench-peers bench-holdout bench-rules bench-intake wheel lock clean

help:
	@sed -n '/^#/!q; s/^# //p' Makefile

setup: .venv/installed

# a Python that is new enough and can make environments; else one line on what to install
.venv/made:
	@found=; lacking=; \
	for python in $(or $(PYTHON),python3 python3.14 python3.13 python3.12 python3.11); do \
		version=$$($$python -c 'import sys; sys.version_info >= (3, 11) and print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || continue; \
		[ -n "$$version" ] || continue; \
		if $$python -c 'import ensurepip, venv' 2>/dev/null; then found=$$python; break; fi; \
		lacking=$${lacking:-$$version}; \
	done; \
	if [ -z "$$found" ] && [ -n "$$lacking" ]; then \
		echo "Python $$lacking is here, but it cannot make environments. Install one package: apt-get install python$$lacking-venv" >&2; exit 1; \
	elif [ -z "$$found" ]; then \
		echo "Python 3.11 or later is needed and was not found. Install it, or name it: make setup PYTHON=/path/to/python3" >&2; exit 1; \
	fi; \
	echo "== setup: .venv with $$($$found --version)"; \
	$$found -m venv --clear .venv
	@touch $@

.venv/locked: requirements/dev.txt | .venv/made
	@echo "== setup: the packages of requirements/dev.txt, by hash"
	@$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements/dev.txt
	@touch $@

.venv/installed: pyproject.toml .venv/locked
	@echo "== setup: tenure itself"
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

lint: setup
	@echo "== lint"
	@$(BIN)/ruff check

types: setup
	@echo "== types"
	@$(BIN)/mypy

floors: setup
	@echo "== floors"
	@$(BIN)/lint-imports --no-logo

check: lint types floors

test: check
	@.ci/parts
	@echo "== tests$(if $(TENURE_TEST_DATA),, (TENURE_TEST_DATA is not set: the tests on the real order files will be skipped))"
	@$(BIN)/python -m pytest $(if $(filter-out 0,$(JOBS)),-n $(JOBS) --dist worksteal)

long: setup
	@echo "== generated tests, 10,000 examples each"
	@TENURE_EXAMPLES=10000 $(BIN)/python -m pytest -m "generated or hypothesis"

torture: setup
	@.ci/parts
	@echo "== imports killed, and going on"
	@TENURE_KILLS=$${TENURE_KILLS:-10} $(BIN)/python -m pytest -s tests/app/test_kills.py
	@echo "== server, worker and database killed under load"
	@TENURE_KILLS=$${TENURE_KILLS:-20} $(BIN)/python -m pytest -s $(addprefix tests/app/wire/test_wire_,kills.py restarts.py clocks.py)

demo: setup
	@$(BIN)/python demo/demo.py --shop $(SHOP) --port $(PORT) --data $(DATA)

bench: setup
	@$(BIN)/python benchmarks/bench.py --size $(SIZE)

bench-app: setup
	@.ci/parts
	@$(BIN)/python benchmarks/app.py

bench-peers: setup
	@$(BIN)/python benchmarks/peers.py --sizes "$(SIZES)" $(if $(filter-out 0,$(PYMC)),--pymc)

bench-holdout: setup
	@$(BIN)/python benchmarks/holdout.py

bench-rules: setup
	@$(BIN)/python benchmarks/rules.py

bench-intake: setup
	@.ci/parts
	@$(BIN)/python benchmarks/intake.py --minutes $(MINUTES)

# the wheel as strangers get it: every file of the source is in it; it is installed without any development package, and tested from
# outside the source tree by what could go missing on the way: commands and packages
wheel: setup
	@echo "== wheel: built and tested on its own"
	@rm -rf build/wheel && mkdir -p build/wheel
	@$(BIN)/python -m build --wheel --no-isolation --outdir build/wheel . > build/wheel/log 2>&1 || { cat build/wheel/log; exit 1; }
	@$(BIN)/python -m venv build/wheel/venv
	@build/wheel/venv/bin/python -m pip install --quiet --require-hashes --requirement requirements/test.txt
	@build/wheel/venv/bin/python -m pip install --quiet --no-deps build/wheel/*.whl
	@diff <(cd src && find tenure tenure_app -type f ! -name '*.pyc' | sort) \
		<(cd build/wheel/venv/lib/python*/site-packages && find tenure tenure_app -type f ! -name '*.pyc' | sort) \
		|| { echo "the wheel lacks (<) or has too much (>)"; exit 1; }
	@env -u PYTHONPATH build/wheel/venv/bin/tenure --help > /dev/null
	@told=$$(env -u PYTHONPATH build/wheel/venv/bin/tenure doctor 2>&1 || true); \
		[[ $$told == *"the server parts are not installed"* ]] || { echo "tenure doctor without the server parts: $$told"; exit 1; }
	@env -u PYTHONPATH build/wheel/venv/bin/python -m pytest --installed-only $(if $(filter-out 0,$(JOBS)),-n $(JOBS) --dist worksteal) -m "not generated" tests/core \
		$(DECIDED:%=--ignore=tests/core/%.py)

lock:
	@for group in dev app test core; do \
		uv pip compile pyproject.toml --output-file requirements/$$group.txt --quiet --upgrade \
			$$(case $$group in dev) echo --group dev --extra app;; test) echo --group test;; app) echo --extra app;; esac) \
			$$([ $$group = dev ] || echo --constraint requirements/dev.txt) \
			--universal --python-version 3.11 --fork-strategy fewest \
			--generate-hashes --no-header --no-annotate; \
	done
	@printf '%s\n' $(PEERS) | uv pip compile - --output-file requirements/peers.txt --quiet --upgrade \
		--universal --python-version 3.11 --fork-strategy fewest \
		--generate-hashes --no-header --no-annotate

clean:
	rm -rf .venv build dist var .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
