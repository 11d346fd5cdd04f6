import nltk
import pytest

from services.evaluator.nltk_data import nltk_data_required


def test_data_that_cannot_be_fetched_is_an_error_that_says_where_to_put_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(nltk.downloader._downloader, "_url", "http://nltk.invalid/index.xml")
    as_it_was = nltk.download

    with (
        pytest.raises(OSError, match=r"tokenizers/punkt_tab.* set NLTK_DATA to that folder"),
        nltk_data_required(),
    ):
        nltk.download("punkt_tab")

    assert nltk.download == as_it_was
