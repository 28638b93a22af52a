import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { destination, parseMarkdown, plainText, type Block, type Span } from "../../src/lib/markdown.ts";
import { mentionsIn } from "../../src/lib/mentions.ts";

/** Spans and blocks as short text: `*a*` is italic, `**a**` bold, and so on with brackets. */
function shown(spans: readonly Span[]): string {
  return spans
    .map((span) => {
      switch (span.kind) {
        case "text":
          return span.text;
        case "code":
          return `<code ${span.text}>`;
        case "link":
          return `<link ${span.text}|${span.url.href}>`;
        case "mention":
          return `<@${span.user}>`;
        case "panel":
          return `<panel ${span.title}>`;
        default:
          return `<${span.kind} ${shown(span.spans)}>`;
      }
    })
    .join("");
}

const line = (text: string) => {
  const [block] = parseMarkdown(text);
  assert.ok(block && block.kind === "paragraph");
  return shown(block.spans);
};
const kinds = (blocks: readonly Block[]) => blocks.map(({ kind }) => kind).join(" ");

test("emphasis, code and links are read", () => {
  assert.equal(line("a *b* **c** _d_ `e*f*`"), "a <italic b> <bold c> <italic d> <code e*f*>");
  assert.equal(line("**bold with *italic* in it**"), "<bold bold with <italic italic> in it>");
  assert.equal(line("see [the book](https://example.org/a?b=1#c), please"), "see <link the book|https://example.org/a?b=1#c>, please");
  assert.equal(line("(https://example.org/a_(b)). Yes"), "(<link https://example.org/a_(b)|https://example.org/a_(b)>). Yes");
  assert.equal(line("look: https://example.org."), "look: <link https://example.org|https://example.org/>.");
  assert.equal(line("[[Prices by symbol]] moved, @ann"), "<panel Prices by symbol> moved, <@ann>");
});

test("what is no markup stays as it was written", () => {
  const plain = [
    "snake_case_name and 2 * 3 * 4",
    "__proto__ ** not bold ** _ x _",
    "a * b",
    "*open",
    "**open",
    "`open",
    "[x](javascript:alert(1))",
    "[x](data:text/html,x)",
    "[x]: https",
    "[[]] [[a\nb]] [[[",
    "xhttps://example.org",
    "https:// http://",
    `https://${`${"\u4e2d".repeat(20)}.`.repeat(20)}com/ http:////${"a.".repeat(200)}com`,
    "https://user:secret@example.org/ and [x](https://bank.example@evil.example/)",
    "<b>not bold</b> & <script>",
    "@ @@ mail@example.org",
    "1.5 -x >y",
    "-not a list",
    "``",
  ];
  for (const text of plain) assert.equal(line(text), text);
});

test("links lead to http, https and a mail address, and to nothing else", () => {
  assert.equal(line("[write](mailto:ann.b+c@example.org)"), "<link write|mailto:ann.b+c@example.org>");
  const others = ["javascript:x", "data:x", "file:///etc/passwd", "ftp://example.org/", "blob:x", "vbscript:x", "about:blank", "//example.org", "/x", "JAVASCRIPT://x", "mailto:", "mailto:ann", "mailto:a@b.org?bcc=x@y.org", "mailto:a@b.org,x@y.org", "mailto:a@b.org#x", "mailto://a@b.org", "mailto:a%0a@b.org"];
  for (const address of others) assert.equal(line(`[x](${address})`), `[x](${address})`);
});

test("a text that is not the very address has the host beside it", () => {
  const beside = (text: string, address: string) => destination(new URL(address), text);
  assert.equal(beside("https://example.org", "https://example.org/"), null);
  assert.equal(beside("https://accounts.google.com@evil.example/login", "https://evil.example/login"), "evil.example");
  assert.equal(beside("https://evil.example/a", "https://evil.example/b"), "evil.example");
  assert.equal(beside("here", "https://evil.example:444/"), "evil.example:444");
  assert.equal(beside("bank@bank.example", "mailto:eve@evil.example"), "eve@evil.example");
  assert.equal(beside("mailto:ann@example.org", "mailto:ann@example.org"), null);
});

