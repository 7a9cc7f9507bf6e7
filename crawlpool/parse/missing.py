"""Pages that say "not found" although their status says that all is well (soft 404s)."""

import re
from functools import cache

LONGEST = 120
"""Characters of a title or heading that says so; what is longer is about something else."""

_PHRASES = (
    "404",
    "404 not found",
    "not found",
    "error 404",
    "404 error",
    "page not found",
    "file not found",
    "page cannot be found",
    "page could not be found",
    "page can't be found",
    "page does not exist",
    "page doesn't exist",
    "page no longer exists",
    "seite nicht gefunden",
    "seite wurde nicht gefunden",
    "seite konnte nicht gefunden werden",
    "seite existiert nicht",
    "fehler 404",
    "page introuvable",
    "page non trouvée",
    "page n'existe pas",
    "erreur 404",
    "página no encontrada",
    "página no existe",
    "pagina non trovata",
    "página não encontrada",
    "página não existe",
    "pagina niet gevonden",
    "sidan hittades inte",
    "sidan kunde inte hittas",
    "siden ble ikke funnet",
    "siden blev ikke fundet",
    "siden findes ikke",
    "sivua ei löytynyt",
    "strona nie została znaleziona",
    "nie znaleziono strony",
    "stránka nenalezena",
    "stránka nebyla nalezena",
    "az oldal nem található",
    "pagina nu a fost găsită",
    "страница не найдена",
    "страницу не найдено",
    "сторінку не знайдено",
    "sayfa bulunamad\u0131",
    "η σελίδα δεν βρέθηκε",
    "הדף לא נמצא",
    "الصفحة غير موجودة",
    "halaman tidak ditemukan",
    "không tìm thấy trang",
    "ページが見つかりません",
    "页面不存在",
    "页面未找到",
    "找不到页面",
    "找不到頁面",
    "페이지를 찾을 수 없습니다",
)
_ALONE = frozenset({("404",), ("not", "found")})  # these must be all there is: "Not Found" is a film, too


@cache
def _word() -> re.Pattern[str]:
    """A word: letters and digits side by side, or one sign of a script that puts no spaces between words.

    Compiled when it is first asked for, which takes 2 ms.
    """
    return re.compile(
        "[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]"
        "|[^\\W\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]++"
    )


def words_of(text: str, most: int) -> list[str]:
    """The first words of a short text, in small letters."""
    return _word().findall(text.lower())[:most]


@cache
def _lines() -> frozenset[str]:
    phrases = (tuple(words_of(phrase, 20)) for phrase in _PHRASES)
    return frozenset(f" {' '.join(words)} " for words in phrases if words not in _ALONE)


@cache
def _keys() -> tuple[str, ...]:
    """The longest word of each phrase: a text without any of them says none of them, and most are done with so."""
    return tuple(sorted({max(words_of(phrase, 20), key=len) for phrase in _PHRASES}, key=len))


def is_said_in(text: str) -> bool:
    """Whether a short text says that a page was not found, in whole words."""
    if not text or len(text) > LONGEST:
        return False
    if not may_be_said_in(text):
        return False
    words = words_of(text.lower(), LONGEST)
    said = f" {' '.join(words)} "
    return tuple(words) in _ALONE or any(line in said for line in _lines())


def may_be_said_in(text: str) -> bool:
    """Whether a part of this text could say so; nearly always not."""
    lowered = text.lower()
    return any(key in lowered for key in _keys())


def says_missing(heading: str | None, title: str | None) -> bool:
    """Whether a page says that it was not found, in its title or its first heading."""
    if title and is_said_in(title):
        return True
    return heading is not None and is_said_in(" ".join(heading.split()))
