"""The letters that hard pages are spelled in: where the HTML standard's tokenizer and tree builder decide something.

Written from the text of the standard; the sections stand beside them.
"""

# 13.2.5.72 and on: references, with and without their semicolon, of every odd kind.
REFERENCES = (
    "&amp;", "&amp", "&AMP", "&ampx", "&amp=", "&amp;=", "&lt;", "&lt", "&LT", "&gt;", "&quot;", "&apos;",
    "&apos", "&nbsp;", "&nbsp", "&copy", "&copy;", "&copy=1", "&copy1", "&copyx", "&copy ", "&not", "&notit;",
    "&notin;", "&notinx", "&NotEqualTilde;", "&NotEqualTilde", "&acE;", "&fjlig;", "&Aacute", "&AACUTE;",
    "&eacute;t&eacute", "&times;", "&timesb;", "&timesbar;", "&hellip;", "&Tab;", "&NewLine;", "&sol;",
    "&colon;", "&num;", "&quest;", "&period;", "&lpar;", "&bsol;", "&zwnj;", "&ZeroWidthSpace;", "&NoBreak;",
    "&thinsp;", "&reg", "&para", "&sect=2", "&sect", "&#65;", "&#65", "&#65x", "&#x41;", "&#x41", "&#X41;",
    "&#x41g", "&#", "&#;", "&#x", "&#x;", "&#xg", "&#g", "&;", "&", "& ", "&&", "&a", "&zz;", "&amp;amp;",
    "&#0;", "&#x0;", "&#00;", "&#128;", "&#x80;", "&#x81;", "&#x8d", "&#159;", "&#x99;", "&#xD800;", "&#xDFFF",
    "&#x10FFFF;", "&#x110000;", "&#xFFFFFFFFFFFFFFFF;", "&#99999999999999999999999999;",
    "&#00000000000000000000000065;", "&#x0000000000000000000000000000041;", "&#1;", "&#8;", "&#9;", "&#10;",
    "&#11;", "&#12;", "&#13;", "&#x0d", "&#31;", "&#32;", "&#127;", "&#xA0;", "&#xAD;", "&#xFDD0;", "&#xFFFE;",
    "&#xFFFF;", "&#x1FFFE;", "&#x1F600;", "&#x2028;", "&#x85;", "&#34;", "&#39;", "&#60;", "&#62;", "&#47;",
    "&#x2F;", "&#35;", "&#63;", "&l\u0167;", "&\u00e9;", "&CounterClockwiseContourIntegral;",
    "&CounterClockwiseContourIntegralx", "&\0amp;", "&am\0p;", "&am\np;", "&Amp;", "&aMP;",
)  # fmt: skip

# What may stand in a text or a value: controls, line ends (13.2.3.5), white space that is none to HTML but is to others.
ODD_CHARACTERS = (
    "\0", "\0\0", "\t", "\n", "\r", "\r\n", "\f", "\n\r", "\x01", "\x08", "\x0b", "\x1b", "\x1c", "\x1f", " ",
    "  ", "\x7f", "\x80", "\x85", "\xa0", "\xad", "\u2028", "\u200b", "\u3000", "\ufeff", "\ufffd", "\ufffe",
    "\uffff", "\U0001f600", "\U0010ffff", "\u00e9", "e\u0301", "\u0130", "\u0131", "\u017f", "\u212a",
    "\u65e5\u672c", "\u00df", "\u0660", "<", ">", '"', "'", "=", "/", "`", "&", "-", "--", "!", "?", "]", "%",
    "%2", "%zz", "\\", "|", "^", "{", "}", "#", "@", ":", ";", "<<", "<>", "</", "< ", "</ ", "<3", "<\u00e9",
    "<!", "<?",
)  # fmt: skip

BLANKS = (" ", " ", " ", " ", "  ", "\n", "\t", "\f", "\r", "\r\n", "/", " / ", "//", "\n\n")
"""What may part two attributes (13.2.5.32): the slash does, too."""

NO_BLANKS = ("\x0b", "\xa0", "\x85", "\x1c", "\u2028", "\0", "\u3000")
"""White space elsewhere, and part of a name or value here."""

