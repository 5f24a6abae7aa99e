/**
 * Takes the types out of TypeScript once: to do it at each start would cost three quarters of the start.
 *
 *     node strip.mjs FROM TO          every .ts below FROM, under the same names below TO
 *     node strip.mjs FROM TO .mjs     with another ending, also where files import each other
 *
 * Types become blanks: lines and columns stay. Node takes a .ts for TypeScript whatever is in it, so
 * code under test that was stripped needs `"stripped": true` in hello. A file that is malformed, or
 * more than JavaScript with types (enum, namespace), is told on stderr, and the exit status is 1: run
 * the original instead, its import then raises the same error in the learner's own terms.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { dirname, join } from "node:path";

function strip(file, target, ending) {
  try {
    const text = stripTypeScriptTypes(readFileSync(file, "utf8"));
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, text.replace(/(?<= from "\.\/\w+)\.ts(?=";$)/gm, ending));
  } catch (error) {
    console.error(`${file}: ${error.message}`);
    process.exitCode = 1;
  }
}

const [from, to, ending = ".ts"] = process.argv.slice(2);
for (const name of readdirSync(from, { recursive: true })) {
  if (name.endsWith(".ts")) strip(join(from, name), join(to, name.replace(/\.ts$/, ending)), ending);
}
