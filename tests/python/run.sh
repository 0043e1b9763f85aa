#!/bin/sh
# The package python/ over libbxc.so: the same bits as the command line, diagnoses as Python's, threads; and the
# notebook from top to bottom. Needs a Python with numpy.
set -u
for python in "${PYTHON:-python3}" /usr/bin/python3; do
    if "$python" -c 'import numpy' 2> /dev/null; then break; fi
    python=
done
if [ -z "$python" ]; then echo "skip python: no Python with numpy is here (Debian: python3-numpy)"; exit 0; fi
case $BUILD in *asan* | *coverage*) echo "skip python: libbxc.so of this build needs its runtime first"; exit 0 ;; esac
export PYTHONPATH="$ROOT/python" BXC_LIBRARY="$BUILD/libbxc.so" PYTHONDONTWRITEBYTECODE=1
if "$BXC" --version | grep -q "^bxc $("$python" -c 'import bxc; print(bxc.__version__)' | sed 's/[.]/[.]/g')\( \|$\)"; then
    echo "ok python_version"
else
    echo "not ok python_version: python/bxc/_version.py is not BXC_VERSION of driver/bxc.h"
fi
"$python" "$ROOT/tests/python/package.py"
"$python" "$ROOT/tests/python/notebook.py" "$ROOT/examples/notebooks/jets.ipynb"
