"""Evaluated runs, which several files of tests ask."""

import pytest

from tests.study.analysis import runs


@pytest.fixture(scope="package")
def evaluated(tmp_path_factory):
    return runs.grid(tmp_path_factory.mktemp("runs"))
