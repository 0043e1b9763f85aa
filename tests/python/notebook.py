"""Runs a notebook's cells from top to bottom in plain Python: notebook.py FILE"""

import json
import os
import sys
import traceback
import warnings

path = sys.argv[1]
name = os.path.basename(path)
os.chdir(os.path.dirname(path))
with open(path) as file:
    cells = [cell for cell in json.load(file)["cells"] if cell["cell_type"] == "code"]
scope = {"__name__": "__main__"}
warnings.simplefilter("ignore")
for number, cell in enumerate(cells):
    try:
        exec(compile("".join(cell["source"]), f"{name}, cell {number}", "exec"), scope)
    except BaseException:
        traceback.print_exc()
        print(f"not ok {name}: cell {number} failed")
        break
else:
    print(f"ok {name}: {len(cells)} cells" if cells else f"not ok {name}: it has no cells")
