/**
 * The far side of the bridge for TypeScript: runs the code under test and answers questions about it.
 *
 * Law of every host:
 * - It speaks JSON-RPC 2.0, one message a line, on the socket named by SFS_FD, and never speaks first:
 *   a request comes in, callbacks may go out while it is served, one answer goes out.
 * - Only plain values cross. A prototype is compared exactly, so an object that poses as an array or
 *   a built-in error crosses as what it is: an opaque reference, or an error of the learner's own.
 * - The trusted end believes nothing that is said here. What this file does against hostile code keeps
 *   honest reports readable; it does not protect the verdict.
 *
 * The conversation is synchronous: a callback blocks the learner's function until its answer is here.
 * Only two things let the event loop turn: a learner's function that returns a promise, and a program.
 * Answers are written as JSON text piece by piece, out of reach of a toJSON on a polluted prototype.
 */
import { existsSync, readFileSync, readSync, writeSync } from "node:fs";
import { createRequire, registerHooks } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import { getSystemErrorName, types } from "node:util";

type Json = any; // what JSON.parse made of a message
type Limits = { depth: number; bytes: number; nodes: number; handles: number };
/** A step of serving a request: yields what may be a promise in a box, gets back what it became. */
type Steps = Generator<{ value: unknown }, unknown, any>;

const RAISED = -32000, UNCROSSABLE = -32001, NO_NAME = -32002, DEAD = -32003, MISUSE = -32004, BANNED = -32005;
const BIGGEST_INT = 1n << 13_000n; // the other end refuses longer ones
const MESSAGE_CHARS = 4_000;
const FRAMES = 20;
const STACK_DEPTH = 60; // what V8 keeps of a stack: FRAMES of the learner's and some of others
const FIELD_LIMITS: Limits = { depth: 4, bytes: 16_384, nodes: 256, handles: 0 };
const NO_LIMITS: Limits = { depth: 100, bytes: Infinity, nodes: Infinity, handles: 0 };
const ENOUGH_BYTES = 1 << 20; // a batch of iterator values is cut here, so that many big values still cross
const EXIT_FAULT = 70; // the conversation broke: EX_SOFTWARE of sysexits.h

// Bound before any learner's code runs: patching them later does not reach the host.
const { apply, construct, getPrototypeOf, getOwnPropertyDescriptor, defineProperty, ownKeys } = Reflect;
const { parse, stringify } = JSON;
const { isArray } = Array;
const { isSafeInteger } = Number;
const { keys, fromEntries, hasOwn } = Object;
const race = Promise.race.bind(Promise);
const sourceOf = Function.prototype.toString;
const exit: (status: number) => never = (process as any).reallyExit.bind(process); // no exit listeners
const ARRAY = Array.prototype, OBJECT = Object.prototype, BYTES = Uint8Array.prototype, BUFFER = Buffer.prototype;
const BUILTIN_ERRORS: unknown[] = [
  Error, TypeError, RangeError, SyntaxError, ReferenceError, EvalError, URIError, AggregateError,
].map((kind) => kind.prototype);

/** Becomes the error of an answer. */
class Fault extends Error {
  code: number;
  data: Record<string, unknown>;
  constructor(code: number, message: string, data: Record<string, unknown> = {}) {
    super(message);
    this.code = code;
    this.data = data;
  }
}

/** The learner's file asked for a module that this course has them build. */
class BannedImport extends Error {}

/** A value that cannot cross; the path to it grows while the encoder unwinds. */
class Uncrossable extends Error {
  path = "";
}

/** JSON text that is ready to be sent. */
class Ready {
  text: string;
  constructor(text: string) {
    this.text = text;
  }
}

// -- the wire -------------------------------------------------------------------------------------

const FD = Number(process.env.SFS_FD);
delete process.env.SFS_FD;
const piece = Buffer.alloc(65_536);
let received = Buffer.alloc(0);

function say(text: string): void {
  writeAll(2, Buffer.from(text + "\n"));
}

function breakOff(reason: string): never {
  say(`host: ${reason}; the conversation is over`);
  return exit(EXIT_FAULT);
}

