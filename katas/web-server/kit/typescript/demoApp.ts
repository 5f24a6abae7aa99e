/**
 * Handlers to try a server with. Given: a handler takes a `Request` and returns a `Response`.
 *
 *     /             13 bytes of text            /bytes/N     N bytes
 *     /echo         the request as JSON         /parts       a body in two parts, its length known
 *     /stream       a body of unknown length    /empty       204, no body
 *     /boom         raises an error             /badheader   a line break in a field's value
 *     /lie          a Content-Length that is not true        anything else: 404
 */
import { Request, Response } from "../response.ts";
import type { Body } from "../response.ts";

const TEXT: [string, string] = ["Content-Type", "text/plain; charset=utf-8"];

/** A body in several parts. `closed` counts how often a server has said that it is done. */
class Parts implements Body {
  static closed = 0;
  #parts: Buffer[];
  #known: boolean;

  constructor(parts: string[], known: boolean) {
    this.#parts = parts.map((part) => Buffer.from(part));
    this.#known = known;
  }

  length(): number | null {
    return this.#known ? this.#parts.reduce((sum, part) => sum + part.length, 0) : null;
  }

  parts(): Iterable<Uint8Array> {
    return this.#parts;
  }

  close(): void {
    Parts.closed += 1;
  }
}

const ANSWERS: Record<string, (request: Request) => Response> = {
  "/": () => new Response(200, [TEXT], Buffer.from("hello, world\n")),
  "/echo": echo,
  "/parts": () => new Response(200, [TEXT], new Parts(["two ", "parts\n"], true)),
  "/stream": () => new Response(200, [TEXT], new Parts(["until ", "the end\n"], false)),
  "/closed": () => new Response(200, [TEXT], Buffer.from(String(Parts.closed))),
  "/empty": () => new Response(204),
  "/boom": () => {
    throw new Error("the secret of the boom handler");
  },
  "/badheader": () => new Response(200, [["X-Name", "a\r\nX-Injected: yes"]], Buffer.from("?")),
  "/lie": () => new Response(200, [["Content-Length", "5"]], Buffer.from("four")),
};

/** Answer one request. */
export function handle(request: Request): Response {
  const path = request.target.split("?")[0];
  if (path.startsWith("/bytes/")) return new Response(200, [TEXT], Buffer.alloc(Number(path.slice(7)), "x"));
  const answer = Object.hasOwn(ANSWERS, path) ? ANSWERS[path] : null;
  return answer ? answer(request) : new Response(404, [TEXT], Buffer.from("not found\n"));
}

function echo(request: Request): Response {
  const seen = { method: request.method, target: request.target, headers: request.headers };
  return new Response(200, [["Content-Type", "application/json"]], Buffer.from(JSON.stringify(seen)));
}
