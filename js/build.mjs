// Builds the front end: one ES module per widget, one for the connection, one style sheet per widget.
//
//   node build.mjs          src/ -> ../rtwidgets/widgets/static/
//   node build.mjs --test   test/**/*.test.ts -> build/test/, for `node --test`
//
// Every widget instance sends its whole module to the page, so a module over the limit fails the build.

import { existsSync, readdirSync, rmSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const MAX_MODULE_BYTES = 100_000;
/** It comes to a page once per kernel, and not with every widget. */
const MAX_CONNECTION_BYTES = 110_000;
const root = dirname(fileURLToPath(import.meta.url));
const staticDir = join(root, "..", "rtwidgets", "widgets", "static");
const testDir = join(root, "build", "test");

/** All files under a folder whose name passes, as absolute paths. */
function filesUnder(folder, accept) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && accept(entry.name))
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .sort();
}

const options = {
  outdir: staticDir,
  bundle: true,
  format: "esm",
  minify: true,
  target: "es2022",
  legalComments: "eof",
  metafile: true,
  logLevel: "warning",
};

async function buildFrontEnd() {
  const widgets = join(root, "src", "widgets");
  const modules = filesUnder(widgets, (name) => /^[a-z][a-z0-9_]*\.(ts|css)$/.test(name));
  const results = await Promise.all([
    build({
      ...options,
      entryPoints: [{ in: join(root, "src", "connection", "index.ts"), out: "connection" }],
      // npm centrifuge has long private names, _handlePublication and the like: a fifth of the module. None of
      // them is on the wire or in the page's API. Quoted too, as we reach two of them by a quoted name.
      mangleProps: /^_[a-z]/,
      mangleQuoted: true,
    }),
    build({ ...options, entryPoints: modules.filter((file) => dirname(file) === widgets) }),
  ]);
  const outputs = results.flatMap(({ metafile }) => Object.entries(metafile.outputs));
  const built = new Set(outputs.map(([file]) => basename(file)));
  for (const name of readdirSync(staticDir)) if (!built.has(name)) rmSync(join(staticDir, name), { recursive: true });
  let tooLarge = false;
  for (const [file, { bytes }] of outputs) {
    const over = bytes > (basename(file) === "connection.js" ? MAX_CONNECTION_BYTES : MAX_MODULE_BYTES);
    tooLarge ||= over;
    console.log(`${(bytes / 1000).toFixed(1).padStart(7)} kB  ${basename(file)}${over ? "  TOO LARGE" : ""}`);
  }
  if (tooLarge) throw new Error("a module is too large; move what it does not need out of it");
}

async function buildTests() {
  const tests = filesUnder(join(root, "test"), (name) => name.endsWith(".test.ts"));
  rmSync(testDir, { recursive: true, force: true });
  await build({
    // Flat names, so that one shell pattern finds them on every Node version.
    entryPoints: tests.map((file) => ({
      in: file,
      out: relative(join(root, "test"), file).replace(/\.ts$/, "").replaceAll(/[\\/]/g, "-"),
    })),
    outdir: testDir,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    platform: "node",
    packages: "external",
    format: "esm",
    target: "es2022",
    sourcemap: "inline",
    logLevel: "warning",
  });
  console.log(`${tests.length} test files in ${relative(process.cwd(), testDir)}`);
}

try {
  await (process.argv.includes("--test") ? buildTests() : buildFrontEnd());
} catch (error) {
  console.error(`front end: ${error.message}`);
  process.exitCode = 1;
}
