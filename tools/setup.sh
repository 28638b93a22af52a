#!/bin/sh
# Make .venv and install rtwidgets into it, editable, with all that tests and the demo need.
# PYTHON=/path/to/python3.x chooses the interpreter.
set -eu

for candidate in "${PYTHON:-python3}" python3.13 python3.12 python3.11; do
    if command -v "$candidate" >/dev/null 2>&1 &&
        "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
        python=$candidate
        break
    fi
done
if [ -z "${python:-}" ]; then
    echo "setup: no Python 3.11 or newer found; install one or name it: make setup PYTHON=/path/to/python3.12" >&2
    exit 1
fi

# Debian and Ubuntu split venv off from Python.
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    package=$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        echo "setup: installing $package"
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$package" >/dev/null
    else
        echo "setup: $python has no venv module; get it with: sudo apt-get install $package" >&2
        exit 1
    fi
fi

# An interrupted run may have left half an environment.
if ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
    "$python" -m venv --clear .venv
fi
echo "setup: installing rtwidgets and its tools into .venv (a few minutes the first time)"
.venv/bin/python -m pip install --quiet --disable-pip-version-check -e '.[dev,jupyter]'

# The JavaScript tests need the Node that built the front end.
if ! .venv/bin/python -c 'import sys, hatch_build; sys.exit(hatch_build.node_on_path() is None)'; then
    .venv/bin/python -m pip install --quiet --disable-pip-version-check \
        "$(.venv/bin/python -c 'import hatch_build; print(hatch_build.NODE_PACKAGE)')"
fi