/** The next message; the end of the stream is the end of this process. */
function receive(): Json {
  const lines: Buffer[] = [received];
  let end = received.indexOf(10);
  let size = received.length;
  while (end < 0) {
    const more = Buffer.from(piece.subarray(0, readSome()));
    const found = more.indexOf(10);
    if (found >= 0) end = size + found;
    size += more.length;
    lines.push(more);
  }
  const all = lines.length === 1 ? received : Buffer.concat(lines);
  received = all.subarray(end + 1);
  return understand(all.toString("utf8", 0, end));
}

function understand(line: string): Json {
  let message: Json = null;
  try {
    message = parse(line);
  } catch {
    // told below
  }
  if (message === null || typeof message !== "object" || isArray(message)) {
    breakOff("received a line that is not a JSON object");
  }
  return message;
}

function readSome(): number {
  for (;;) {
    try {
      return readSync(FD, piece, 0, piece.length, null) || exit(0);
    } catch (error: any) {
      if (error.code !== "EAGAIN") exit(0);
      pause();
    }
  }
}

function writeAll(descriptor: number, bytes: Buffer): void {
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(descriptor, bytes, at);
    } catch (error: any) {
      if (error.code !== "EAGAIN") return void (descriptor === FD && exit(0));
      pause();
    }
  }
}

/** Wait a millisecond: a running program's socket and the streams may be non-blocking. */
function pause(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
}

function send(message: object, most = Infinity): void {
  const line = Buffer.from(new Encoder(NO_LIMITS).encode({ jsonrpc: "2.0", ...message }) + "\n");
  if (line.length > most) throw new Fault(UNCROSSABLE, `result: is larger than ${most} bytes as JSON`);
  writeAll(FD, line);
}

function sendError(id: unknown, fault: Fault): void {
  send({ id, error: { code: fault.code, message: fault.message, data: fault.data } });
}

// -- values going out -----------------------------------------------------------------------------

const handles = new Map<number, unknown>();
let lastHandle = 0;

/** Turns one value into JSON text within the limits, handing out references on the way. */
class Encoder {
  limits: Limits;
  nodes: number;
  room: number;
  constructed: unknown; // a class was asked for: its object is a reference even when it iterates
  open = new Set<object>(); // containers around the value at hand, to tell a cycle
  kept: number[] = [];

  constructor(limits: Limits, constructed?: unknown) {
    this.limits = limits;
    this.nodes = limits.nodes;
    this.room = limits.bytes;
    this.constructed = constructed;
  }

  /** Encode `value`; when it cannot cross, take back every reference handed out for it. */
  whole(value: unknown, name = "result"): Ready {
    this.kept = [];
    try {
      return new Ready(this.encode(value));
    } catch (problem) {
      for (const number of this.kept) handles.delete(number);
      if (!(problem instanceof Uncrossable)) throw problem;
      throw new Fault(UNCROSSABLE, `${name}${problem.path}: ${problem.message}`);
    }
  }

  encode(value: unknown): string {
    if (--this.nodes < 0) throw new Uncrossable(`more than ${this.limits.nodes} values in one answer`);
    switch (typeof value) {
      case "undefined": return "null";
      case "boolean": return value ? "true" : "false";
      case "number": return numberText(value);
      case "string": return this.spend(stringify(value));
      case "bigint": return bigText(value);
      case "object": return value === null ? "null" : this.object(value);
      default: return this.remote(value);
    }
  }

  spend(text: string): string {
    this.room -= text.length;
    if (this.room < 0) throw new Uncrossable(`more than ${this.limits.bytes} bytes in one answer`);
    return text;
  }

  object(value: any): string {
    if (value instanceof Ready) return value.text;
    if (types.isProxy(value) || callbackNumbers.has(value)) return this.remote(value);
    const prototype = getPrototypeOf(value);
    if (isArray(value) && prototype === ARRAY) return this.container(value, () => this.sequence(value));
    if (types.isUint8Array(value) && (prototype === BYTES || prototype === BUFFER)) {
      return `{"$bytes":"${this.spend(Buffer.from(value).toString("base64"))}"}`;
    }
    if ((prototype !== OBJECT && prototype !== null) || iterates(value, true)) return this.remote(value);
    return this.container(value, () => this.mapping(value));
  }