# Attributes that are none, or not the ones that they seem to be (13.2.5.32 to 13.2.5.40).
JUNK = (
    "=x", "==", "=", '"', "'", '"x', "x'y", "<", "<a", "x<y", "/", "//", "x", "x=", "x=y", 'x="', 'x="y"z=1',
    "x='>'", 'x=">"', 'title="<a href=/no>"', "title='</a><a href=/no>'", "data-x='{\"a\":\"<b>\"}'",
    "data-href=/no", "hrefx=/no", "xhref=/no", "xlink:href=/no", "href:x=/no", "src\u00e9=/no", "href\0=/no",
    "\0href=/no", "h\u0155ef=/no", "hr\0ef=/no", "onclick='a>b'", 'onclick="if(a<b)c()"', 'x=a"b', "x=a'b'",
    "x=a=b", "x=a<b", "x=a`b", "x=a&b", "x=&gt;", "x=&quot;>", "style='background:url(/no)'",
    "style=\"x:'>'\"", "id=a class=b", "\u017frc=/no", "\u212aey=x", "hidden", "download", "download=x", "rel",
    "rel=", "rel=nofollow", "REL=NOFOLLOW", 'rel="ugc nofollow"', "rel=nofollow\xa0x", "rel='nofollow\fx'",
    "rel=xnofollow", 'rel="a\nnofollow"', "rel=&#110;ofollow", "rel=no\0follow", "rel=NOFO\u0141LOW",
    "target=_blank", "type=x", "is=x", "slot=a", "shadowrootmode=open",
)  # fmt: skip

# 13.2.5.41 to 13.2.5.52 and 13.2.5.41: comments of every ending, and what is taken for one.
COMMENTS = (
    "<!-- x -->", "<!---->", "<!-->", "<!--->", "<!--x--!>", "<!----!>", "<!--x--!-->", "<!--x--!x-->",
    "<!--x- ->y-->", "<!--x-- >y-->", "<!--<!-- x -->", "<!--<!--->", "<!--<!-->", "<!--x<!--y--!>",
    "<!--x<!>-->", "<!--x<!-y-->", "<!--x-->-->", "<!--a--b-->", "<!-- > -->", "<!--<a href=/no>-->",
    "<!--[if IE]><a href=/no><![endif]-->", "<![if !IE]>", "<![endif]>", "<!--[if !IE]><!-->",
    "<!--<![endif]-->", "<!--\0-->", "<!-- --\0> -->", "<!--x--\n>-->", "<!--->-->", "<!>", "<!x>", "<!x",
    "<!-x>", "<!-", "<!", "<! -- x -->", "<!doctype x>", "<!DOCTYPE>", "<!doctypehtml>",
    "<!DOCTYPE html PUBLIC '>' x>", '<!DOCTYPE html SYSTEM "a>b">', "<!DOCTYPE html [<!ENTITY a '>'>]>",
    "<?xml version='1.0'?>", "<?x", "<?>", "<? <a href=/no> ?>", "<?php echo '<a href=/no>' ?>", "</>", "</ >",
    "</ a>", "</3>", "</\0>", "</?>", "</!-- x -->", "</a", "</é>", "<>", "< a href=/no>", "<3", "<$x>",
    "<![CDATA[x]]>", "<![CDATA[<a href=/no>]]>", "<![CDATA[", "]]>", "<![cdata[x]]>", "<![CDATA[>]]>", "<!--",
    "<!--x", "<!--x-", "<!--x--", "<!--x--!", "-->",
)  # fmt: skip

