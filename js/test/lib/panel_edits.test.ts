import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { PanelEdits, type Edit } from "../../src/lib/panel_edits.ts";
import { settled } from "../../src/lib/panel_grid.ts";
import { moved } from "../../src/lib/panel_moves.ts";

type Place = readonly [x: number, y: number, w: number, h: number];

const valueOf = (places: Record<string, Place>) => ({ title: "Desk", panels: Object.entries(places).map(([id, [x, y, w, h]]) => ({ id, x, y, w, h, spec: { kind: "chart" } })) });
const TWO = valueOf({ a: [0, 0, 6, 8], b: [6, 0, 6, 8] });

/** A page on a pretend hub whose answers and publications the test gives. */
function page(t: TestContext, value: unknown = TWO) {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const hub = { value, sent: [] as { panels: unknown }[], answers: [] as { ok: () => void; no: (error: Error) => void }[] };
  const failures: string[] = [];
  const edits = new PanelEdits({
    current: () => hub.value,
    send: (sent) => {
      hub.sent.push(sent as { panels: unknown });
      return new Promise((ok, no) => hub.answers.push({ ok, no }));
    },
    changed: () => {},
    failed: (reason) => failures.push(reason),
  });
  const publish = (next: unknown) => {
    hub.value = JSON.parse(JSON.stringify(next));
    edits.incoming();
  };
  publish(value);
  const places = () => Object.fromEntries(edits.layout.panels.map(({ id, x, y, w, h }) => [id, [x, y, w, h]]));
  const turn = async () => {
    for (let i = 0; i < 4; i++) await Promise.resolve();
  };
  const move = (id: string, change: { x?: number; y?: number; w?: number; h?: number }): Edit => (panels) => moved(panels, id, change);
  const remove = (id: string): Edit => (panels) => settled(panels.filter((panel) => panel.id !== id));
  return { hub, edits, failures, publish, places, turn, move, remove };
}

test("a change shows at once and stays while the hub has not said it, whatever old values come", async (t) => {
  const { hub, edits, publish, places, turn, move } = page(t);
  edits.commit(move("a", { w: 4 }));
  assert.deepEqual(places().a, [0, 0, 4, 8]);
  publish(TWO);
  assert.deepEqual(places().a, [0, 0, 4, 8], "an old value came");
  hub.answers[0]?.ok();
  await turn();
  assert.deepEqual(places().a, [0, 0, 4, 8], "acknowledged, not published");
  publish(hub.sent[0]);
  assert.deepEqual(places().a, [0, 0, 4, 8]);
  publish(TWO);
  assert.deepEqual(places().a, [0, 0, 6, 8], "another editor's value after ours counts");
});

test("an acknowledged change gives way to another editor's that was published last", async (t) => {
  const { hub, edits, publish, places, turn, move } = page(t);
  edits.commit(move("a", { w: 4 }));
  publish(valueOf({ a: [0, 0, 3, 8], b: [6, 0, 6, 8] }));
  assert.deepEqual(places().a, [0, 0, 4, 8]);
  hub.answers[0]?.ok();
  await turn();
  t.mock.timers.tick(250);
  assert.deepEqual(places().a, [0, 0, 3, 8]);
});

test("what another editor does while a hand moves a panel is kept", (t) => {
  const { hub, edits, publish, places, move } = page(t);
  edits.preview(move("a", { x: 0, y: 9 }));
  publish(valueOf({ a: [0, 0, 6, 8], b: [6, 0, 6, 3], c: [0, 8, 6, 2] }));
  assert.deepEqual(places(), { b: [6, 0, 6, 3], c: [0, 3, 6, 2], a: [0, 5, 6, 8] });
  assert.equal(hub.sent.length, 0, "a preview is not sent");
  edits.commit(move("a", { x: 0, y: 9 }));
  assert.deepEqual(places(), { b: [6, 0, 6, 3], c: [0, 3, 6, 2], a: [0, 5, 6, 8] });
  assert.equal((hub.sent[0]?.panels as unknown[]).length, 3);
});

test("a panel that another editor removes under the hand is gone, and moving on does no harm", (t) => {
  const { hub, edits, publish, places, move } = page(t);
  edits.preview(move("a", { y: 9 }));
  publish(valueOf({ b: [6, 0, 6, 8] }));
  assert.deepEqual(places(), { b: [6, 0, 6, 8] });
  assert.equal(edits.commit(move("a", { y: 9 })), false);
  assert.equal(hub.sent.length, 0);
});

test("a preview that is given up leaves things as they were", (t) => {
  const { edits, places, move } = page(t);
  edits.preview(move("a", { w: 2 }));
  assert.deepEqual(places().a, [0, 0, 2, 8]);
  edits.preview(null);
  assert.deepEqual(places().a, [0, 0, 6, 8]);
  assert.equal(edits.undoable, false);
});

test("a refused change is taken back and said, and can't be undone", async (t) => {
  const { hub, edits, failures, places, turn, move } = page(t);
  edits.commit(move("a", { w: 4 }));
  hub.answers[0]?.no(new Error("permission denied (code 103)"));
  await turn();
  assert.deepEqual(places().a, [0, 0, 6, 8]);
  assert.deepEqual(failures, ["permission denied (code 103)"]);
  assert.equal(edits.undoable, false);
});

test("undo brings a removed panel back, step by step, and leaves alone what others did since", async (t) => {
  const { hub, edits, publish, places, move, remove } = page(t);
  edits.commit(move("a", { h: 4 }));
  publish(hub.sent[0]);
  edits.commit(remove("b"));
  publish(hub.sent[1]);
  publish(valueOf({ a: [0, 0, 6, 4], c: [6, 0, 6, 2] }));
  assert.equal(edits.undo(), true);
  assert.deepEqual(places(), { a: [0, 0, 6, 4], b: [6, 0, 6, 8], c: [6, 8, 6, 2] });
  publish(hub.sent[2]);
  edits.undo();
  assert.deepEqual(places().a, [0, 0, 6, 8]);
  assert.equal(edits.undo(), false);
});

test("a step that changes nothing is not sent", (t) => {
  const { hub, edits, move } = page(t);
  assert.equal(edits.commit(move("a", { x: -1 })), false);
  assert.equal(edits.commit(move("nobody", { x: 1 })), false);
  assert.deepEqual([hub.sent.length, edits.undoable], [0, false]);
});

test("only so many steps can be undone", (t) => {
  const { edits, move } = page(t);
  for (let i = 0; i < 50; i++) edits.commit(move("a", { h: 1 + (i % 30) }));
  let undone = 0;
  while (edits.undo()) undone += 1;
  assert.equal(undone, 20);
});

test("a hub that was started again and knows no layout takes nothing away, and gets what was changed meanwhile", async (t) => {
  const { hub, edits, publish, places, turn, move } = page(t);
  edits.commit(move("a", { w: 4 }));
  hub.value = undefined;
  edits.incoming();
  assert.deepEqual(places(), { a: [0, 0, 4, 8], b: [6, 0, 6, 8] });
  hub.answers[0]?.ok();
  await turn();
  publish(hub.sent[0]);
  assert.deepEqual(places(), { a: [0, 0, 4, 8], b: [6, 0, 6, 8] });
  publish(null);
  assert.deepEqual(places(), {}, "a value that is no layout is one all the same");
});