  container(value: object, encodeItems: () => string): string {
    if (this.open.has(value)) throw new Uncrossable("the value contains itself");
    if (this.open.size >= this.limits.depth) throw new Uncrossable(`nested more than ${this.limits.depth} deep`);
    this.open.add(value);
    const text = encodeItems();
    this.open.delete(value);
    return text;
  }

  sequence(items: unknown[]): string {
    let text = "";
    for (let place = 0; place < items.length; place++) {
      text += (place ? "," : "") + this.item(items, place, `[${place}]`);
    }
    return `[${text}]`;
  }

  mapping(items: any): string {
    const pairs: string[][] = [];
    let tagged = false;
    for (const key of keys(items)) {
      tagged ||= key[0] === "$";
      pairs.push([this.spend(stringify(key)), this.item(items, key, `.${key.slice(0, 80)}`)]);
    }
    if (tagged) return `{"$dict":[${pairs.map((pair) => `[${pair}]`)}]}`;
    return `{${pairs.map((pair) => pair.join(":"))}}`;
  }

  item(items: any, key: any, step: string): string {
    try {
      return this.encode(read(items, key));
    } catch (problem) {
      if (problem instanceof Uncrossable) problem.path = step + problem.path;
      throw problem;
    }
  }

  remote(value: any): string {
    if (callbackNumbers.has(value)) return `{"$callback":${callbackNumbers.get(value)}}`;
    if (handles.size >= this.limits.handles) throw new Uncrossable(`more than ${this.limits.handles} live handles`);
    handles.set(++lastHandle, value);
    this.kept.push(lastHandle);
    if (value !== this.constructed && iterates(value, false)) return `{"$iter":${lastHandle}}`;
    return `{"$ref":${lastHandle},"type":${stringify(className(value))}}`;
  }
}

function numberText(value: number): string {
  if (isSafeInteger(value)) return `${value}`;
  if (Number.isFinite(value)) return /[.e]/.test(`${value}`) ? `${value}` : `${value}.0`;
  return value > 0 ? '{"$float":"inf"}' : value < 0 ? '{"$float":"-inf"}' : '{"$float":"nan"}';
}

function bigText(value: bigint): string {
  if (value >= BIGGEST_INT || value <= -BIGGEST_INT) throw new Uncrossable("the bigint is too large");
  return `{"$int":"${value}"}`;
}

/** A property, whose getter may be the learner's. */
function read(owner: any, key: any): unknown {
  try {
    return owner[key];
  } catch (error) {
    throw new Uncrossable(`its getter raised ${className(error)}`);
  }
}

/** Generators and iterators do; of plain objects also those that only make an iterator. */
function iterates(value: any, plain: boolean): boolean {
  if (typeof value !== "object") return false;
  try {
    const can = typeof value[Symbol.iterator] === "function" || typeof value[Symbol.asyncIterator] === "function";
    return can && (typeof value.next === "function" || plain || getPrototypeOf(value) === OBJECT);
  } catch {
    return false;
  }
}

function className(value: any): string {
  if (value === null || typeof value !== "object") return typeof value;
  try {
    for (let kind = getPrototypeOf(value); kind !== null; kind = getPrototypeOf(kind)) {
      const maker = getOwnPropertyDescriptor(kind, "constructor")?.value;
      if (typeof maker === "function") return nameOf(maker);
    }
  } catch {
    // a proxy that refuses to be asked
  }
  return "Object";
}

function nameOf(maker: object): string {
  const name = getOwnPropertyDescriptor(maker, "name")?.value;
  return typeof name === "string" && name ? name.slice(0, 100) : "(anonymous)";
}

// -- the learner's errors -------------------------------------------------------------------------

