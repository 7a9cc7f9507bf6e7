"""A page as text: what a reader sees, a line for each block."""

import pytest
from selectolax.lexbor import LexborHTMLParser

from crawlpool.parse.readable import readable_text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<h1>Hello <b>you</b>!</h1><p>One\n two</p>", "Hello you!\nOne two"),
        ("before<div>in</div>after", "before\nin\nafter"),
        ("one<br>two<hr>three", "one\ntwo\nthree"),
        ("<table><tr><td>1<td>2<tr><th>3<td>4</table>", "1 2\n3 4"),
        ("<ul><li>a<ul><li>b</ul><li>c</ul>", "a\nb\nc"),
        ("a<script>x()</script><style>p{}</style><template>t</template><noscript>n</noscript>b", "ab"),
        ("<title>not this</title><p>this</p>", "this"),
        ("", ""),
        ("<frameset><frame src=a></frameset>", ""),
    ],
)
def test_a_block_is_a_line_and_what_is_not_seen_is_left_out(html, text):
    assert readable_text(LexborHTMLParser(html)) == text


def test_a_page_that_nests_deep_is_read_all_the_same():
    assert readable_text(LexborHTMLParser("<div>" * 5000 + "deep" + "</div>" * 5000 + "end")) == "deep\nend"
