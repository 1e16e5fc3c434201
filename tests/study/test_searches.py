"""Several searches of a study: what is refused, and the conditions that they make."""

from __future__ import annotations

import pytest

from ocr_tf.errors import InputError
from ocr_tf.study import searches


@pytest.mark.parametrize(
    "text, said",
    [
        ("greedy;", "--study.search=greedy;: one of the searches is empty"),
        (" ; ", "one of the searches is empty"),
        ("greedy;beam:8;greedy", "greedy and greedy are the same search; leave one out"),
        ("beam:8;beam:width=8", "beam:8 and beam:width=8 are the same search"),
        ("greedy;bean", "--study.search=bean: the searches are"),
        ("greedy;lm:none.arpa", "none.arpa"),
    ],
)
def test_what_makes_no_conditions_is_refused_in_a_line(text, said):
    with pytest.raises(InputError) as refused:
        searches.parse(text)
    assert said in str(refused.value) and "\n" not in str(refused.value)


def test_conditions_keep_their_names_where_there_is_one_search():
    assert [tuple(one) for one in searches.conditions("beam:8", ["ctc", "attention"])] == [
        ("ctc", "ctc", 0),
        ("attention", "attention", 0),
    ]


def test_the_first_search_asks_the_first_question():
    read = searches.conditions("greedy; beam:8,best=2", ["ctc", "attention"])
    assert [tuple(one) for one in read] == [
        ("ctc, greedy", "ctc", 0),
        ("attention, greedy", "attention", 0),
        ("ctc, beam:8,best=2", "ctc", 1),
        ("attention, beam:8,best=2", "attention", 1),
    ]
    names = [one.name for one in read]
    assert [searches.in_full(name, read) for name in (*names, "ctc", "other")] == [
        *names,
        "ctc, greedy",
        "other",
    ]
    folders = [searches.evaluation(c, p) for p in range(3) for c in ("best", "last")]
    assert len(set(folders)) == 6 and folders[:2] == ["best", "last"]
