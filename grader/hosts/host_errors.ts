/**
 * What an answer says about an error of the learner's, without trusting what the error defines.
 *
 * An error is a learner's object like any other: its message may raise, its class may bear a built-in's
 * name, and anything can be thrown. Its real prototypes tell whether it is the language's own, and of
 * its stack only the frames in the learner's files and the kit's are told.
 */
import { readFileSync } from "node:fs";
import Module, { registerHooks } from "node:module";
import { fileURLToPath } from "node:url";
import { getSystemErrorName, types } from "node:util";

import { className, Encoder, Fault, nameOf, read, Ready, snake } from "./host_values.ts";
import { BANNED, FIELD_LIMITS, type Json, RAISED } from "./host_values.ts";

const MESSAGE_CHARS = 4_000;
const FRAMES = 20;
const LINE_CHARS = 200;
Error.stackTraceLimit = 3 * FRAMES; // not all of them are the learner's

const { apply, defineProperty, getOwnPropertyDescriptor, getPrototypeOf } = Reflect;
const { getOwnPropertyDescriptors, hasOwn, keys } = Object;
const { isInteger } = Number;
const { stringify } = JSON;
const OBJECT = Object.prototype;
const BUILTIN_ERRORS: unknown[] = [
  Error, TypeError, RangeError, SyntaxError, ReferenceError, EvalError, URIError, AggregateError,
].map((kind) => kind.prototype);

/** Where the learner's files are: a folder ending in a slash, as a path and as a URL. */
export const own = { code: "", url: "" };

/** The learner's file asked for a module that this course has them build. */
class BannedImport extends Error {}

/** Describe what the learner's code threw without trusting anything that it defines. */
export function learnerFault(error: any): Fault {
  if (error instanceof Fault) return error;
  const kinds = prototypesOf(error);
  const ancestors = kinds.slice(1).filter((kind) => BUILTIN_ERRORS.includes(kind));
  const message = messageOf(error);
  return new Fault(error instanceof BannedImport ? BANNED : RAISED, message, {
    class: className(error),
    builtin: kinds.length === 0 || BUILTIN_ERRORS.includes(kinds[0]),
    bases: ancestors.map((kind) => nameOf(kind.constructor)),
    fields: new Ready(`{${fieldsOf(error, kinds)}}`),
    todo: types.isNativeError(error) && /^not implemented/i.test(message),
    frames: framesOf(error),
  });
}

export function prototypesOf(error: any): any[] {
  const found: any[] = [];
  try {
    for (let kind = error; typeof kind === "object" && (kind = getPrototypeOf(kind)); ) found.push(kind);
  } catch {
    // a proxy that refuses to be asked
  }
  return found;
}

export function messageOf(error: any): string {
  try {
    return String(types.isNativeError(error) ? error.message : error).slice(0, MESSAGE_CHARS);
  } catch (second) {
    return `<the message of ${className(error)} raised ${className(second)}>`;
  }
}

/** The public attributes of an error that are plain values, named as suites name things. */
function fieldsOf(error: any, kinds: any[]): string[] {
  const fields: string[] = [];
  try {
    if (typeof error !== "object") return fields;
    const names = keys(error).filter((name) => name !== "name" && name !== "message");
    for (const kind of kinds) {
      if (kind !== OBJECT && !BUILTIN_ERRORS.includes(kind)) {
        names.push(...keys(getOwnPropertyDescriptors(kind)).filter((name) => hasGetter(kind, name)));
      }
    }
    for (const name of names) {
      if (/^[A-Za-z]\w*$/.test(name)) fields.push(...fieldText(error, name));
    }
  } catch {
    // a proxy that refuses to be asked
  }
  return fields;
}

function hasGetter(kind: object, name: string): boolean {
  return getOwnPropertyDescriptor(kind, name)?.get !== undefined;
}

function fieldText(error: any, name: string): string[] {
  try {
    return [`${stringify(snake(name))}:${new Encoder(FIELD_LIMITS).whole(read(error, name)).text}`];
  } catch {
    return []; // not plain, or a getter that raises: not a public field
  }
}

