#!/bin/sh
# The wheel of `make wheel` in a throw-away environment, where nothing else of bxc is: the package's tests against the
# command line, and the notebook as Jupyter runs it. What the environment needs comes from where pip looks; without it
# this is skipped.
set -u
environment=$WORK/environment
"${PYTHON:-python3}" -m venv "$environment" && . "$environment/bin/activate" &&
    pip -q install setuptools wheel numpy nbconvert ipykernel > "$WORK/pip.log" 2>&1 ||
    { echo "skip wheel: no environment with numpy and Jupyter: $(tail -n 1 "$WORK/pip.log")"; exit 0; }
make -s -C "$ROOT" wheel "variant=$(basename "$BUILD")" PYTHON=python > "$WORK/wheel.log" 2>&1 &&
    echo "ok wheel_is_made" || echo "not ok wheel_is_made: $(tail -n 1 "$WORK/wheel.log")"
pip -q install --no-deps --no-index "$BUILD"/wheel/*.whl > "$WORK/pip.log" 2>&1 &&
    echo "ok wheel_is_installed" || echo "not ok wheel_is_installed: $(tail -n 1 "$WORK/pip.log")"

cd "$WORK" || exit 1
unset BXC_LIBRARY PYTHONPATH
export PYTHONDONTWRITEBYTECODE=1 JUPYTER_CONFIG_DIR="$WORK/jupyter" JUPYTER_DATA_DIR="$WORK/jupyter" IPYTHONDIR="$WORK/jupyter"
place=$(python -c 'import bxc, bxc._library as library; print(bxc.__file__)')
case $place in "$environment"/*) echo "ok wheel_is_what_is_tested" ;; *) echo "not ok wheel_is_what_is_tested: $place" ;; esac
python "$ROOT/tests/python/package.py" | sed 's/^ok /ok wheel_/; s/^not ok /not ok wheel_/'

# The kernel is this environment's own: none that the machine has is asked.
python -m ipykernel install --prefix "$environment" --name wheel > /dev/null 2>&1
cp -r "$ROOT/examples" "$WORK/examples"
cd "$WORK/examples/notebooks" || exit 1
jupyter nbconvert --to notebook --execute --ExecutePreprocessor.kernel_name=wheel --output done.ipynb jets.ipynb > "$WORK/notebook.log" 2>&1 &&
    echo "ok notebook_by_jupyter" || echo "not ok notebook_by_jupyter: $(grep -m 1 Error "$WORK/notebook.log")"
python - done.ipynb << 'EOF'
import json
import sys

cells = [cell for cell in json.load(open(sys.argv[1]))["cells"] if cell["cell_type"] == "code"]
shown = [output for cell in cells for output in cell["outputs"]]
page = any("text/html" in output.get("data", {}) for output in shown)
print("ok notebook_shows_the_report" if page else "not ok notebook_shows_the_report: no cell has a page")
EOF