/** Describe what the learner's code threw without trusting anything that it defines. */
function learnerFault(error: any): Fault {
  if (error instanceof Fault) return error;
  const kinds = prototypesOf(error);
  const message = messageOf(error);
  return new Fault(error instanceof BannedImport ? BANNED : RAISED, message, {
    class: className(error),
    builtin: kinds.length === 0 || BUILTIN_ERRORS.includes(kinds[0]),
    bases: kinds.slice(1).filter((kind) => BUILTIN_ERRORS.includes(kind)).map((kind) => nameOf(kind.constructor)),
    fields: new Ready(`{${fieldsOf(error, kinds)}}`),
    todo: types.isNativeError(error) && /^not implemented/i.test(message),
    frames: framesOf(error),
  });
}

function prototypesOf(error: any): any[] {
  const found: any[] = [];
  try {
    for (let kind = error; typeof kind === "object" && (kind = getPrototypeOf(kind)); ) found.push(kind);
  } catch {
    // a proxy that refuses to be asked
  }
  return found;
}

function messageOf(error: any): string {
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
        names.push(...keys(Object.getOwnPropertyDescriptors(kind)).filter((name) => hasGetter(kind, name)));
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
    if (url?.startsWith(codeUrl)) frames.push(frame(url, Number(number), name));
  }
  return frames.slice(0, FRAMES).reverse();
}

