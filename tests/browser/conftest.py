"""The made-up shop stands beside the core's tests; pages in the browser show the same one."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "core"))
