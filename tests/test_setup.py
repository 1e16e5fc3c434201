"""What the locked versions must give: commands that start."""

import subprocess
import sys
from pathlib import Path

BIN = Path(sys.executable).parent


def test_tensorboard_starts():
    # Its releases of this line need setuptools' pkg_resources, which newer setuptools lack.
    done = subprocess.run(
        [BIN / "tensorboard", "--version_tb"], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().startswith("2.15")
