# Both `make demo` and `make test` start from nothing: they bring the Python environment, the container engine and
# gVisor if they are missing, and end what they have started.

.DEFAULT_GOAL := help
python := .venv/bin/python

.PHONY: help
help: ## Show this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1\t\2/p' Makefile | expand -t 20

.PHONY: demo
demo: ## Deploy a real program on a Host with gVisor, message it, and take everything down again
	@scripts/demo.sh

.PHONY: test
test: ## Set everything up and pass every check and every test
	@scripts/test.sh

.PHONY: venv
venv: ## Make .venv with everything for development
	@scripts/venv.sh dev

.PHONY: unit
unit: venv ## Unit tests: seconds, no engine, no network
	@$(python) -m pytest tests/unit

.PHONY: integration
integration: venv ## Integration tests on the real engine, which is left running
	@scripts/engine-up.sh
	@scripts/base-image.sh
	@$(python) -m pytest tests/integration

.PHONY: benchmarks
benchmarks: ## A short form of every benchmark, with what it needs; ten minutes at most
	@scripts/benchmarks.sh

.PHONY: lint
lint: venv ## Style, types, the direction of imports, and that what is imported is declared
	@.venv/bin/ruff check --quiet
	@.venv/bin/ruff format --check --quiet
	@.venv/bin/mypy
	@.venv/bin/lint-imports
	@.venv/bin/deptry --no-ansi src adapters
	@$(python) -m pip check --disable-pip-version-check
