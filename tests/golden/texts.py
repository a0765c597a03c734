"""The texts of the golden cases: plain ones, odd ones, and long ones made from a seed."""

from __future__ import annotations

import random

PLAIN = {
    "apple": "Apple CEO Tim Cook announced iPhone 15 in Cupertino yesterday.",
    "merger": "Acme Corp. agreed to buy Globex for $1,200.50 million; Jane Doe will lead it from Oslo.",
    "phone": "The Nova X2 phone costs $799, has a bright 6.1-inch display and ships in black or blue.",
    "review": "Terrible battery, but I love the camera! Would I buy it again? Probably not.",
    "clinic": "Dr. Adele Ray prescribed 20 mg of lisinopril daily to Mr. Osei on 3 May 2024 in Accra.",
    "order": "Order 4471: 3 x blue mugs, 1 x teapot, 12 x spoons - ship to 221b Baker Street, London.",
    "event": "Maria booked a table for four at Casa Verde on Friday, and Ken two rooms at Hotel Lumen.",
    "science": "Marie Curie discovered polonium and radium with Pierre Curie in Paris in 1898.",
    "intent": "please play the new album by Lina Park in the kitchen and dim the lights",
    "jobs": "Ada Lovelace works for Analytical Engines, Alan Turing works for Bletchley Park.",
    "repeat": "London calling: london, LONDON and London again. Paris too, and paris.",
    "quoted": '"It\'s over," said O\'Neill (the coach), "we\'ve lost 3-0 to FC Sao-Paulo_B."',
}

ODD = {
    "empty": "",
    "blanks": "   ",
    "newlines": "\n\n \t",
    "one_word": "Paris",
    "one_letter": "x",
    "one_mark": "!",
    "only_marks": "?!... --- ,,, ;; ()",
    "no_final": "Tim Cook flew from Rome to Lima",
    "trailing_blanks": "Tim Cook flew to Lima  \n",
    "leading_blanks": "\n   Tim Cook flew to Lima.",
    "emoji": "Great phone 😀👍 from 🍎 in 🇺🇸, rated ⭐⭐⭐⭐⭐!",
    "emoji_zwj": "The 👩‍💻 and the 👨‍👩‍👧‍👦 visited 🏳️‍🌈 Paris with 👍🏽 friends ❤️",
    "chinese": "蒂姆·库克在库比蒂诺宣布了新款手机。苹果公司的股价上涨了百分之三。",
    "japanese": "東京でソニーの山田さんが新しいカメラを発表しました。",
    "korean": "삼성전자는 서울에서 새로운 휴대폰을 발표했다.",
    "thai": "กรุงเทพมหานครเป็นเมืองหลวงของประเทศไทย",
    "arabic": "أعلن تيم كوك عن الهاتف الجديد في القاهرة أمس.",
    "hebrew": "חברת אפל הודיעה על טלפון חדש בתל אביב.",
    "hindi": "टिम कुक ने मुंबई में नया फ़ोन पेश किया।",
    "russian": "Тим Кук представил новый телефон в Москве вчера.",
    "greek": "Ο Τιμ Κουκ ανακοίνωσε το νέο τηλέφωνο στην ΑΘΉΝΑ χθες.",
    "mixed_scripts": "Sony ソニー and 三星 Samsung met في دبي on Пятница.",
    "combining": "Cafe\u0301 Zu\u0308rich nai\u0308ve re\u0301sume\u0301, A\u030angstro\u0308m \u0301 alone.",
    "vietnamese": "Nguye\u0302\u0303n Va\u0306n A so\u0302\u0301ng o\u031b\u0309 Ha\u0300 No\u0323\u0302i.",
    "special_case": "\u0130STANBUL \u017ftraße 300 \u212a \u0131s\u0131 \u01c5 \u0149 \ufb01n ΣΑΣ.",
    "fold_mail": "write to \u017fales@\u212aelvin.com or \u0130nfo@\u0131sik.com.tr today",
    "full_width": "\uff21Ｂ Ｔｉｍ\u3000Ｃｏｏｋ \uff11 bought \ufb01ne ﬂour \u2460② ㎏ \u2122 ½ x² \u2163.",
    "zero_width": "Tim\u200bCook\u200c met\u200d An\u00adna \ufeffRay \u2060 in Ri\u200bga.",
    "zero_width_words": "Tim \u200b Cook \u200e met \u00ad Anna \u0301 Ray.",
    "controls": "Tim\x00Cook\x07 met\x7f Anna\u0085in\u2028Riga\u2029now.",
    "spaces": "Tim\u00a0Cook\u2003met\u3000Anna\u202fin\u205fRiga.",
    "private_use": "Tim \ue000 Cook \U000f0000 met \ufffd Anna \U0001f9ff.",
    "url": "See https://www.example.com/a-b_c?q=1&x=[2]#top and www.acme.org, says Bob",
    "url_last": "The paper is at https://arxiv.org/ABS/2507.18546",
    "emails": "Mail jane.doe+news@mail.example.co.uk, bob@acme.io; @lina_p and foo@bar or e@x.co1",
    "handles": "@tim_cook thanks @apple! #iphone15 #wow a@b@c.de x@@y.com",
    "numbers": "1,200.50 -3.5e10 50% $5 €7 3-4 a--b c__d e-_f _g_ -h- 2024-05-03T10:00:00Z",
    "brackets": "f(x) = [a|b] {c} <d> (e) \\ / `code` ~ ^ & * + = §",
    "marker_text": "The [E] marker and [SEP_TEXT] or [P] in text, [DESCRIPTION] too.",
    "unk": "Zażółć gęślą jaźń ☃ ꙮ 𝔘𝔫𝔦 𓀀 here.",
    "long_word": "Tim " + "supercalifragilistic" * 6 + " Cook " + "a" * 130 + ".",
    "hyphens": "state-of-the-art well_known_name x-y_z - _ -- __ Jean-Luc",
    "case": "TIM COOK met tIM cOOK and ÉMILE ÇELIK at ÅRE.",
}

_SUBJECTS = (
    "Tim Cook",
    "Jane Doe",
    "Acme Corp.",
    "the ministry",
    "Lina Park",
    "Globex",
    "a nurse",
    "Dr. Osei",
)
_VERBS = ("visited", "bought", "announced", "sold", "praised", "reviewed", "cancelled", "repaired")
_OBJECTS = ("a blue phone", "the old factory", "three teapots", "20 mg of lisinopril", "Globex", "the album")
_PLACES = ("in Paris", "in Oslo", "near the river", "at Casa Verde", "on 3 May 2024", "online", "in Accra")
_ENDS = (".", "!", "?", ";", ",", " -")


def long_text(words: int, *, seed: int, final: bool = True) -> str:
    """A text of ``words`` blank-separated words from a small grammar; no final mark if not ``final``."""
    rng = random.Random(seed)
    out: list[str] = []
    while len(out) < words:
        parts = (_SUBJECTS, _VERBS, _OBJECTS, _PLACES)
        clause = " ".join(rng.choice(part) for part in parts) + rng.choice(_ENDS)
        out.extend(clause.split())
    text = " ".join(out[:words]).rstrip(" .,;!?-")
    return text + "." if final else text


LONG = {
    "words_80": long_text(80, seed=1),
    "words_150": long_text(150, seed=2, final=False),
    "words_600": long_text(600, seed=3),
}

TEXTS = {**PLAIN, **ODD, **LONG}
