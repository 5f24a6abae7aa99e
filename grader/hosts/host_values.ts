/**
 * What crosses between the host and the other end: plain values, and numbers for everything else.
 *
 * Prototypes are compared exactly: a subclass of Array, a proxy, a boxed number cross as an opaque
 * reference. Depth, size and number of what goes out are bounded, and a value that cannot cross is
 * refused with the path to the part that is to blame. Values are written as JSON text piece by piece,
 * out of reach of a toJSON on a polluted prototype.
 *
 *     null undefined; boolean; number; string      null; themselves
 *     bigint; nan and infinities                   {"$int": "…"}; {"$float": "nan"}
 *     Uint8Array, Buffer                           {"$bytes": base64}
 *     array; plain object                          array; object, or {"$dict": [[key, value], …]}
 *     generator, iterator; any other object        {"$iter": n}; {"$ref": n, "type": …}
 *     function or object of the test's             {"$callback": n, "methods": null | […]}
 */
import { types } from "node:util";

export type Json = any; // what JSON.parse made of a message
export type Limits = { depth: number; bytes: number; nodes: number; handles: number };

export const RAISED = -32000, UNCROSSABLE = -32001, NO_NAME = -32002;
export const DEAD = -32003, MISUSE = -32004, BANNED = -32005;
const BIGGEST_INT = 1n << 13_000n; // the other end refuses longer ones
export const FIELD_LIMITS: Limits = { depth: 4, bytes: 16_384, nodes: 256, handles: 0 };
export const NO_LIMITS: Limits = { depth: 100, bytes: Infinity, nodes: Infinity, handles: 0 };

// Bound before any learner's code runs: patching them later does not reach the host.
const { getPrototypeOf, getOwnPropertyDescriptor } = Reflect;
const { stringify } = JSON;
const { isArray } = Array;
const { isSafeInteger, isFinite } = Number;
const { keys, fromEntries } = Object;
const { from } = Buffer;
const ARRAY = Array.prototype, OBJECT = Object.prototype;
const BYTES = Uint8Array.prototype, BUFFER = Buffer.prototype;

/** Becomes the error of an answer. */
export class Fault extends Error {
  code: number;
  data: Record<string, unknown>;
  constructor(code: number, message: string, data: Record<string, unknown> = {}) {
    super(message);
    this.code = code;
    this.data = data;
  }
}

/** A value that cannot cross; the path to it grows while the encoder unwinds. */
export class Uncrossable extends Error {
  path = "";
}

/** JSON text that is ready to be sent. */
export class Ready {
  text: string;
  constructor(text: string) {
    this.text = text;
  }
}

// -- values going out ---------------------------------------------------------------------------

export const handles = new Map<number, unknown>();
let lastHandle = 0;

/** Turns one value into JSON text within the limits, handing out references on the way. */
export class Encoder {
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
      return `{"$bytes":"${this.spend(from(value).toString("base64"))}"}`;
    }
    if ((prototype !== OBJECT && prototype !== null) || iterates(value, true)) return this.remote(value);
    return this.container(value, () => this.mapping(value));
  }

  container(value: object, encodeItems: () => string): string {
    if (this.open.has(value)) throw new Uncrossable("the value contains itself");
    if (this.open.size >= this.limits.depth) {
      throw new Uncrossable(`nested more than ${this.limits.depth} deep`);
    }
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
    if (handles.size >= this.limits.handles) {
      throw new Uncrossable(`more than ${this.limits.handles} live handles`);
    }
    handles.set(++lastHandle, value);
    this.kept.push(lastHandle);
    if (value !== this.constructed && iterates(value, false)) return `{"$iter":${lastHandle}}`;
    return `{"$ref":${lastHandle},"type":${stringify(className(value))}}`;
  }
}

function numberText(value: number): string {
  if (isSafeInteger(value)) return `${value}`;
  if (isFinite(value)) return /[.e]/.test(`${value}`) ? `${value}` : `${value}.0`;
  return value > 0 ? '{"$float":"inf"}' : value < 0 ? '{"$float":"-inf"}' : '{"$float":"nan"}';
}

function bigText(value: bigint): string {
  if (value >= BIGGEST_INT || value <= -BIGGEST_INT) throw new Uncrossable("the bigint is too large");
  return `{"$int":"${value}"}`;
}

/** A property, whose getter may be the learner's. */
export function read(owner: any, key: any): unknown {
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
    const make = value[Symbol.iterator] ?? value[Symbol.asyncIterator];
    const can = typeof make === "function";
    return can && (typeof value.next === "function" || plain || getPrototypeOf(value) === OBJECT);
  } catch {
    return false;
  }
}

export function className(value: any): string {
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

export function nameOf(maker: object): string {
  const name = getOwnPropertyDescriptor(maker, "name")?.value;
  return typeof name === "string" && name ? name.slice(0, 100) : "(anonymous)";
}

// -- values coming in ---------------------------------------------------------------------------

/** How a callback asks the other end: set by the host. */
export const bridge: { ask: (number: number, name: string | null, given: unknown[]) => unknown } = {
  ask: () => null,
};

const callbacks = new Map<number, any>(); // the same number is the same object for the learner
const callbackNumbers = new WeakMap<object, number>();

export function decode(value: Json): any {
  if (value === null || typeof value !== "object") return value;
  for (const key of keys(value)) {
    if (key[0] === "$") return untag(value);
    value[key] = decode(value[key]);
  }
  return value;
}

function untag(value: Json): any {
  if ("$bytes" in value) return new Uint8Array(from(value.$bytes, "base64"));
  if ("$int" in value) return BigInt(value.$int);
  if ("$float" in value) return { nan: NaN, inf: Infinity, "-inf": -Infinity }[value.$float as "nan"];
  if ("$dict" in value) return fromEntries(value.$dict.map((pair: Json) => [pair[0], decode(pair[1])]));
  if ("$ref" in value || "$iter" in value) return held(value.$ref ?? value.$iter);
  if ("$callback" in value) return callback(value.$callback, value.methods ?? null);
  throw new Fault(MISUSE, `unknown tag in ${keys(value)}`);
}

export function held(number: number): any {
  if (!handles.has(number)) throw new Fault(DEAD, `handle ${number} is not alive`, { ref: number });
  return handles.get(number);
}

function callback(number: number, methods: string[] | null): any {
  if (!callbacks.has(number)) {
    const ask = (name: string | null) => (...given: unknown[]) => bridge.ask(number, name, given);
    const made: any = methods === null ? ask(null) : {};
    for (const name of methods ?? []) made[camel(name)] = made[name] = ask(name);
    callbacks.set(number, made);
    callbackNumbers.set(made, number);
  }
  return callbacks.get(number);
}

// -- names ----------------------------------------------------------------------------------------

/** Suites say free_space; the language says freeSpace. */
export function camel(name: string): string {
  return name.replace(/(?<=[^_])_+([a-z0-9])/g, (_, letter) => letter.toUpperCase());
}

export function snake(name: string): string {
  return name.replace(/([a-z0-9])([A-Z])/g, "$1_$2").toLowerCase();
}