# 13.2.5.4 and on: what a script may hold, escaped and double escaped.
IN_SCRIPT = (
    "<!--", "-->", "--!>", "<!-", "<!-->", "<!--->", "<script>", "<script", "<script ", "<script/", "<SCRIPT>",
    "<scriptx>", "</script", "</scriptx>", "</script\0>", "</scrip", "< /script>", "</ script>", "<\\/script>",
    "var a='<a href=/no>';", "if(a<b&&c>d)", "</style>", "</title>", "</SCRIPT x", '{"a":"<b>&amp;"}',
    "\u017f", "</\u017fcript>", "-", "--", ">", "<", "\0", "\r",
)  # fmt: skip
IN_RAW = (
    "<!--", "-->", "<a href=/no>", "</{0}x>", "</{0}", "</{0}\0>", "</ {0}>", "< /{0}>", "</p>", "</title>",
    "</body>", "<{0}>", "&amp;", "&lt;/{0}>", "&notin", "\n", "\0", "\r\n", "<", "</", "text", "<![CDATA[",
    "]]>", "<b>", "\xa0", " ", "é", "&#0;", "&#13;",
)  # fmt: skip

RAW = (
    "script",
    "style",
    "textarea",
    "title",
    "xmp",
    "noembed",
    "noframes",
    "iframe",
    "noscript",
    "plaintext",
)

FORMATS = (
    "a",
    "b",
    "i",
    "u",
    "s",
    "em",
    "big",
    "font",
    "nobr",
    "code",
    "small",
    "strike",
    "strong",
    "tt",
)  # 13.2.4.3
BLOCKS = (
    "p", "div", "ul", "ol", "li", "dl", "dt", "dd", "section", "article", "nav", "main", "header", "footer",
    "address", "blockquote", "center", "details", "summary", "dialog", "figure", "figcaption", "fieldset",
    "legend", "h1", "h2", "h3", "h6", "hgroup", "menu", "pre", "listing", "dir", "aside", "search",
)  # fmt: skip
OTHERS = (
    "span", "label", "abbr", "ruby", "rt", "rp", "rb", "rtc", "q", "ins", "del", "cite", "my-card", "x-a.b",
    "o:p", "button", "marquee", "applet", "object", "form", "picture", "video", "audio", "map", "noscript",
    "canvas", "slot", "data", "time", "output", "progress", "bdi", "wbr-x", "blink", "keygen-x", "isindex",
    "sarcasm", "g", "text", "path", "use", "desc", "symbol", "mi",
)  # fmt: skip
VOID = (
    "br", "hr", "wbr", "input", "img", "embed", "param", "keygen", "bgsound", "basefont", "area", "col",
    "source", "track", "link", "meta", "base",
)  # fmt: skip
TABLES = (
    "table",
    "table",
    "caption",
    "colgroup",
    "col",
    "tbody",
    "thead",
    "tfoot",
    "tr",
    "tr",
    "td",
    "td",
    "th",
)
FRAMES = ("html", "head", "body", "frameset", "frame", "noframes")
SELECTS = (
    "select", "select", "option", "option", "optgroup", "selectedcontent", "hr", "input", "keygen", "textarea",
    "button", "datalist",
)  # fmt: skip

# 13.2.6.5: shapes, integration points, and elements that end a drawing.
SHAPES = (
    "path", "g", "circle", "rect", "line", "polyline", "polygon", "ellipse", "defs", "linearGradient", "stop",
    "symbol", "clipPath", "mask", "text", "tspan", "animate", "filter", "feGaussianBlur", "pattern", "marker",
    "switch", "view", "metadata",
)  # fmt: skip
IN_SVG = (
    "a", "use", "image", "feImage", "script", "style", "title", "desc", "foreignObject", "foreignobject",
    "svg", "math", "font", "set", "link", "iframe", "video", "h1", "base", "meta", "area", "source", "input",
    "template", "select", "frameset", "noscript", "textarea", "xmp", "annotation-xml",
)  # fmt: skip
BREAKS_OUT = (
    "p", "div", "b", "br", "img", "embed", "table", "ul", "li", "h1", "meta", "body", "head", "span", "center",
    "font color=x", "font", "code", "pre", "small", "sub", "var", "ruby", "hr", "i", "u", "s",
)  # fmt: skip
IN_MATH = (
    "mi", "mo", "mn", "ms", "mtext", "mrow", "mfrac", "a", "svg", "annotation-xml",
    "annotation-xml encoding=text/html", "annotation-xml encoding='application/xhtml+xml'", "semantics",
    "mglyph", "malignmark", "mspace", "title", "h1", "script", "style", "desc", "img-x",
)  # fmt: skip

