import datetime
import re

import numpy as np
import pytest

from ocr_tf.data.render.patterns import PATTERNS, is_luhn, luhn_digit


def texts(name: str, times: int = 400) -> list:
    random = np.random.default_rng(0)
    drawn = [PATTERNS[name].draw(random) for _ in range(times)]
    assert set("".join(text.drawn for text in drawn)) <= PATTERNS[name].alphabet
    return drawn


def test_the_check_digit_is_that_of_the_known_examples():
    assert luhn_digit("7992739871") == "3"
    assert is_luhn("4111111111111111") and not is_luhn("4111111111111112")
    assert not is_luhn("4111111111111191")  # no swap of a digit goes unnoticed


def test_card_numbers_are_valid_and_stand_in_groups():
    for text in texts("bankcard"):
        assert re.fullmatch("[0-9]{16,19}", text.label) and is_luhn(text.label)
        assert text.drawn.replace(" ", "") == text.label and " " in text.drawn


def test_dates_exist():
    forms = ["%Y-%m-%d", "%d/%m/%Y", "%m/%d/%y", "%d.%m.%Y", "%d %b %Y", "%b %d, %Y", "%m/%y"]

    def is_date(text: str) -> bool:
        for form in forms:
            try:
                return bool(datetime.datetime.strptime(text, form))
            except ValueError:
                pass
        return False

    assert all(is_date(text.label) for text in texts("date"))


@pytest.mark.parametrize("name", ["phone", "plate"])
def test_what_is_drawn_is_what_is_read(name):
    assert all(text.label == text.drawn and text.label.strip() for text in texts(name))
