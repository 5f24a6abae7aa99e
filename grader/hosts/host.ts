/**
 * The far side of the bridge for TypeScript: runs the code under test and answers questions about it.
 *
 * Law of every host:
 * - It speaks JSON-RPC 2.0, one message a line, on the socket named by SFS_FD, and never speaks first:
 *   a request comes in, callbacks may go out while it is served, one answer goes out.
 * - Only plain values cross (host_values.ts), and errors as a description (host_errors.ts).
 * - The trusted end believes nothing that is said here. What a host does against hostile code keeps
 *   honest reports readable; it does not protect the verdict.
 *
 * The conversation is synchronous: a callback blocks the learner's function until its answer is here.
 * Only two things let the event loop turn: a learner's function that returns a promise, and a program.
 * Serving is therefore written as generators that yield what may be a promise; who drives them waits
 * for it, or refuses to where it cannot.
 */
import { readSync, writeSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { types } from "node:util";

import { ban, learnerFault, messageOf, own, raisedByCallback, stackText } from "./host_errors.ts";
import { expectStripped, exportsOf, find, invoke, load, modules, noSuch } from "./host_names.ts";
import { type Steps } from "./host_names.ts";
import { bridge, camel, decode, Encoder, Fault, handles, held, Ready } from "./host_values.ts";
import { type Json, type Limits, MISUSE, NO_LIMITS, UNCROSSABLE } from "./host_values.ts";

const ENOUGH_BYTES = 1 << 20; // a batch of iterator values is cut here: many big values still cross
const EXIT_FAULT = 70; // the conversation broke: EX_SOFTWARE of sysexits.h

// Bound before any learner's code runs: patching them later does not reach the host.
const { apply, construct } = Reflect;
const { parse, stringify } = JSON;
const { isArray } = Array;
const { keys } = Object;
const { alloc, concat, from } = Buffer;
const race = Promise.race.bind(Promise);
const sourceOf = Function.prototype.toString;
const exit: (status: number) => never = (process as any).reallyExit.bind(process); // no exit listeners

let limits: Limits | null = null;

// -- the wire -------------------------------------------------------------------------------------

const FD = Number(process.env.SFS_FD);
delete process.env.SFS_FD;
const piece = alloc(65_536);
let received = alloc(0);

function say(text: string): void {
  writeAll(2, from(text + "\n"));
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
    const more = from(piece.subarray(0, readSome()));
    const found = more.indexOf(10);
    if (found >= 0) end = size + found;
    size += more.length;
    lines.push(more);
  }
  const all = lines.length === 1 ? received : concat(lines);
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
  const line = from(new Encoder(NO_LIMITS).encode({ jsonrpc: "2.0", ...message }) + "\n");
  if (line.length > most) throw new Fault(UNCROSSABLE, `result: is larger than ${most} bytes as JSON`);
  writeAll(FD, line);
}

function sendError(id: unknown, fault: Fault): void {
  send({ id, error: { code: fault.code, message: fault.message, data: fault.data } });
}

// -- callbacks ------------------------------------------------------------------------------------

let lastCallback = 0;

/** Ask the other end to call a function of the test's; serve what it asks meanwhile. */
function callBack(number: number, name: string | null, given: unknown[]): unknown {
  if (running) throw new Error("a running program has no test to call back");
  const where = (place: number) => `argument ${place + 1} of the callback`;
  const args = given.map((value, place) => new Encoder(limits!).whole(value, where(place)));
  const id = `c${++lastCallback}`;
  send({ id, method: "callback", params: { callback: number, name, args } });
  let message = receive();
  for (; "method" in message; message = receive()) respond(message.id, () => finish(answer(message)));
  if (message.id !== id) breakOff(`asked ${id}, was answered ${stringify(message.id)}`);
  if ("error" in message) throw raisedByCallback(message.error);
  return decode(message.result);
}

bridge.ask = callBack;

// -- requests -------------------------------------------------------------------------------------

