// Builds the page that shows the widgets without Jupyter:
//
//   node test/harness/build.mjs              once, into build/harness/; open it over any static server
//   node test/harness/build.mjs --out DIR    into another directory
//   node test/harness/build.mjs --serve      and serve it
//
// ?theme=light or ?theme=dark sets JupyterLab's variables; without it the system decides. ?saved shows what was saved.

import { copyFileSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { context } from "esbuild";
import { TEST_DEFINES } from "../../defines.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const { values: options } = parseArgs({ options: { out: { type: "string" }, serve: { type: "boolean" } } });
const outdir = options.out ?? join(here, "..", "..", "build", "harness");
mkdirSync(outdir, { recursive: true });
for (const page of ["index.html", "chat.html", "controls.html", "controls.css", "dashboard.html", "theme.css", "payloads.html", "payloads.css"]) copyFileSync(join(here, page), join(outdir, page));
const builder = await context({
  entryPoints: [
    { in: join(here, "harness.ts"), out: "harness" },
    { in: join(here, "harness.css"), out: "harness" },
    { in: join(here, "chat.ts"), out: "chat" },
    { in: join(here, "controls.ts"), out: "controls" },
    { in: join(here, "dashboard.ts"), out: "dashboard" },
    { in: join(here, "payloads.ts"), out: "payloads" },
  ],
  outdir,
  bundle: true,
  format: "esm",
  target: "es2022",
  define: TEST_DEFINES,
  sourcemap: "inline",
});
await builder.rebuild();
if (options.serve) {
  const { port } = await builder.serve({ servedir: outdir, host: "127.0.0.1" });
  console.log(`http://127.0.0.1:${port}/?theme=light`);
} else {
  await builder.dispose();
}
