/** The probe: one small name for each thing that a host has to get right. The same in every language. */
import fs from "node:fs";

import { PageCorrupt, corrupt } from "./kit/errors.ts";

const BIG = 2n ** 80n;
const SPECIAL: Record<string, unknown> = {
  "big": BIG,
  "minus big": -BIG,
  "edge": 2 ** 53 - 1,
  "past edge": 2 ** 53,
  "nan": NaN,
  "inf": Infinity,
  "-inf": -Infinity,
  "tuple": [1, [2]],
  "bytes": Buffer.from([0, 255]),
  "dollar": { $bytes: "no", a: 1 },
  "lone": "\ud800",
  "astral": "\u{1f600}",
  "enormous": 1n << 20_000n,
  "undefined": [undefined],
};
const state: { pulled: number; kept: unknown } = { pulled: 0, kept: null };

// values

export function echo(value: unknown): unknown {
  return value;
}

export function describe(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "list";
  if (value instanceof Uint8Array) return "bytes";
  if (typeof value === "object") return Object.getPrototypeOf(value) === Object.prototype ? "dict" : "object";
  if (typeof value === "number") return Number.isInteger(value) ? "int" : "float";
  return { boolean: "bool", bigint: "int", string: "str", function: "function" }[typeof value as "string"];
}

export function special(name: string): unknown {
  return SPECIAL[name];
}

export function nest(depth: number): unknown {
  let value: unknown[] = [];
  for (let level = 1; level < depth; level++) value = [value];
  return value;
}

export function wide(count: number): number[] {
  return new Array(count).fill(0);
}

export function text(size: number): string {
  return "a".repeat(size);
}

export function holdsItself(): unknown {
  const value: unknown[] = [1];
  value.push(value);
  return { a: [value] };
}

class LyingList extends Array<number> {}

class LyingNumber extends Number {
  valueOf(): number {
    return 7;
  }
}

export function liars(): unknown[] {
  return [LyingList.of(1), new LyingNumber(7), new Proxy([], { get: () => 1 })];
}

// names

export function add(left: number, right: number = 10): number {
  return left + right;
}

export function countLongWords(words: string[], longerThan: number): number {
  return words.filter((word) => word.length > longerThan).length;
}

export class Counter {
  now: number;

  constructor(start: number) {
    this.now = start;
  }

  static startingAt(start: number): Counter {
    return new this(start);
  }

  increaseBy(step: number): number {
    return (this.now += step);
  }

  value(): number {
    return this.now;
  }
}

export function valueOf(counter: Counter): number {
  return counter.value();
}

export function counters(count: number): Counter[] {
  return Array.from({ length: count }, (_, number) => new Counter(number));
}

export async function addLater(left: number, right: number): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, 1));
  return left + right;
}

export async function failLater(): Promise<void> {
  await null;
  corrupt(3);
}

export function failOutside(): Promise<void> {
  return new Promise(() => setTimeout(() => corrupt(4), 1));
}

export function neverSettle(): Promise<void> {
  return new Promise(() => undefined);
}

// iterators

export function* countUp(limit: number): Generator<number> {
  for (let number = 0; number < limit; number++) {
    state.pulled += 1;
    yield number;
  }
}

export function pulled(): number {
  return state.pulled;
}

export function* countThenFail(limit: number): Generator<number> {
  for (let number = 0; number < limit; number++) yield number;
  throw new PageCorrupt("after the last", limit);
}

export function* countThenLeave(limit: number): Generator<number> {
  for (let number = 0; number < limit; number++) yield number;
  process.exit(3);
}

export function* bigPieces(count: number, size: number): Generator<string> {
  for (let number = 0; number < count; number++) yield "a".repeat(size);
}

export function iterable(limit: number): Iterable<number> {
  return {
    *[Symbol.iterator]() {
      for (let number = 0; number < limit; number++) yield number;
    },
  };
}

export async function* asyncCount(limit: number): AsyncGenerator<number> {
  for (let number = 0; number < limit; number++) {
    await null;
    yield number;
  }
}

export class Walker {
  left: number;

  constructor(limit: number) {
    this.left = limit;
  }

  [Symbol.iterator](): this {
    return this;
  }

  next(): IteratorResult<number> {
    return { done: this.left-- <= 0, value: 0 };
  }

  name(): string {
    return "walker";
  }
}

// callbacks

type Store = { writePage(key: string, page: Uint8Array): void; readPage(key: string): Uint8Array };

export function apply(f: (value: unknown) => unknown, value: unknown): unknown {
  return f(value);
}

export function applySafely(f: (value: unknown) => unknown, value: unknown): unknown {
  try {
    return f(value);
  } catch (error: any) {
    return error.errno ? `input/output error ${-error.errno}` : `caught ${error.message}`;
  }
}

export function throughStore(store: Store, key: string): Uint8Array {
  store.writePage(key, Buffer.from("page"));
  return store.readPage(key);
}

export function applyToCycle(f: (value: unknown) => unknown): void {
  const value: unknown[] = [];
  value.push(value);
  f(value);
}

export function shoutAndApply(f: (value: number) => unknown): void {
  process.stdout.write("before");
  f(1);
}

export function keep(f: unknown): void {
  state.kept = f;
}

export function kept(): unknown {
  return state.kept;
}

export function applyThenLeave(f: (value: number) => unknown): void {
  f(1);
  process.exit(3);
}

// errors

class RangeErrorPosing extends Error {}
Object.defineProperty(RangeErrorPosing, "name", { value: "RangeError" });

class Hostile extends Error {
  get secret(): never {
    throw new Error("no field");
  }
}
for (const name of ["message", "stack", "name"]) {
  Object.defineProperty(Hostile.prototype, name, { get: () => fail("posing") });
}

export function fail(how: string): void {
  if (how === "own") throw new PageCorrupt("page 7 is torn", 7);
  if (how === "bad value") "x".repeat(-1);
  if (how === "todo") throw new Error("not implemented: 01-pages PageFile.read");
  if (how === "posing") throw new RangeErrorPosing("I pose");
  if (how === "hostile") {
    const error = new Hostile();
    delete error.stack;
    throw error;
  }
  if (how === "deep") fail(how);
  if (how === "long") throw new PageCorrupt("x".repeat(100_000), 1);
  if (how === "primitive") throw "a string";
}

export function failInKit(page: number): void {
  corrupt(page);
}

export async function useBanned(): Promise<string> {
  return typeof (await import("node:net"));
}

export async function useAround(): Promise<string> {
  return typeof (await import("node:http"));
}

export function fetchSomething(): unknown {
  return fetch("http://localhost/");
}

// prints, life and death

export function shout(text: string): number {
  process.stdout.write(text);
  return text.length;
}

export function sabotage(): void {
  JSON.stringify = JSON.parse = () => "forged" as any;
  (Object.prototype as any).toJSON = (String.prototype as any).toJSON = () => "forged";
  fs.writeSync = fs.readSync = () => 0;
}

export function leave(status: number): void {
  process.exit(status);
}

export function hang(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}

export function stay(): void {
  setInterval(() => undefined, 1000);
  process.on("exit", hang);
}
