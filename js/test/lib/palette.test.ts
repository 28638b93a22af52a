// The palette's promise, computed: apart for common kinds of colour vision, and visible on the surface.
// Sources: Machado, Oliveira and Fernandes 2009 (severity 1.0), Ottosson's Oklab, WCAG 2 contrast.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { colorsOf } from "../../src/lib/palette.ts";

type Triple = [number, number, number];

const VISION: Record<string, Triple[]> = {
  full: [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
  protan: [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
  deutan: [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
};

function linear(hex: string): Triple {
  return [1, 3, 5].map((at) => {
    const part = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  }) as Triple;
}

const dot = (a: Triple, b: Triple) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
const times = (rows: Triple[], by: Triple) => rows.map((row) => dot(row, by)) as Triple;

function oklab(rgb: Triple): Triple {
  const cones = times([[0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566], [0.0883024619, 0.2817188376, 0.6299787005]], rgb);
  const roots = cones.map((cone) => Math.cbrt(Math.max(0, cone))) as Triple;
  return times([[0.2104542553, 0.793617785, -0.0040720468], [1.9779984951, -2.428592205, 0.4505937099], [0.0259040371, 0.7827717662, -0.808675766]], roots);
}

const brightness = (hex: string) => dot([0.2126, 0.7152, 0.0722], linear(hex));
function contrast(a: string, b: string): number {
  const [high, low] = [brightness(a), brightness(b)].sort((x, y) => y - x) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

// The test runs as a bundle in build/test, from the folder of package.json.
const css = readFileSync("src/lib/base.css", "utf8");
const [light = "", dark = ""] = css.split(".rtw--dark {");
const colorsIn = (part: string) => [...part.matchAll(/--rtw-series-\d: (#[0-9a-f]{6})/g)].map((match) => match[1] as string);

for (const [theme, part, surface] of [["light", light, "#ffffff"], ["dark", dark, "#111111"]] as const) {
  const colors = colorsIn(part);

  test(`the ${theme} palette can be told apart with each kind of colour vision`, () => {
    assert.equal(colors.length, 8);
    for (const [vision, matrix] of Object.entries(VISION)) {
      const seen = colors.map((color) => oklab(times(matrix, linear(color)).map((part) => Math.min(1, Math.max(0, part))) as Triple));
      seen.forEach((a, i) =>
        seen.slice(i + 1).forEach((b, j) => {
          const apart = Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
          assert.ok(apart > 0.055, `${vision}: ${colors[i]} and ${colors[i + 1 + j]} are ${apart.toFixed(3)} apart`);
        }),
      );
    }
  });

  test(`each colour of the ${theme} palette has a contrast of 3 to its surface`, () => {
    for (const color of colors) assert.ok(contrast(color, surface) >= 3, `${color}: ${contrast(color, surface).toFixed(2)}`);
  });
}

test("a name keeps its colour while nobody else has it", () => {
  const colorOf = colorsOf([]);
  // The same as in Python, whose test reads the same file.
  const golden = JSON.parse(readFileSync("../tests/golden/colors.json", "utf8")) as Record<string, number>;
  for (const [user, number] of Object.entries(golden)) assert.equal(colorOf(user), `var(--rtw-series-${number})`, user);
});

test("who is present at once differs while there are colours, wherever and in whatever order they came", () => {
  const golden = JSON.parse(readFileSync("../tests/golden/member_colors.json", "utf8")) as Record<string, number>[];
  for (const members of golden) {
    const users = Object.keys(members);
    for (const order of [users, [...users].reverse(), [...users, ...users]]) {
      const colorOf = colorsOf(order);
      for (const [user, number] of Object.entries(members)) assert.equal(colorOf(user), `var(--rtw-series-${number})`, user);
    }
  }
  const crowd = Array.from({ length: 20 }, (_, i) => `guest-${i}`);
  for (let count = 1; count <= crowd.length; count++) {
    const shown = crowd.slice(0, count).map(colorsOf(crowd.slice(0, count)));
    assert.equal(new Set(shown).size, Math.min(count, 8), `${count} members`);
    const most = Math.max(...shown.map((color) => shown.filter((other) => other === color).length));
    assert.equal(most, Math.ceil(count / 8), `${count} members share evenly`);
  }
});
