/** Finds the learner's functions, classes and methods by the names that suites use. */
import { existsSync, readFileSync } from "node:fs";
import { createRequire, registerHooks } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import { types } from "node:util";

import { learnerFault, own, prototypesOf } from "./host_errors.ts";
import { camel, className, decode, Fault, type Json, nameOf, NO_NAME } from "./host_values.ts";

/** A step of serving a request: yields what may be a promise in a box, gets back what it became. */
export type Steps = Generator<{ value: unknown }, unknown, any>;

type Found = { call: any; self: any };

export const load = createRequire(import.meta.url);
export const modules: string[] = []; // paths below the code without ending, in the order of search

const { ownKeys } = Reflect;
const { hasOwn, keys } = Object;
const loaded = new Map<string, any>();

/** Enter the learner's code: the only door. Whatever comes out of it becomes an answer. */
export function invoke<T>(enter: () => T): T {
  try {
    return enter();
  } catch (error) {
    throw learnerFault(error);
  }
}

/** The names of a module, imported when first needed; none when there is no such file. */
export function* exportsOf(module: string): Steps {
  const file = `${own.code}${module}.ts`;
  if (!loaded.has(module)) {
    if (!existsSync(file)) return Object.create(null);
    const found = invoke(() => importNow(file));
    loaded.set(module, types.isPromise(found) ? yield { value: found } : found);
  }
  return loaded.get(module);
}

function importNow(file: string): unknown {
  try {
    return load(file);
  } catch (error: any) {
    if (error?.code !== "ERR_REQUIRE_ASYNC_MODULE") throw error;
    return import(pathToFileURL(file).href); // it awaits at its top level
  }
}

/** What to call and its `this`: a method of a live object, or a name in the learner's modules. */
export function* find(target: Json, name: string): Steps {
  if (target !== null) return member(decode(target), name);
  const [first, ...rest] = name.split(".");
  const known: string[] = [];
  for (const module of modules) {
    const names: any = yield* exportsOf(module);
    const key = hasOwn(names, first) ? first : camel(first);
    if (typeof names[key] === "function") {
      const found: Found = { call: names[key], self: undefined };
      return rest.reduce((owner, step) => member(owner.call, step), found);
    }
    known.push(...keys(names));
  }
  const files = modules.filter((module) => !module.startsWith("kit/")).map((module) => `${module}.ts`);
  const missing = files.filter((file) => !existsSync(own.code + file));
  const gone = missing.map((file) => ` (${file} does not exist)`);
  throw noSuch("exported", `${files.join(", ")}${gone.join("")}`, first, known);
}

function member(owner: any, name: string): Found {
  for (const key of [name, camel(name)]) {
    const found = invoke(() => owner[key]);
    if (typeof found === "function") return { call: found, self: owner };
  }
  const kinds = prototypesOf(owner).filter((kind) => kind !== Object.prototype);
  const known = kinds.flatMap((kind) => ownKeys(kind)).map(String);
  const where = typeof owner === "function" ? nameOf(owner) : className(owner);
  throw noSuch("method", where, name, known);
}

export function noSuch(what: string, where: string, name: string, known: string[]): Fault {
  const spelled = camel(name);
  const near = known.find((word) => isNear(word.toLowerCase(), spelled.toLowerCase()));
  const hint = near ? `; the nearest name is ${near}` : "";
  return new Fault(NO_NAME, `there is no ${what} ${spelled} in ${where}${hint}`, { name });
}

/** Whether one word becomes the other by at most two letters put in, left out or changed. */
function isNear(left: string, right: string, edits = 2): boolean {
  let at = 0;
  while (at < left.length && left[at] === right[at]) at++;
  const [a, b] = [left.slice(at), right.slice(at)];
  if (!a || !b || !edits) return a.length + b.length <= edits;
  const shorter = [[a.slice(1), b], [a, b.slice(1)], [a.slice(1), b.slice(1)]];
  return shorter.some(([x, y]) => isNear(x, y, edits - 1));
}

/** Code whose types were stripped beforehand is plain JavaScript under the same names. */
export function expectStripped(): void {
  registerHooks({
    load(url, context, next) {
      if (!url.startsWith(own.url)) return next(url, context);
      return { format: "module", source: readFileSync(fileURLToPath(url)), shortCircuit: true };
    },
  });
}
