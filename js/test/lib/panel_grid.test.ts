import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { bottom, columnsFor, narrowed, settled, sized, type Box } from "../../src/lib/panel_grid.ts";
import { moved, stepped } from "../../src/lib/panel_moves.ts";

type Place = readonly [x: number, y: number, w: number, h: number];

const boxes = (places: Record<string, Place>): Box[] => Object.entries(places).map(([id, [x, y, w, h]]) => ({ id, x, y, w, h }));
const places = (found: readonly Box[]) => Object.fromEntries(found.map(({ id, x, y, w, h }) => [id, [x, y, w, h]]));

interface Case {
  readonly name: string;
  readonly given: Record<string, Place>;
  readonly settled: Record<string, Place>;
}

interface Move {
  readonly name: string;
  readonly given: Record<string, Place>;
  readonly id: string;
  readonly to: Place;
  readonly moved: Record<string, Place>;
}

// Read by the Python tests, too: both sides come to the same picture.
const casesOf = (name: string): unknown => JSON.parse(readFileSync(join(process.cwd(), "../tests/widgets", name), "utf8"));

for (const { name, given, settled: expected } of casesOf("panel_cases.json") as Case[]) {
  test(`panels settle: ${name}`, () => assert.deepEqual(Object.entries(places(settled(boxes(given)))), Object.entries(expected)));
}

for (const { name, given, id, to, moved: expected } of casesOf("panel_moves.json") as Move[]) {
  const [x, y, w, h] = to;
  test(`a panel is moved: ${name}`, () => assert.deepEqual(Object.entries(places(moved(boxes(given), id, { x, y, w, h }))), Object.entries(expected)));
}

/** A generator of numbers that a failing test can be run again with. */
function numbers(seed: number): (least: number, most: number) => number {
  let state = seed;
  return (least, most) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return least + (state % (most - least + 1));
  };
}

function assertSound(found: readonly Box[], message: string): void {
  const cells = new Set<string>();
  for (const { x, y, w, h } of found) {
    assert.ok(x >= 0 && y >= 0 && w >= 1 && h >= 1 && x + w <= 12, message);
    for (let column = x; column < x + w; column++) {
      for (let row = y; row < y + h; row++) {
        assert.ok(!cells.has(`${column} ${row}`), `${message}: one covers another`);
        cells.add(`${column} ${row}`);
      }
    }
  }
  assert.deepEqual(settled(found), found, `${message}: there is a gap above one`);
}

test("whatever is moved and resized, no panel covers another, leaves the grid or stands over a gap", () => {
  for (let seed = 1; seed <= 60; seed++) {
    const random = numbers(seed);
    let found = settled(Array.from({ length: random(1, 12) }, (_, i) => ({ id: `p${i}`, x: random(-3, 14), y: random(-3, 30), w: random(0, 14), h: random(0, 9) })));
    for (let step = 0; step < 40; step++) {
      const id = `p${random(0, found.length - 1)}`;
      const box = found.find((one) => one.id === id) as Box;
      if (step % 3 === 0) found = moved(found, id, sized(box, random(-2, 15), random(-2, 12)));
      else if (step % 3 === 1) found = moved(found, id, { x: random(-4, 15), y: random(-4, 40) });
      else found = [...stepped(found, id, random(0, 1) ? 1 : -1)];
      assertSound(found, `seed ${seed}, step ${step}`);
    }
  }
});

test("a panel that is dragged past the middle of another changes places with it", () => {
  const two = boxes({ a: [0, 0, 6, 8], b: [0, 8, 6, 4] });
  assert.deepEqual(places(moved(two, "a", { y: 2 })), places(two), "its lower edge is at the middle");
  assert.deepEqual(places(moved(two, "a", { y: 3 })), { b: [0, 0, 6, 4], a: [0, 4, 6, 8] });
  assert.deepEqual(places(moved(two, "b", { y: 5 })), places(two));
  assert.deepEqual(places(moved(two, "b", { y: 3 })), { b: [0, 0, 6, 4], a: [0, 4, 6, 8] });
});

test("a panel that is moved over another sideways sends it down, and back", () => {
  const two = boxes({ a: [0, 0, 6, 8], b: [6, 0, 6, 8] });
  assert.deepEqual(places(moved(two, "a", { x: 1 })), { a: [1, 0, 6, 8], b: [6, 8, 6, 8] });
  assert.deepEqual(places(moved(two, "b", { x: 5 })), { b: [5, 0, 6, 8], a: [0, 8, 6, 8] });
  assert.deepEqual(places(moved(two, "a", { x: 99, y: -5 })), { a: [6, 0, 6, 8], b: [6, 8, 6, 8] });
});

test("a step up or down always goes past the next panel, and stops at the ends", () => {
  const three = boxes({ a: [0, 0, 12, 3], b: [0, 3, 12, 8], c: [0, 11, 12, 2] });
  const once = stepped(three, "a", 1);
  assert.deepEqual(Object.keys(places(once)), ["b", "a", "c"]);
  assert.deepEqual(Object.keys(places(stepped(once, "a", 1))), ["b", "c", "a"]);
  assert.equal(stepped(three, "c", 1), three);
  assert.equal(stepped(three, "a", -1), three);
  assert.deepEqual(Object.keys(places(stepped(three, "c", -1))), ["a", "c", "b"]);
  assert.equal(stepped(three, "nobody", 1), three);
});

test("a size is one that a hand can take back", () => {
  const [box] = boxes({ a: [8, 0, 4, 4] }) as [Box];
  assert.deepEqual(sized(box, 9, 99), { w: 4, h: 40 });
  assert.deepEqual(sized(box, -1, -1), { w: 2, h: 1 });
  assert.deepEqual(sized({ ...box, w: 1 }, 0, 4), { w: 1, h: 4 });
});

test("panels are stacked in reading order where there is no room side by side", () => {
  const desk = boxes({ a: [0, 0, 3, 3], b: [3, 0, 3, 3], c: [6, 0, 3, 3], chart: [0, 3, 7, 8], chat: [7, 3, 5, 8] });
  assert.deepEqual([columnsFor(1600), columnsFor(700), columnsFor(699), columnsFor(360), columnsFor(0)], [12, 12, 6, 1, 1]);
  assert.deepEqual(places(narrowed(desk, 6)), { a: [0, 0, 3, 3], b: [3, 0, 3, 3], c: [0, 3, 6, 3], chart: [0, 6, 6, 8], chat: [0, 14, 6, 8] });
  assert.deepEqual(places(narrowed(desk, 1)), { a: [0, 0, 1, 3], b: [0, 3, 1, 3], c: [0, 6, 1, 3], chart: [0, 9, 1, 8], chat: [0, 17, 1, 8] });
  assert.equal(bottom(narrowed(desk, 1)), 25);
  assert.deepEqual(narrowed([], 6), []);
  const rows = boxes({ form: [0, 0, 6, 8], s: [6, 0, 3, 1], t: [6, 1, 3, 1], u: [6, 2, 3, 1], n: [0, 8, 3, 1], m: [3, 8, 3, 2], log: [0, 10, 12, 8] });
  assert.deepEqual(Object.keys(places(narrowed(rows, 1))), ["form", "s", "t", "u", "n", "m", "log"]);
  const six = { form: [0, 0, 6, 8], s: [0, 8, 3, 1], t: [3, 8, 3, 1], u: [0, 9, 6, 1], n: [0, 10, 3, 1], m: [3, 10, 3, 2], log: [0, 12, 6, 8] };
  assert.deepEqual(places(narrowed(rows, 6)), six, "no row begins beside the one above it");
});
