import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { BUILD } from "../src/lib/build.ts";
import { kitSlot } from "../src/lib/kit_slot.ts";
import loader from "../src/loader.ts";

const packed = gzipSync("export {};").toString("base64");
const model = (kit: unknown) => ({ get: (name: string) => (name === "kit" ? kit : undefined) });

/** What is said of the kit that a relay carries. */
async function faultOf(kit: unknown): Promise<string> {
  const slot = kitSlot(BUILD);
  const before = slot.fault;
  const heard = new Promise<void>((done) => slot.onChange(() => slot.fault !== before && done()));
  loader.initialize({ model: model(kit) });
  await heard;
  return slot.fault;
}

test("what keeps the kit from being unpacked is said with the way out", async (t) => {
  // Node imports no blobs, as a page whose policy forbids it.
  assert.match(await faultOf(packed), /lets no code from a blob address in .*script-src blob:/s);
  assert.match(await faultOf(packed.slice(0, -8)), /^(?!.*blob)./s, "a file that was cut");
  assert.match(await faultOf(undefined), /its relay brought no code; run the notebook's cells again/);
  const { DecompressionStream } = globalThis;
  t.after(() => Object.assign(globalThis, { DecompressionStream }));
  Object.assign(globalThis, { DecompressionStream: undefined });
  assert.match(await faultOf(packed), /no DecompressionStream; use Chrome or Edge 80/);
});
