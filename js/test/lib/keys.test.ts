import assert from "node:assert/strict";
import { test } from "node:test";
import { listKey, menuKey, movingKey, typingKey, type Press } from "../../src/lib/keys.ts";

const press = (key: string, held: Partial<Press> = {}): Press => ({ key, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...held });

test("saving is the host's everywhere", () => {
  for (const owned of [movingKey, listKey, menuKey, typingKey]) {
    assert.equal(owned(press("s", { ctrlKey: true })), false);
    assert.equal(owned(press("S", { metaKey: true, shiftKey: true })), false);
  }
});

test("each kind keeps what it uses", () => {
  assert.ok(movingKey(press("ArrowLeft")) && movingKey(press("PageUp")) && !movingKey(press("Enter")) && !movingKey(press("d")));
  assert.ok(listKey(press("Enter")) && !listKey(press("Enter", { shiftKey: true })) && !listKey(press("Escape")));
  assert.ok(menuKey(press("Escape")));
});

test("a text box keeps what types and edits", () => {
  assert.ok(typingKey(press("d")) && typingKey(press("Enter", { shiftKey: true })));
  assert.ok(typingKey(press("a", { ctrlKey: true })) && typingKey(press("ArrowLeft", { metaKey: true })));
  assert.ok(!typingKey(press("F5")));
});
