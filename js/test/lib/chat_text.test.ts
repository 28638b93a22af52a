import assert from "node:assert/strict";
import { test } from "node:test";
import { fillText } from "../../src/lib/chat_text.ts";

/** What a message's text becomes, without a page. */
class Made {
  static count = 0;
  readonly children: (Made | string)[] = [];
  readonly style = { setProperty() {} };
  readonly classList = { add() {} };
  readonly attributes: Record<string, string> = {};
  href?: string;
  target?: string;
  rel?: string;

  constructor(readonly tag: string) {
    Made.count += 1;
  }

  get textContent(): string {
    return this.children.map((child) => (typeof child === "string" ? child : child.textContent)).join("");
  }

  set textContent(text: string) {
    this.replaceChildren(text);
  }

  append(...children: (Made | string)[]): void {
    this.children.push(...children);
  }

  replaceChildren(...children: (Made | string)[]): void {
    this.children.splice(0, this.children.length, ...children);
  }

  setAttribute(name: string, value: string): void {
    this.attributes[name] = value;
  }

  addEventListener(): void {}

  find(tag: string): Made[] {
    return this.children.flatMap((child) => (typeof child === "string" ? [] : [...(child.tag === tag ? [child] : []), ...child.find(tag)]));
  }
}

function filled(text: string): Made {
  Object.assign(globalThis, { document: { createElement: (tag: string) => new Made(tag), createElementNS: (_of: string, tag: string) => new Made(tag) } });
  const into = new Made("div");
  Made.count = 0;
  const context = { me: "me", nameOf: (user: string) => user, showPanel: () => true, signal: new AbortController().signal };
  fillText(into as unknown as HTMLElement, text, context);
  return into;
}

test("a link opens in a tab of its own that knows nothing of this one, and says its host", () => {
  const into = filled("see [the bank](https://evil.example/a)");
  const [link] = into.find("a");
  assert.deepEqual([link?.href, link?.target, link?.rel], ["https://evil.example/a", "_blank", "noopener noreferrer nofollow"]);
  assert.equal(into.textContent, "see the bank (evil.example)");
  assert.equal(filled("https://example.org/a").textContent, "https://example.org/a");
});

test("a message makes so many elements at most, and what is behind them is there as it was written", () => {
  const parts = ["```\n", "```\na\n```\n", "- a\n", "- *a* `b`\n", ">\na\n", "> *a*\n", "*a* ", "**_*a*_** ", "`a`", "[a](http://b.c)", "https://b.c ", "@a ", "[[a]]", "```\n\n```\n- *a*\n> `b`\n"];
  for (const part of parts) {
    const text = `${part.repeat(Math.floor(16_300 / part.length))}\nthe *end*`;
    const into = filled(text);
    assert.ok(Made.count <= 1_050, `${JSON.stringify(part)}: ${Made.count} elements`);
    assert.ok(into.textContent.endsWith("the *end*"), part);
    const letters = (of: string) => of.replaceAll(/[^ab]/g, "").length;
    if (!part.includes("http")) assert.ok(letters(into.textContent) >= letters(text), part);
  }
});

test("a message of many lines is read as markup to its end", () => {
  const into = filled(`${"- **a**: `b`\n".repeat(100)}\n${"words *and* more\n".repeat(50)}the *end*`);
  assert.equal(into.find("em").length, 51);
  assert.equal(into.find("strong").length, 100);
});