test("the host is beside a link whose text shows another, or not all of it", () => {
  const beside = (address: string) => destination(new URL(address), address);
  for (const slash of ["\u2215", "\u2044", "\u29f8", "\u1735"]) {
    const address = `https://paypal.com${slash}signin.evil.com/`;
    assert.match(beside(address) ?? "", /^paypal\.xn--.*evil\.com$/);
    assert.match(destination(new URL(address), `${address} `) ?? "", /^paypal\.xn--.*evil\.com$/);
  }
  assert.equal(beside("https://bank.com\u3002evil.com/"), "bank.com.evil.com");
  assert.equal(beside("https://\u0430\u0440\u0440\u04cf\u0435.com/"), "xn--80ak6aa92e.com");
  assert.equal(beside("http://2130706433/"), "127.0.0.1");
  assert.equal(beside("http://0x7f.1/"), "127.0.0.1");
  assert.equal(beside("https://bank\u00adx.com/"), "bankx.com");
  const long = `www.paypal.com.${"secure-login-".repeat(6)}0.evil.com`;
  assert.equal(beside(`https://${long}/`), long);
  assert.equal(beside(`https://${long.slice(0, 71)}.x.evil.com/`), `${long.slice(0, 71)}.x.evil.com`);
  assert.equal(destination(new URL("https://bank.com.evil.com/"), "https://bank.com\t.evil.com/"), "bank.com.evil.com");
  for (const address of ["HTTPS://BANK.com/", "https://xn--80ak6aa92e.com/", "https://bank.com:444/a", `https://bank.com/${"a".repeat(200)}`, "https://bank.com\\.evil.com/", "http://[::1]:80/"]) {
    assert.equal(beside(address), address.includes("[") ? "[::1]" : null, address);
  }
});

test("blocks: code as it is, lists with depth, quotes, paragraphs between", () => {
  const blocks = parseMarkdown("Do:\n- one **x**\n  - two\n3. three\n> said\n> *so*\n```py\n**a**\n- b\n```\nend");
  assert.equal(kinds(blocks), "paragraph list quote code paragraph");
  const [, list, quote, code] = blocks;
  assert.ok(list?.kind === "list" && quote?.kind === "quote" && code?.kind === "code");
  assert.deepEqual(list.items.map(({ depth, mark, spans }) => [depth, mark, shown(spans)]), [[0, "•", "one <bold x>"], [1, "•", "two"], [0, "3.", "three"]]);
  assert.equal(shown(quote.spans), "said\n<italic so>");
  assert.deepEqual([code.language, code.text], ["py", "**a**\n- b"]);
});

test("code that is still being written is code", () => {
  const [block] = parseMarkdown("```\nfor x in");
  assert.deepEqual(block, { kind: "code", language: "", text: "for x in" });
});

test("a message on one line", () => {
  assert.equal(plainText("**Do**:\n- [one](https://example.org)\n- `two` @ann [[P]]\n```\nx\n```"), "Do: one two @ann P x");
});

test("long texts of marks are read in no time", () => {
  const marks = [`${"http://a@".repeat(60)}${".".repeat(1440)}x `, "http://a@", "*", "**", "_", "`", "[", "[[", "[x](", "@", "@a ", "https://", "```\n", "- x\n", "> ", "*a **b ", "**a ", "_a ", "h"];
  const began = performance.now();
  for (const mark of marks) parseMarkdown(mark.repeat(Math.ceil(16_384 / mark.length)));
  assert.ok(performance.now() - began < 1_000);
});

const GOLDEN = JSON.parse(readFileSync("../tests/golden/chat.json", "utf8")) as { mentions: { text: string; users: string[] }[] };

test("the page and the hub find the same mentions", () => {
  for (const { text, users } of GOLDEN.mentions) assert.deepEqual(mentionsIn(text), users, text);
});
