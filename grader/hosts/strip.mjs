/**
 * Takes the types out of TypeScript once, so that not every test pays for it (a start costs a quarter).
 *
 *     node strip.mjs FROM_FOLDER TO_FOLDER     every .ts below it, under the same name
 *     node strip.mjs host.ts host.mjs          one file
 *
 * Types become blanks: lines and columns stay. Node calls the result JavaScript only by its ending, so
 * folders stripped here need `"stripped": true` in hello. A file that is more than JavaScript with
 * types (enum, namespace) or malformed is told on stderr, and the exit status is 1: run the original
 * instead, its import then raises the same error in the learner's own terms.
 */
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { dirname, join } from "node:path";

function strip(from, to) {
  try {
    const text = stripTypeScriptTypes(readFileSync(from, "utf8"));
    mkdirSync(dirname(to), { recursive: true });
    writeFileSync(to, text);
  } catch (error) {
    console.error(`${from}: ${error.message}`);
    process.exitCode = 1;
  }
}

const [from, to] = process.argv.slice(2);
if (statSync(from).isFile()) strip(from, to);
else {
  for (const name of readdirSync(from, { recursive: true })) {
    if (name.endsWith(".ts")) strip(join(from, name), join(to, name));
  }
}
