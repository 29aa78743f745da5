"""The sentences of the notice, one module per language; a missing sentence is a type error."""

from collections.abc import Mapping

from proctoring.exams.notice_texts.de import DE
from proctoring.exams.notice_texts.en import EN
from proctoring.exams.notice_texts.fr import FR
from proctoring.exams.notice_texts.nl import NL
from proctoring.exams.notice_texts.texts import Texts

TEXTS: Mapping[str, Texts] = {"nl": NL, "fr": FR, "de": DE, "en": EN}
