import pytest

from crawlpool.errors import StoreError
from crawlpool.model import Request
from crawlpool.seeds import read_words
from crawlpool.stores.base import Start
from crawlpool.stores.failed import FailedFile


def _listed(path, *failed):
    file = FailedFile(path)
    file.open(Start.FRESH)
    for request, why in failed:
        file.write(request, why)
    file.close()
    file.close()
    return path.read_text(encoding="utf-8")


def test_each_failed_url_stands_under_a_comment_with_why(tmp_path):
    text = _listed(tmp_path / "f.txt", (Request("https://a.example/x#part"), "timeout: not whole after 30 s"))
    assert text == "# timeout: not whole after 30 s\nhttps://a.example/x#part\n"


def test_the_list_can_be_crawled_again(tmp_path):
    urls = [
        "https://a.example/x#part",
        "https://a.example/é?a=1",
        "http://b.example/ #c",
        "https://c.example/a\nb",
    ]
    _listed(tmp_path / "f.txt", *((Request(url), "reason\nhttps://evil.example/\r# x") for url in urls))
    again = [request.url for request in read_words([str(tmp_path / "f.txt")])]
    assert again == [urls[0], urls[1], "http://b.example/%20", "https://c.example/ab"]


def test_a_user_name_and_password_never_get_into_the_list(tmp_path):
    assert "secret" not in _listed(tmp_path / "f.txt", (Request("https://me:secret@a.example/"), "dns"))


def test_a_form_is_named_but_not_listed(tmp_path):
    request = Request("https://a.example/search", form={"q": "x"})
    assert _listed(tmp_path / "f.txt", (request, "timeout")) == (
        "# timeout; POST cannot be listed: https://a.example/search\n"
    )


def test_an_entry_is_in_the_file_before_the_crawl_ends(tmp_path):
    file = FailedFile(tmp_path / "f.txt")
    file.open(Start.FRESH)
    file.write(Request("https://a.example/"), "dns")
    assert (tmp_path / "f.txt").read_text(encoding="utf-8") == "# dns\nhttps://a.example/\n"
    file.close()


def test_a_list_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(StoreError, match="nowhere"):
        FailedFile(tmp_path / "nowhere" / "f.txt").open(Start.FRESH)
