"""Gradients do not depend on memory that was never written, which bites on processors with AMX alone."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

# Fills what TensorFlow allocates with bytes that are not a number, in float32 and in bfloat16.
FILL = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <string.h>
#include <stdlib.h>
int posix_memalign(void **memory, size_t alignment, size_t size) {
    static int (*real)(void **, size_t, size_t);
    if (!real) real = dlsym(RTLD_NEXT, "posix_memalign");
    int failed = real(memory, alignment, size);
    if (!failed) memset(*memory, 0xff, size);
    return failed;
}
"""
GRADIENTS = """
import numpy as np, tensorflow as tf
from ocr_tf.encoders.layers import convolve
draw = np.random.default_rng(0)
for channels, filters, height in ((128, 128, 6), (72, 96, 12), (32, 64, 20)):
    kernel = tf.cast(draw.standard_normal([3, 3, channels, filters]), tf.bfloat16)
    for width in (33, 184, 212, 304, 332, 348, 368, 412):
        values = tf.cast(draw.standard_normal([8, height, width, channels]), tf.bfloat16)
        for _ in range(3):
            with tf.GradientTape() as tape:
                tape.watch([values, kernel])
                outputs = convolve(values, kernel)
            for gradient in tape.gradient(outputs, [values, kernel], output_gradients=outputs):
                assert np.isfinite(tf.cast(gradient, tf.float32)).all(), (channels, width)
print("all finite")
"""


@pytest.mark.slow
def test_the_gradients_of_a_convolution_read_what_was_written(tmp_path):
    compiler = shutil.which("cc")
    if compiler is None or not sys.platform.startswith("linux"):
        pytest.skip("needs a C compiler and Linux")
    source, library = tmp_path / "fill.c", tmp_path / "fill.so"
    source.write_text(FILL)
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    environment = {**os.environ, "LD_PRELOAD": str(library), "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(
        [sys.executable, "-c", GRADIENTS], capture_output=True, text=True, env=environment
    )
    assert done.returncode == 0 and "all finite" in done.stdout, done.stderr