function frame(url: string, line: number, name: string | undefined): object {
  const path = fileURLToPath(url);
  const last = name?.replace(/ \[as .*$/, "").split(".").at(-1) || "<anonymous>";
  return { file: path.slice(code.length), line, function: last, text: sourceLine(path, line) };
}

function sourceLine(path: string, line: number): string {
  try {
    return (readFileSync(path, "utf8").split("\n")[line - 1] ?? "").trim().replace(/ {2,}/g, " ").slice(0, 200);
  } catch {
    return "";
  }
}

/** A stack as the learner would see it if there were no host. */
function stackText(error: unknown): string {
  const lines = (framesOf(error) as any[]).reverse().map((at) => `    at ${at.function} (${at.file}:${at.line})`);
  return [`${className(error)}: ${messageOf(error)}`, ...lines].join("\n");
}

// -- names ----------------------------------------------------------------------------------------

let code = ""; // the folder of the learner's files, ending in a slash
let codeUrl = "";
let modules: string[] = []; // paths below it without ending, in the order of search
let limits: Limits | null = null;
const loaded = new Map<string, any>();
const load = createRequire(import.meta.url);

function camel(name: string): string {
  return name.replace(/(?<=[^_])_+([a-z0-9])/g, (_, letter) => letter.toUpperCase());
}

function snake(name: string): string {
  return name.replace(/([a-z0-9])([A-Z])/g, "$1_$2").toLowerCase();
}

/** The names of a module, imported when first needed; none when there is no such file. */
function* exportsOf(module: string): Steps {
  const file = `${code}${module}.ts`;
  if (!loaded.has(module)) {
    if (!existsSync(file)) return {};
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

/** The function to call and its `this`: a method of a live object, or a name in the learner's modules. */
function* find(target: Json, name: string): Steps {
  if (target !== null) return member(decode(target), name);
  const [first, ...rest] = name.split(".");
  const known: string[] = [];
  for (const module of modules) {
    const names: any = yield* exportsOf(module);
    const key = hasOwn(names, first) ? first : camel(first);
    if (typeof names[key] === "function") {
      return rest.reduce((found, step) => member(found.call, step), { call: names[key], self: undefined as any });
    }
    known.push(...keys(names));
  }
  const own = modules.filter((module) => !module.startsWith("kit/")).map((module) => `${module}.ts`);
  const gone = own.filter((file) => !existsSync(code + file)).map((file) => ` (${file} does not exist)`);
  throw noSuch("exported", `${own.join(", ")}${gone.join("")}`, first, known);
}

function member(owner: any, name: string): { call: any; self: any } {
  for (const key of [name, camel(name)]) {
    const found = invoke(() => owner[key]);
    if (typeof found === "function") return { call: found, self: owner };
  }
  const known = prototypesOf(owner).flatMap((kind) => (kind === OBJECT ? [] : ownKeys(kind))).map(String);
  const where = typeof owner === "function" ? nameOf(owner) : className(owner);
  throw noSuch("method", where, name, known);
}

function noSuch(what: string, where: string, name: string, known: string[]): Fault {
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
  return [[a.slice(1), b], [a, b.slice(1)], [a.slice(1), b.slice(1)]].some(([x, y]) => isNear(x, y, edits - 1));
}

/** Refuse a banned module when the learner's own file, not the kit, is what imports it. */
function ban(names: string[]): void {
  registerHooks({
    resolve(specifier, context, next) {
      const asked = specifier.replace(/^node:/, "");
      const banned = names.find((name) => asked === name || asked.startsWith(`${name}/`));
      const parent = context.parentURL ?? "";
      if (banned && parent.startsWith(codeUrl) && !parent.startsWith(`${codeUrl}kit/`)) {
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
    error.stack = `    at ${url}:${line}:1`; // a static import is refused before anything of the file runs
  }
  throw error;
}

/** Code whose types were stripped beforehand is plain JavaScript under the same names. */
function expectStripped(): void {
  registerHooks({
    load(url, context, next) {
      if (!url.startsWith(codeUrl)) return next(url, context);
      return { format: "module", source: readFileSync(fileURLToPath(url)), shortCircuit: true };
    },
  });
}

// -- values coming in -----------------------------------------------------------------------------

const callbacks = new Map<number, any>(); // the same number is the same object for the learner
const callbackNumbers = new WeakMap<object, number>();

function decode(value: Json): any {
  if (value === null || typeof value !== "object") return value;
  for (const key of keys(value)) {
    if (key[0] === "$") return untag(value);
    value[key] = decode(value[key]);
  }
  return value;
}

function untag(value: Json): any {
  if ("$bytes" in value) return new Uint8Array(Buffer.from(value.$bytes, "base64"));
  if ("$int" in value) return BigInt(value.$int);
  if ("$float" in value) return { nan: NaN, inf: Infinity, "-inf": -Infinity }[value.$float as "nan"];
  if ("$dict" in value) return fromEntries(value.$dict.map((pair: Json) => [pair[0], decode(pair[1])]));
  if ("$ref" in value || "$iter" in value) return held(value.$ref ?? value.$iter);
  if ("$callback" in value) return callback(value.$callback, value.methods ?? null);
  throw new Fault(MISUSE, `unknown tag in ${keys(value)}`);
}

function held(number: number): any {
  if (!handles.has(number)) throw new Fault(DEAD, `handle ${number} is not alive`, { ref: number });
  return handles.get(number);
}

function callback(number: number, methods: string[] | null): any {
  if (!callbacks.has(number)) {
    const ask = (name: string | null) => (...given: unknown[]) => callBack(number, name, given);
    const made: any = methods === null ? ask(null) : {};
    for (const name of methods ?? []) made[camel(name)] = made[name] = ask(name);
    callbacks.set(number, made);
    callbackNumbers.set(made, number);
  }
  return callbacks.get(number);
}

let lastCallback = 0;

/** Ask the other end to call a function of the test's; serve what it asks meanwhile. */
function callBack(number: number, name: string | null, given: unknown[]): unknown {
  if (running) throw new Error("a running program has no test to call back");
  const args = given.map((value, place) => new Encoder(limits!).whole(value, `argument ${place + 1} of the callback`));
  const id = `c${++lastCallback}`;
  send({ id, method: "callback", params: { callback: number, name, args } });
  let message = receive();
  for (; "method" in message; message = receive()) respond(message.id, () => finish(answer(message)));
  if (message.id !== id) breakOff(`asked ${id}, was answered ${stringify(message.id)}`);
  if ("error" in message) throw raisedByCallback(message.error);
  return decode(message.result);
}

/** The error that the learner's code sees when the test's function raised. */
function raisedByCallback(answer: Json): Error {
  const error: any = new Error(answer.message);
  defineProperty(error, "name", { value: answer.data?.class ?? "Error", configurable: true, writable: true });
  if (Number.isInteger(answer.data?.errno)) {
    error.errno = -answer.data.errno; // as Node writes it
    error.code = getSystemErrorName(error.errno);
  }
  return error;
}

// -- requests -------------------------------------------------------------------------------------

/** Enter the learner's code: the only door. Whatever comes out of it becomes an answer. */
function invoke<T>(enter: () => T): T {
  try {
    return enter();
  } catch (error) {
    throw learnerFault(error);
  }
}

function* answer(request: Json): Steps {
  const params = request.params ?? {};
  if (limits === null && request.method !== "hello") throw new Fault(MISUSE, "the first request must be hello");
  for (const number of params.release ?? []) handles.delete(number);
  switch (request.method) {
    case "hello": return hello(params);
    case "call": return yield* call(params);
    case "batch": return yield* batch(params);
    case "next": return yield* next(params);
    default: throw new Fault(MISUSE, `no method ${request.method} in this protocol`);
  }
}

function hello(params: Json): object {
  code = params.code.replace(/\/*$/, "/");
  codeUrl = pathToFileURL(code).href;
  modules = [...params.modules.map(camel), ...params.kit.map((name: string) => `kit/${camel(name)}`)];
  if (params.bans?.length) ban(params.bans);
  if (params.stripped) expectStripped();
  limits = params.limits;
  return { language: "typescript", version: process.versions.node };
}

function* call(params: Json): Steps {
  const { call, self } = (yield* find(params.target, params.name)) as any;
  const given = params.args.map(decode);
  const made = /^class\b/.test(apply(sourceOf, call, []));
  const value = made
    ? invoke(() => construct(call, given))
    : yield { value: invoke(() => apply(call, self, given)) };
  return new Encoder(limits!, made ? value : undefined).whole(value);
}

function* batch(params: Json): Steps {
  const results: object[] = [];
  for (const one of params.calls) {
    try {
      results.push({ result: yield* call(one) });
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      results.push({ error: { code: error.code, message: error.message, data: error.data } });
      if (params.stop) break;
    }
  }
  return results;
}

function* next(params: Json): Steps {
  const values: Ready[] = [];
  const encoder = new Encoder(limits!);
  const most = limits!.bytes - Math.min(ENOUGH_BYTES, limits!.bytes / 4);
  try {
    const iterator = iteratorOf(params.iter);
    while (values.length < params.count && encoder.room > most) {
      const step: any = yield { value: invoke(() => iterator.next()) };
      if (invoke(() => step.done)) {
        handles.delete(params.iter);
        return { values, done: true };
      }
      const value = yield { value: invoke(() => step.value) };
      values.push(encoder.whole(value, `value ${values.length} of the iterator`));
    }
  } catch (error) {
    if (error instanceof Fault) error.data.values = values;
    throw error;
  }
  return { values, done: false };
}

function iteratorOf(number: number): any {
  let iterator = held(number);
  if (typeof iterator.next !== "function") {
    iterator = invoke(() => (iterator[Symbol.iterator] ?? iterator[Symbol.asyncIterator]).call(iterator));
    handles.set(number, iterator);
  }
  return iterator;
}

/** Serve a request inside a callback, where the learner's own stack keeps the event loop still. */
function finish(steps: Steps): unknown {
  let step = steps.next();
  while (!step.done) {
    const value = step.value.value;
    const stuck = types.isPromise(value) ? new Fault(MISUSE, "a call inside a callback cannot wait for a promise") : null;
    step = stuck ? steps.throw(stuck) : steps.next(value);
  }
  return step.value;
}

let failWaiting: ((error: unknown) => void) | null = null;

/** Serve a request, letting the event loop turn while the learner's promises are pending. */
async function finishWaiting(steps: Steps): Promise<{ value: unknown }> {
  let step = steps.next();
  while (!step.done) {
    const value = step.value.value;
    if (!types.isPromise(value)) step = steps.next(value);
    else {
      const { kept, failed } = await settled(value);
      step = failed ? steps.throw(failed) : steps.next(kept);
    }
  }
  return { value: step.value };
}

/** What became of a promise; an error that nobody caught meanwhile counts as its failure. */
async function settled(promise: Promise<unknown>): Promise<{ kept?: unknown; failed?: Fault }> {
  try {
    return { kept: await race([promise, new Promise((_, reject) => (failWaiting = reject))]) };
  } catch (error) {
    return { failed: learnerFault(error) };
  } finally {
    failWaiting = null;
  }
}

function respond(id: unknown, serve: () => unknown): void {
  try {
    send({ id, result: serve() }, limits?.bytes);
  } catch (error) {
    sendError(id, error instanceof Fault ? error : new Fault(MISUSE, `bad request: ${messageOf(error)}`));
  }
}

async function converse(): Promise<void> {
  for (;;) {
    const request = receive();
    if (!("method" in request)) breakOff("received an answer that nobody waits for");
    if (request.method === "bye") bye(request.id);
    if (request.method === "run" && limits !== null) return run(request.id, request.params);
    const outcome = await finishWaiting(answer(request)).catch((error) => ({ error }));
    respond(request.id, () => {
      if ("error" in outcome) throw outcome.error;
      return outcome.value;
    });
  }
}

function bye(id: unknown): never {
  send({ id, result: null });
  return exit(0);
}

// -- programs -------------------------------------------------------------------------------------

let running = false;

/** Run a program to its end; the answer goes out as soon as it says that it is ready. */
async function run(id: unknown, params: Json): Promise<void> {
  let said = false;
  let terminated = false;

  const ready = (port: unknown) => {
    if (said) return;
    const coded = new Encoder(limits!).whole(port, "port");
    said = true;
    send({ id, result: { port: coded } });
  };
  const end = (error: unknown, failed: boolean) => {
    const early = failed ? error : new Error("main ended before it called ready(port)");
    if (!said) sendError(id, learnerFault(early));
    if (failed) say(error instanceof Fault ? error.message : stackText(error));
    exit(failed ? 1 : 0);
  };
  const terminate = () => {
    terminated = true;
    if (process.listenerCount("SIGTERM") > 1) return;
    process.removeAllListeners("SIGTERM"); // the program does not handle it: let it have its effect
    process.kill(process.pid, "SIGTERM");
  };

  process.on("SIGTERM", terminate);
  fail = (error) => end(error, true);
  drained = () => said || end(null, false); // nothing left to do: main has ended as programs of Node end
  try {
    const { value: main } = await finishWaiting(mainOf(params.module));
    const config = decode(params.config);
    running = true;
    watch();
    const ended: any = (main as any)(config, ready);
    if (types.isPromise(ended)) await ended;
  } catch (error) {
    return end(error, true);
  }
  if (terminated) end(null, false); // open connections do not keep a program that was told to stop
}

function* mainOf(name: string): Steps {
  const names: any = yield* exportsOf(camel(name));
  if (typeof names.main !== "function") throw noSuch("exported", `${camel(name)}.ts`, "main", keys(names));
  return names.main;
}

/** Beside a running program: notice that the other end says bye or is gone. */
function watch(): void {
  const { Socket } = load("node:net");
  const socket = new Socket({ fd: FD, readable: true, writable: true });
  socket.unref();
  for (const event of ["end", "error", "close"]) socket.on(event, () => exit(0));
  socket.on("data", (more: Buffer) => {
    received = Buffer.concat([received, more]);
    if (!received.includes(10)) return;
    const message = receive();
    if (message.method !== "bye") breakOff("received a request while a program runs");
    bye(message.id);
  });
}

// -- the main line --------------------------------------------------------------------------------

/** What to do with an error that nobody caught, and when the event loop has nothing left to do. */
let fail = (error: unknown): void => {
  if (failWaiting) return failWaiting(error);
  say(stackText(error));
  exit(1);
};
let drained = (): unknown => failWaiting?.(new Error("the promise never settles: nothing is left to wait for"));

Error.stackTraceLimit = STACK_DEPTH;
process.on("uncaughtException", (error) => fail(error));
process.on("beforeExit", () => drained());
converse();
