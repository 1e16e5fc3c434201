"""Metadata and pins. DESIGN's stack: the last TensorFlow that tensorflow-addons runs on."""

import re
from pathlib import Path

from setuptools import find_namespace_packages, setup

HERE = Path(__file__).parent
VERSION = re.search(r'__version__ = "(.+)"', (HERE / "ocr_tf" / "version.py").read_text("utf-8"))
README = HERE / "README.md"

assert VERSION is not None

setup(
    name="ocr_tf",
    version=VERSION.group(1),
    description="CTC or attention for reading text lines: a controlled comparison on your data",
    long_description=README.read_text("utf-8") if README.exists() else "",
    long_description_content_type="text/markdown",
    author="The ocr_tf authors",
    license="Apache-2.0",
    license_files=["LICENSE"],
    keywords="OCR text recognition CTC attention TensorFlow Keras comparison statistics",
    # A top-level package called `experiments` would be in everybody's way: installed, it is ours.
    packages=[
        *find_namespace_packages(include=["ocr_tf", "ocr_tf.*"]),
        "ocr_tf.experiments",
    ],
    package_dir={"ocr_tf.experiments": "experiments"},
    package_data={
        "ocr_tf": ["py.typed"],
        "ocr_tf.page": ["text_regions.json.gz"],
        "ocr_tf.preflight": ["templates/*.html"],
        "ocr_tf.systems": ["templates/*.html"],
        "ocr_tf.study.report": ["templates/*.html", "report.schema.json"],
    },
    entry_points={"console_scripts": ["ocr-tf = ocr_tf.cli.launch:console"]},
    python_requires=">=3.9,<3.12",
    install_requires=[
        "tensorflow==2.15.1",
        "tensorflow-addons==0.23.0",
        "tensorflow-serving-api==2.15.1",
        "numpy<2",
        "opencv-python<5",
        "absl-py",
        # TensorBoard 2.15 imports pkg_resources, which later setuptools lack.
        "tensorboard~=2.15.0",
        "tensorboard-plugin-profile~=2.15.0",
        "setuptools<81",
        "rapidfuzz",
        "scipy",
        "statsmodels",
        "jinja2",
        "tqdm",
        "lmdb",
        # The order of right-to-left text.
        "python-bidi",
        # Synthetic lines must look the same on every Python: one FreeType, one set of fonts.
        "matplotlib==3.9.4",
        "pillow==11.3.0",
    ],
    extras_require={
        "gpu": ["tensorflow[and-cuda]==2.15.1"],
        "study": ["optuna"],
        # make_records beyond one machine.
        "beam": ["apache-beam"],
        # What bench and bench_search compare with.
        "torch": ["torch"],
        "search": ["pyctcdecode", "kenlm", "flashlight-text"],
        "docs": ["mkdocs<2", "mkdocs-material", "mkdocstrings[python]"],
        "dev": [
            "ruff",
            "mypy",
            "pytest",
            "pytest-xdist",
            "optuna",
            "apache-beam",
            "build",
            "wheel",
            "flashlight-text",
            "jsonschema",
            "types-jsonschema",
            "types-tqdm",
            "mkdocs<2",
            "mkdocs-material",
            "mkdocstrings[python]",
        ],
    },
    classifiers=[
        "Development Status :: 4 - Beta",
        "Environment :: Console",
        "Intended Audience :: Science/Research",
        "License :: OSI Approved :: Apache Software License",
        "Operating System :: POSIX :: Linux",
        "Programming Language :: Python :: 3.9",
        "Programming Language :: Python :: 3.10",
        "Programming Language :: Python :: 3.11",
        "Topic :: Scientific/Engineering :: Image Recognition",
    ],
)
