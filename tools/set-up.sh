#!/bin/sh
# Makes the virtual environment in $1 and installs the project with all that its tests need.
set -eu
venv=$1
python=${PYTHON:-python3}

if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    echo "set-up: Python 3.11 or later is needed; '$python' is not. Say which: make PYTHON=/path/to/python3.11" >&2
    exit 2
fi
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "set-up: installing python3-venv"
        apt-get update -qq && apt-get install -y -qq python3-venv >/dev/null
    else
        echo "set-up: this Python has no venv module. On Debian: sudo apt-get install python3-venv" >&2
        exit 2
    fi
fi
[ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
echo "set-up: installing the project into $venv (once)"
"$venv/bin/python" -m pip install -q --disable-pip-version-check \
    -c tools/constraints.txt -e '.[typescript,clients,dev]'
