import pytest


@pytest.fixture(scope="session", autouse=True)
def image_index(tmp_path_factory):
    """Keeps what is measured of the tests' images out of the user's cache folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OCR_TF_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield
