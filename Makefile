# setup, demo, test, lint, check, clean. Only Python 3.11+ and make need to be there; see CONTRIBUTING.md.

PY := .venv/bin/python
FRONT_END := $(shell find js -path js/node_modules -prune -o -path js/build -prune -o -type f -print)
PYTHON_CODE := rtwidgets tests benchmarks tools hatch_build.py notebooks

.PHONY: setup demo test test-setup lint check soak bench bench-widgets format clean
.DELETE_ON_ERROR:

setup: .venv/.installed .venv/.front_end  ## prepare .venv with everything

.venv/.installed: pyproject.toml hatch_build.py tools/setup.sh
	sh tools/setup.sh
	@touch $@ .venv/.front_end

.venv/.front_end: .venv/.installed $(FRONT_END)
	$(PY) hatch_build.py
	@touch $@

demo: setup  ## this machine, live, in JupyterLab; HEADLESS=1 runs it without a person
	$(PY) -m tools.demo $(if $(HEADLESS),--headless)

test-setup: setup
	sh tools/test_setup.sh

test: test-setup  ## every JavaScript, Python and browser test; ARGS="tests/client -k name" runs a part
	$(PY) -m tools.npm test
ifdef ARGS
	$(PY) -m pytest $(ARGS)
else
# Most tests wait more than they work. Those of how soon something happens have the machine to themselves.
	$(PY) -m pytest -n 4 -m "not browser and not alone"; failed=$$?; \
	$(PY) -m pytest -n 2 --dist loadfile -m "browser and not alone" || failed=1; \
	$(PY) -m pytest -m alone && exit $$failed
endif

lint: setup  ## format, lint, types
	$(PY) -m ruff format --check $(PYTHON_CODE)
	$(PY) -m ruff check $(PYTHON_CODE)
	$(PY) -m mypy
	$(PY) -m tools.npm run --silent typecheck

check: lint  ## the same, and unit tests
	$(PY) -m tools.npm test
	$(PY) -m pytest -q -m "not browser and not slow" $(ARGS)

soak: setup  ## a steady load on a hub for 20 minutes, and what it grew by; SOAK_S=seconds, LONG=1: 150 minutes
	$(PY) -m tests.soak

# The peers get an environment of their own: uvloop, once installed, is what every uvicorn takes.
build/bench/.installed: .venv/.installed benchmarks/peers/package-lock.json
	$(PY) -m venv build/bench
	build/bench/bin/python -m pip install --quiet --disable-pip-version-check -e '.[bench]'
	if command -v npm >/dev/null; then npm ci --silent --prefix benchmarks/peers; fi
	@touch $@

bench: setup build/bench/.installed  ## the hub beside other servers; ARGS="--help" shows what can be chosen
	build/bench/bin/python -m benchmarks $(ARGS)

# Big packages that nothing else needs.
build/bench-widgets/.installed: .venv/.installed
	$(PY) -m venv build/bench-widgets
	build/bench-widgets/bin/python -m pip install --quiet --disable-pip-version-check -e '.[bench-widgets]'
	@touch $@

bench-widgets: setup build/bench-widgets/.installed  ## widgets beside others in JupyterLab; ARGS="--help"
	build/bench-widgets/bin/python -m benchmarks.widgets $(ARGS)

format:  ## rewrite the Python code in the house format
	$(PY) -m ruff format $(PYTHON_CODE)
	$(PY) -m ruff check --fix $(PYTHON_CODE)

clean:  ## remove what setup and the builds made
	rm -rf .venv build dist js/node_modules js/build rtwidgets/widgets/static
