import numpy as np
import pytest

from ocr_tf.data.render.template import parse
from ocr_tf.errors import InputError


def drawn(template: str, times: int = 300) -> set:
    random = np.random.default_rng(0)
    node = parse(template)
    texts = {node.draw(random) for _ in range(times)}
    assert set("".join(texts)) <= node.alphabet()
    return texts


@pytest.mark.parametrize(
    "template, texts",
    [
        ("", {""}),
        ("abc 京", {"abc 京"}),
        ("[ab]", {"a", "b"}),
        ("[a-c]x", {"ax", "bx", "cx"}),
        ("[-a]", {"-", "a"}),
        ("[a-]", {"-", "a"}),
        (r"[\]\\]", {"]", "\\"}),
        (r"\[\(\|\?", {"[(|?"}),
        (r"\d", set("0123456789")),
        ("a{3}", {"aaa"}),
        ("a{0-2}", {"", "a", "aa"}),
        ("a{0,2}", {"", "a", "aa"}),
        ("ab?", {"a", "ab"}),
        ("(ab|c|)d", {"abd", "cd", "d"}),
        ("(a(b|c)){2}", {"abab", "abac", "acab", "acac"}),
        ("a|b", {"a", "b"}),
    ],
)
def test_a_template_draws_exactly_these(template, texts):
    assert drawn(template) == texts


@pytest.mark.parametrize(
    "template, words",
    [
        ("[a", "symbol 1: this \\[ is never closed"),
        ("a(b", "symbol 2: this \\( is never closed"),
        ("ab)", "symbol 3: no \\( before"),
        ("ab]", "symbol 3: nothing opens"),
        ("[]", "empty class"),
        ("[^a]", "not what may not"),
        ("[z-a]", "no range from z to a"),
        ("a*", "write how often, as {0-8}"),
        ("a+", "write how often"),
        ("a.b", "full stop"),
        ("?a", "nothing stands before"),
        ("{3}", "nothing stands before"),
        ("a{3", r"write \{3\} or \{2-5\}"),
        ("a{5-2}", "from few to many"),
        ("a{101}", "at most 100"),
        (r"\w", "no class"),
        ("a\\", "nothing follows"),
    ],
)
def test_an_error_is_named_with_its_place(template, words):
    with pytest.raises(InputError, match=words) as raised:
        parse(template)
    assert "\n" not in str(raised.value) and repr(template) in str(raised.value)
