# Everything starts here; `make help` lists the targets. Needs python3 (with venv), make, git, and a Python 3.13.
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
# A local stack that may write bytecode starts in half the time.
export PYTHONDONTWRITEBYTECODE :=
export SAM_CLI_TELEMETRY := 0
export AWS_DEFAULT_REGION ?= us-east-1

UV := .tools/bin/uv
PY := .venv/bin/python
PYTHON_VERSION := $(shell cat .python-version)
UV_VENV := UV_PYTHON_DOWNLOADS=automatic $(UV) venv --quiet --clear --python "$(PYTHON_VERSION)"
COMPILE := $(UV) pip compile --quiet --universal --python-version $(PYTHON_VERSION) --generate-hashes \
	--no-header --no-annotate --no-emit-index-url --no-emit-find-links
# SAM runs the layers' Makefiles, which call uv and python3.13.
SAM := PATH="$(CURDIR)/.tools/bin:$(CURDIR)/.venv/bin:$$PATH" .venv-sam/bin/sam
TESTS ?=

.PHONY: help
help:  ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1|\2/' | column -t -s '|'

# --- set-up: each target below does its own -----------------------------------------------------------------------

$(UV): requirements/tools.txt
	@echo "Set-up 1/3: uv, in .tools/"
	@python3 -m venv .tools
	@.tools/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/tools.txt
	@touch $@

.venv/.ready: .python-version requirements/dev.txt $(UV)
	@echo "Set-up 2/3: Python $(PYTHON_VERSION), in .venv/"
	@$(UV_VENV) --seed .venv 2>.tools/python.log || { echo "No Python $(PYTHON_VERSION) was found, and none could be downloaded (.tools/python.log says why): install one (https://www.python.org/downloads/, pyenv, or your system's packages) and run make again." >&2; exit 1; }
	@echo "Set-up 3/3: the locked packages"
	@$(UV) pip sync --quiet --require-hashes --compile-bytecode --python $(PY) requirements/dev.txt
	@echo "$(CURDIR)/layers/packhouse" > "$$($(PY) -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/packhouse.pth"
	@touch $@

.venv-sam/.ready: .python-version requirements/sam.txt $(UV)
	@echo "Set-up: SAM, in .venv-sam/"
	@$(UV_VENV) .venv-sam
	@$(UV) pip sync --quiet --require-hashes --compile-bytecode --python .venv-sam/bin/python requirements/sam.txt
	@touch $@

.venv-scan/.ready: .python-version requirements/scan.txt $(UV)
	@echo "Set-up: semgrep, checkov and detect-secrets, in .venv-scan/"
	@$(UV_VENV) .venv-scan
	@$(UV) pip sync --quiet --require-hashes --compile-bytecode --python .venv-scan/bin/python requirements/scan.txt
	@touch $@

.PHONY: setup
setup: .venv/.ready  ## install what run, test and check need (they do it themselves)

.PHONY: lock
lock: $(UV)  ## resolve the requirements again, with hashes
	cd requirements && for name in tools sam scan dev; do ../$(COMPILE) -o $$name.txt $$name.in || exit 1; done
	for layer in packhouse office; do $(COMPILE) --constraint requirements/dev.txt -o layers/$$layer/requirements.txt layers/$$layer/requirements.in; done

# --- the two commands ---------------------------------------------------------------------------------------------

.PHONY: run
run: .venv/.ready  ## start the local stack: console, API, demo data (Ctrl-C keeps its state)
	@exec $(PY) -m dev

.PHONY: test
test: .venv/.ready  ## run every test (TESTS="tests/proofs/races -k key" narrows it)
	@$(PY) -m pytest --numprocesses 2 --dist loadgroup --shares $(TESTS)

.PHONY: quick
quick: .venv/.ready  ## the tests of unit, api and house: under 90 seconds, to run while you work
	@$(PY) -m pytest --numprocesses 2 --dist loadgroup --shares tests/unit tests/api tests/house

.PHONY: audit
audit: .venv/.ready  ## let the auditor look twice at the running local stack
	@$(PY) -m dev.operate.audit

.PHONY: prove
prove: .venv/.ready  ## the long proofs: two faults, long histories, many runs of the model, a longer fuzz (docs/proof.md)
	@$(PY) -m tests.proofs.crash
	@$(PY) -m tests.proofs.histories
	@$(PY) -m tests.proofs.model
	@$(PY) -m tests.proofs.fuzz

.PHONY: bench
bench: .venv/.ready  ## measure CPU, imports, units, cost, throughput (docs/performance.md)
	@$(PY) -m bench

# --- the checks ---------------------------------------------------------------------------------------------------

.PHONY: check
check: lint types template-lint openapi-drift scan  ## ruff, mypy, the template, OpenAPI drift, the scanners

.PHONY: lint
lint: .venv/.ready  ## ruff: every rule, and the format
	$(PY) -m ruff check
	$(PY) -m ruff format --check

.PHONY: types
types: .venv/.ready  ## mypy, strict, tests included
	$(PY) -m mypy

.PHONY: template-lint
template-lint: .venv/.ready .venv-sam/.ready .venv-scan/.ready  ## the template, as written and as expanded: sam, cfn-lint, checkov
	$(PY) -m dev.checks.scan cfn-lint checkov
	$(SAM) validate --lint

.PHONY: openapi
openapi: .venv/.ready  ## write openapi.json anew from the functions
	$(PY) -m dev.checks.openapi

.PHONY: openapi-drift
openapi-drift: .venv/.ready  ## fail if openapi.json isn't what the functions say
	$(PY) -m dev.checks.openapi --check

.PHONY: scan
scan: .venv/.ready .venv-scan/.ready  ## bandit, semgrep with our own rules, detect-secrets (docs/checks.md)
	$(PY) -m dev.checks.scan semgrep detect-secrets bandit

# --- build and deploy ---------------------------------------------------------------------------------------------

.PHONY: build
build: .venv/.ready .venv-sam/.ready  ## sam build, without Docker, and a look at what came out
	$(SAM) build --parallel
	$(PY) -m dev.checks.built

.PHONY: deploy
deploy: build  ## sam deploy to ENV=staging or ENV=production
	@test -n "$(ENV)" || { echo "Say where to: make deploy ENV=staging" >&2; exit 1; }
	$(SAM) deploy --config-env "$(ENV)"

.PHONY: clean
clean:  ## remove the set-up, the builds and the caches (not .local/, the stack's state)
	rm -rf .venv .venv-sam .venv-scan .tools .aws-sam .mypy_cache .ruff_cache .pytest_cache .hypothesis
