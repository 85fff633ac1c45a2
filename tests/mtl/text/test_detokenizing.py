"""Words of scripts without spaces, joined as a person types them."""

import pytest

from mtl.text import detokenize, placed


@pytest.mark.parametrize(
    ("words", "text"),
    [
        pytest.param("我 爱 北京 。", "我爱北京。", id="chinese"),
        pytest.param("他 买 了 iPhone 手机 ， 很 好 。", "他买了iPhone手机，很好。", id="latin-in-chinese"),
        pytest.param("3 月 5 日", "3月5日", id="numbers-in-chinese"),
        pytest.param("東京 タワー は 高い 。", "東京タワーは高い。", id="japanese"),
        pytest.param("ผม รัก ประเทศ ไทย", "ผมรักประเทศไทย", id="thai"),
        pytest.param("ผม ใช้ iPhone มาก", "ผมใช้ iPhone มาก", id="latin-in-thai"),
        pytest.param("ខ្ញុំ ស្រឡាញ់ ប្រទេស", "ខ្ញុំស្រឡាញ់ប្រទេស", id="khmer"),
        pytest.param("ຂ້ອຍ ຮັກ ລາວ", "ຂ້ອຍຮັກລາວ", id="lao"),
        pytest.param("The sign 東京 means Tokyo .", "The sign 東京 means Tokyo.", id="chinese-in-english"),
        pytest.param("나는 서울 에 산다", "나는 서울 에 산다", id="korean"),
    ],
)
def test_words_are_joined_as_their_script_is_written(words: str, text: str):
    joined = detokenize(words.split())
    assert joined.text == text
    assert [text[span.start : span.end] for span in joined.words] == words.split()


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("Anna met Tom .", "Anna  met\tTom."),
        ("a a b", "a\u200b a b "),
        ("我 爱 北京", "我爱 北京"),
        ("don 't", "don't"),
        ("", " "),
    ],
)
def test_words_are_placed_in_their_original_text(words: str, text: str):
    found = placed(words.split(), text)
    assert found is not None
    assert found.text == text
    assert [text[span.start : span.end] for span in found.words] == words.split()


@pytest.mark.parametrize(("words", "text"), [("Anna met", "Anna saw"), ("Anna", "Anna met"), ("b", "a b"), ("", "a")])
def test_words_that_are_not_those_of_the_text_are_not_placed(words: str, text: str):
    assert placed(words.split(), text) is None