TITLES = (
    "A page", " a \n b ", "404", "Not Found", "404 Not Found", "Page not found - Site", "not&nbsp;found",
    "n\0ot found", "a\xa0b", "a\x0bb\x1cc\x85d", "&lt;b&gt;", "<b>bold</b>", "caf\u00e9", "\u6771\u4eac", "",
    " ", "\n", "a<!-- b -->c", "&#xa0;x", "a\u200bb", "a\u3000b", "\ufeffx", "a</titlex>b", "404\u2028x",
    "x &amp y", "x&amp", "\r\nx",
)  # fmt: skip

ROBOTS = (
    "nofollow", "noindex", "noindex,nofollow", "NOINDEX", "none", "all", "noindex nofollow",
    "unavailable_after: 2020-01-01", "max-snippet:20", "&#110;ofollow", "no\nindex", "noindex;x", "",
    "no\0index", "\u212anofollow", "nofollow\xa0",
)  # fmt: skip
REFRESHES = (
    "0;url=/r{0}", "0; URL='/r{0}'", '5;url="/r{0}" x', "0,/r{0}", "0 url=/r{0}", " 0;url = /r{0}", "0;/r{0}",
    "0;url/r{0}", ";url=/r{0}", "x;url=/r{0}", "0.5;url=/r{0}", "0", "0;", "0;url=", "0; ur=/r{0}",
    "00;\turl\n=\n/r{0}", "0;url='/r{0}", ".;url=/r{0}", "0;url=/r{0}&amp;a=1", "0;URL=\0/r{0}",
    "1.2.3;url=/r{0}",
)  # fmt: skip
RELATIONS = (
    "canonical", "CANONICAL", "canonical nofollow", "alternate", "next", "prev", "stylesheet", "icon",
    "shortcut icon", "preload", "preconnect", "modulepreload", "alternate stylesheet", "manifest", "",
    "author", "dns-prefetch", "search", "\u212acanonical", "canonical\xa0x", "canonical\x0bnext",
    "next&#32;canonical", "can\0onical", "pingback", "nofollow", "mask-icon", "apple-touch-icon", "expect",
)  # fmt: skip
TYPES = (
    "", "", "", "", "application/rss+xml", "application/atom+xml", "text/css", "text/html", "TEXT/HTML; x",
    "image/png", "application/xhtml+xml", "image", "IMAGE", "module", "application/ld+json",
    "application/feed+json;a",
)  # fmt: skip
SRCSETS = (
    "/s{0} 1x, /t{0} 2x", "/s{0}", "/s{0},", "/s{0} 100w", "/s{0} 1x 2x, /t{0} 3x", ",,/s{0} (a,b) , /t{0}",
    "/s{0} 2w 3h", "data:,x 1x, /s{0}", "/s{0}&amp;a 1x", "/s{0}\n1x,\n/t{0}", "", " ",
)  # fmt: skip

CHARSETS = (
    "utf-8", "UTF-8", "utf8", "iso-8859-1", "windows-1252", "shift_jis", "iso-2022-jp", "utf-16", "utf-16le",
    "x-user-defined", "gbk", "koi8-r", "nonsense", "", "replacement", "us-ascii", "macintosh", "big5", "utf-7",
)  # fmt: skip
CONTENT_TYPES = (
    *(["text/html"] * 6), *(["text/html; charset=utf-8"] * 6), None, "text/html;charset=windows-1252",
    "text/html; charset=iso-8859-1", "text/html; charset=shift_jis", "text/html; charset=iso-2022-jp",
    "text/html; charset=utf-16", "text/html; charset=utf-16be", "text/html; charset=nonsense",
    "application/xhtml+xml", "application/xhtml+xml; charset=utf-8", "text/plain",
    'TEXT/HTML; CHARSET="UTF-8"', "application/xml", "text/html; charset=x-user-defined",
    "text/html; charset=us-ascii", "text/html; charset=big5",
)  # fmt: skip
