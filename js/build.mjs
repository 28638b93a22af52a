// Builds the front end:
//
//   node build.mjs          src/ -> ../rtwidgets/widgets/static/
//   node build.mjs --test   test/**/*.test.ts -> build/test/, for `node --test`
//
// stub.js comes with every widget, loader.js and the packed kit with every relay; kit.js is for pages without Jupyter,
// host.js and chat_example.js are the hub's own.
// What a page gets is limited: over the limit the build fails.

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { TEST_DEFINES } from "./defines.mjs";

/** In bytes. */
const LIMITS = { "stub.js": 4_000, "loader.js": 4_000, "kit.js": 400_000, "kit.js.gz": 135_000, "host.js": 450_000, "export.js": 500_000 };
/** Where the hash of the build stands until it is known. */
const NO_BUILD = "rtw-build-is-not-known";
const root = dirname(fileURLToPath(import.meta.url));
const src = join(root, "src");
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

/** The text of one bundle. */
async function bundle(entry, options = {}) {
  const { outputFiles } = await build({
    entryPoints: [join(src, entry)],
    bundle: true,
    write: false,
    format: "esm",
    minify: true,
    target: "es2022",
    legalComments: "eof",
    logLevel: "warning",
    ...options,
  });
  return outputFiles[0].text;
}

async function buildFrontEnd() {
  const styles = await bundle("kit.css", { legalComments: "none" });
  const define = { RTW_BUILD: JSON.stringify(NO_BUILD), RTW_STYLES: JSON.stringify(styles) };
  const [stub, loader, kit] = await Promise.all([
    bundle("stub.ts", { define }),
    bundle("loader.ts", { define }),
    bundle("kit.ts", {
      define,
      // npm centrifuge has long private names, _handlePublication and the like: a fifth of it. None of them is on the
      // wire or in the page's API. Quoted too, as we reach two of them by a quoted name.
      mangleProps: /^_[a-z]/,
      mangleQuoted: true,
    }),
  ]);
  const host = await buildHost(define);
  const file = await buildFile();
  const hash = createHash("sha256").update(stub).update(loader).update(kit).digest("hex").slice(0, 16);
  const stamped = (text) => text.replaceAll(NO_BUILD, hash);
  const packed = gzipSync(stamped(kit), { level: 9 });
  const files = { ...host, "export.js": file, "stub.js": stamped(stub), "loader.js": stamped(loader), "kit.js": stamped(kit), "kit.js.gz.b64": packed.toString("base64") };
  mkdirSync(staticDir, { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(staticDir, name), text);
  for (const name of readdirSync(staticDir)) if (!(name in files)) rmSync(join(staticDir, name), { recursive: true });
  const sizes = { ...Object.fromEntries(Object.entries(files).map(([name, text]) => [name, Buffer.byteLength(text)])), "kit.js.gz": packed.length };
  let tooLarge = false;
  for (const [name, bytes] of Object.entries(sizes)) {
    const over = bytes > (LIMITS[name] ?? Number.POSITIVE_INFINITY);
    tooLarge ||= over;
    console.log(`${(bytes / 1000).toFixed(1).padStart(7)} kB  ${name}${over ? "  TOO LARGE" : ""}`);
  }
  if (tooLarge) throw new Error("a page would get too much; move what it does not need out of it");
}

/** The script of saved files, which stands in their text. */
async function buildFile() {
  const styles = await bundle("export/export.css", { legalComments: "none" });
  const define = { RTW_BUILD: '"file"', RTW_STYLES: JSON.stringify(styles) };
  const text = await bundle("export/index.ts", { define, format: "iife", mangleProps: /^_[a-z]/, mangleQuoted: true });
  if (/<\/script|<!--/i.test(text)) throw new Error("export.js holds what would end the script element it stands in");
  return text;
}

/** What the hub's own pages are made of. */
async function buildHost(define) {
  const mangled = { mangleProps: /^_[a-z]/, mangleQuoted: true };
  const [script, styles, chat, chatStyles] = await Promise.all([
    bundle("host/index.ts", { define: { ...define, RTW_BUILD: '"page"' }, ...mangled }),
    bundle("host/host.css", { legalComments: "none" }),
    bundle("host/chat_example.js", mangled),
    bundle("host/chat_example.css"),
  ]);
  const source = (name) => readFileSync(join(src, "host", name), "utf8");
  return {
    "host.js": script,
    "host.css": styles,
    "chat_example.js": chat,
    "chat_example.css": chatStyles,
    "chat_example_source.js": source("chat_example.js"),
    "icon.svg": source("icon.svg"),
  };
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
    define: TEST_DEFINES,
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