/** The learner's own frames, outermost first. */
function framesOf(error: any): object[] {
  let stack = "";
  try {
    if (types.isNativeError(error)) stack = String(error.stack);
  } catch {
    return [];
  }
  const frames: object[] = [];
  for (const line of stack.split("\n")) {
    const found = /^\s+at (?:async )?(?:(.*) \()?(file:\/\/.*?):(\d+):\d+\)?$/.exec(line);
    const syntax = /^()(file:\/\/.*?):(\d+)$/.exec(line); // how V8 heads a syntax error
    const [, name, url, number] = found ?? syntax ?? [];
    if (url?.startsWith(own.url)) frames.push(frame(url, Number(number), name));
  }
  return frames.slice(0, FRAMES).reverse();
}

function frame(url: string, line: number, name: string | undefined): object {
  const path = fileURLToPath(url);
  const last = name?.replace(/ \[as .*$/, "").split(".").at(-1) || "<anonymous>";
  return { file: path.slice(own.code.length), line, function: last, text: sourceLine(path, line) };
}

function sourceLine(path: string, line: number): string {
  try {
    const text = readFileSync(path, "utf8").split("\n")[line - 1] ?? "";
    return text.trim().replace(/ {2,}/g, " ").slice(0, LINE_CHARS); // stripped types leave blanks
  } catch {
    return "";
  }
}

/** A stack as the learner would see it if there were no host. */
export function stackText(error: unknown): string {
  const frames: any[] = framesOf(error).reverse();
  const lines = frames.map((at) => `    at ${at.function} (${at.file}:${at.line})`);
  return [`${className(error)}: ${messageOf(error)}`, ...lines].join("\n");
}

/** The error that the learner's code sees when the test's function raised. */
export function raisedByCallback(answer: Json): Error {
  const error: any = new Error(answer.message);
  const name = answer.data?.class ?? "Error";
  defineProperty(error, "name", { value: name, configurable: true, writable: true });
  if (isInteger(answer.data?.errno)) {
    error.errno = -answer.data.errno; // as Node writes it
    error.code = getSystemErrorName(error.errno);
  }
  return error;
}

// -- bans -----------------------------------------------------------------------------------------

/** Refuse a banned module when the learner's own file, not the kit, is what imports it. */
export function ban(names: string[]): void {
  const bannedAs = (specifier: string) => {
    const asked = specifier.replace(/^node:/, "");
    const inside = asked.replace(/^_([a-z0-9]+).*/, "$1"); // `_http_server` is a part of `http`
    return names.find((name) => asked === name || inside === name || asked.startsWith(`${name}/`));
  };
  const guard = (owner: any, name: string) => {
    const give = owner[name];
    owner[name] = (specifier: unknown, ...more: unknown[]) => {
      const banned = bannedAs(`${specifier}`);
      return banned ? refuse(banned) : apply(give, owner, [specifier, ...more]);
    };
  };
  guard(process, "getBuiltinModule"); // two ways to a module that no hook hears of
  guard(Module, "_load");
  registerHooks({
    resolve(specifier, context, next) {
      const banned = bannedAs(specifier);
      const parent = context.parentURL ?? "";
      if (banned && parent.startsWith(own.url) && !parent.startsWith(`${own.url}kit/`)) {
        refuse(banned, parent, specifier);
      }
      return next(specifier, context);
    },
  });
  for (const name of names.filter((word) => hasOwn(globalThis, word))) {
    defineProperty(globalThis, name, { configurable: true, value: () => refuse(name) });
  }
}

function refuse(name: string, url = "", specifier = ""): never {
  const error = new BannedImport(`${name} is banned here: this course asks you to build it yourself`);
  if (url) {
    const lines = readFileSync(fileURLToPath(url), "utf8").split("\n");
    const line = lines.findIndex((text) => text.includes(specifier)) + 1;
    error.stack = `    at ${url}:${line}:1`; // a static import is refused before the file runs
  }
  throw error;
}
