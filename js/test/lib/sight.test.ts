import assert from "node:assert/strict";
import { test } from "node:test";
import { Sight } from "../../src/lib/sight.ts";

interface Entry {
  readonly isIntersecting: boolean;
}

/** As much of a page as sight needs: one tab, and elements that scroll in and out. */
class FakePage extends EventTarget {
  visibilityState = "visible";
  readonly observed = new Map<unknown, (entries: Entry[]) => void>();

  scroll(el: Element, ...inside: boolean[]): void {
    this.observed.get(el)?.(inside.map((isIntersecting) => ({ isIntersecting })));
  }

  turn(visibilityState: string): void {
    this.visibilityState = visibilityState;
    this.dispatchEvent(new Event("visibilitychange"));
  }
}

function withPage(run: (page: FakePage) => void): void {
  const page = new FakePage();
  class IntersectionObserver {
    #el: unknown = null;
    constructor(readonly changed: (entries: Entry[]) => void) {}
    observe(el: unknown): void {
      this.#el = el;
      page.observed.set(el, this.changed);
    }
    disconnect(): void {
      page.observed.delete(this.#el);
    }
  }
  Object.assign(globalThis, { document: page, IntersectionObserver });
  try {
    run(page);
  } finally {
    for (const name of ["document", "IntersectionObserver"]) Reflect.deleteProperty(globalThis, name);
  }
}

test("a widget is seen while one of its views is on the screen of the tab in front", () => {
  withPage((page) => {
    const sight = new Sight();
    const want = sight.want(10);
    const heard: boolean[] = [];
    want.onChange(() => heard.push(want.visible), new AbortController().signal);
    const [one, two] = [{} as Element, {} as Element];
    const [first, second] = [new AbortController(), new AbortController()];
    sight.add(one, first.signal);
    sight.add(two, second.signal);
    assert.equal(want.visible, false);
    page.scroll(one, true);
    assert.equal(want.visible, true);
    page.scroll(two, true);
    page.scroll(one, true, false);
    assert.equal(want.visible, true);
    page.turn("hidden");
    assert.equal(want.visible, false);
    page.turn("visible");
    assert.equal(heard.at(-1), true);
    second.abort();
    assert.equal(want.visible, false);
    assert.equal(heard.at(-1), false);
    assert.equal(page.observed.size, 1);
    assert.equal(want.maxHz, 10);
    assert.equal(sight.want().maxHz, 60);
  });
});