function* answer(request: Json): Steps {
  const params = request.params ?? {};
  if (limits === null && request.method !== "hello") {
    throw new Fault(MISUSE, "the first request must be hello");
  }
  for (const number of params.release ?? []) handles.delete(number);
  switch (request.method) {
    case "hello": return hello(params);
    case "call": return yield* call(params);
    case "batch": return yield* batch(params);
    case "next": return yield* next(params);
    case "run": return yield* program(params);
    default: throw new Fault(MISUSE, `no method ${request.method} in this protocol`);
  }
}

function hello(params: Json): object {
  own.code = params.code.replace(/\/*$/, "/");
  own.url = pathToFileURL(own.code).href;
  modules.push(...params.modules.map(camel), ...params.kit.map((name: string) => `kit/${camel(name)}`));
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
    const make = iterator[Symbol.iterator] ?? iterator[Symbol.asyncIterator];
    iterator = invoke(() => apply(make, iterator, []));
    handles.set(number, iterator);
  }
  return iterator;
}

/** Serve a request inside a callback, where the learner's own stack keeps the event loop still. */
function finish(steps: Steps): unknown {
  let step = steps.next();
  while (!step.done) {
    const value = step.value.value;
    const stuck = new Fault(MISUSE, "a call inside a callback cannot wait for a promise");
    step = types.isPromise(value) ? steps.throw(stuck) : steps.next(value);
  }
  return step.value;
}

let failWaiting: ((error: unknown) => void) | null = null;

/** Serve a request, letting the event loop turn while the learner's promises are pending. */
async function finishWaiting(steps: Steps): Promise<{ value?: unknown; error?: unknown }> {
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
    const senseless = () => new Fault(MISUSE, `bad parameters: ${messageOf(error)}`);
    sendError(id, error instanceof Fault ? error : senseless());
  }
}

async function converse(): Promise<void> {
  for (;;) {
    const request = receive();
    if (!("method" in request)) breakOff("received an answer that nobody waits for");
    if (request.method === "bye") bye(request.id);
    const { value, error } = await finishWaiting(answer(request)).catch((error) => ({ error }));
    if (value instanceof Program) return run(request.id, value);
    respond(request.id, () => {
      if (error) throw error;
      return value;
    });
  }
}

function bye(id: unknown): never {
  send({ id, result: null });
  return exit(0);
}

// -- programs -------------------------------------------------------------------------------------

let running = false;

/** What a request to run comes to: it is answered by the program itself. */
class Program {
  main: (config: unknown, ready: (port: unknown) => void) => unknown;
  config: unknown;
  constructor(main: any, config: unknown) {
    this.main = main;
    this.config = config;
  }
}

function* program(params: Json): Steps {
  const module = camel(params.module);
  const names: any = yield* exportsOf(module);
  if (typeof names.main === "function") return new Program(names.main, decode(params.config));
  throw noSuch("exported", `${module}.ts`, "main", keys(names));
}

/** Run a program to its end; the answer goes out as soon as it says that it is ready. */
async function run(id: unknown, { main, config }: Program): Promise<void> {
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
    if (failed) say(stackText(error));
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
    running = true;
    watch();
    const ended = main(config, ready);
    if (types.isPromise(ended)) await ended;
  } catch (error) {
    return end(error, true);
  }
  if (terminated) end(null, false); // open connections do not keep a program that was told to stop
}

/** Beside a running program: notice that the other end says bye or is gone. */
function watch(): void {
  const { Socket } = load("node:net");
  const socket = new Socket({ fd: FD, readable: true, writable: true });
  socket.unref();
  for (const event of ["end", "error", "close"]) socket.on(event, () => exit(0));
  socket.on("data", (more: Buffer) => {
    received = concat([received, more]);
    if (!received.includes(10)) return;
    const message = receive();
    if (message.method !== "bye") breakOff("received a request while a program runs");
    bye(message.id);
  });
}

// -- the main line --------------------------------------------------------------------------------

const STUCK = "the promise never settles: nothing is left to wait for";

/** What to do with an error that nobody caught, and when the event loop has nothing left to do. */
let fail = (error: unknown): void => {
  if (failWaiting) return failWaiting(error);
  say(stackText(error));
  exit(1);
};
let drained = (): unknown => failWaiting?.(new Error(STUCK));

process.on("uncaughtException", (error) => fail(error));
process.on("beforeExit", () => drained());
converse();
