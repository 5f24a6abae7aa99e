/**
 * The application that your server carries. Given: it plays every trick that a handler can play.
 *
 *     /            "hello, world" and LF: 13 bytes        /stream/{n}  n lines; does not know its length
 *     /echo        JSON: what the server told it of       /bytes/{n}   n bytes, made piece by piece
 *                  the request                            /parts       the 13 bytes in two parts
 *     /upload      the body that came, back               /open        how many Bodies are still open
 *     /empty       204, and no body                       /missing     throws an HttpError 404
 *     /badheader   a line break in a field's value        /boom        throws what nobody expects
 *     /lie         a Content-Length that is not true      /broken      a Body that fails after 10 of
 *     all else     404                                                 100 bytes
 *
 * The method makes no difference here; to leave the body out for HEAD is the server's work.
 */
import { createHash } from "node:crypto";

import { HttpError } from "./errors.ts";

type Fields = [name: string, value: string][];

/** What the handlers want to know of your Request. */
export type Asked = {
  method: string;
  target: string;
  version: [major: number, minor: number];
  path: string;
  query: string;
  headers: Fields;
  body: Uint8Array;
  params: Record<string, string>;
};

/** Your Response class, as far as the handlers need it. */
export type ResponseClass<R> = new (
  status: number,
  headers?: Fields,
  body?: Uint8Array | PartsBody | null,
) => R;

const TEXT: [string, string] = ["Content-Type", "text/plain; charset=utf-8"];
const PATTERN = Buffer.from("0123456789abcdef".repeat(1024));

/**
 * Handlers, and `handle`, which chooses one. They make their answers with your Response class: the kit
 * cannot import a file of yours that is perhaps not there yet.
 */
export class DemoApp<R> {
  #Response: ResponseClass<R>;
  #open = 0;
  #closedAgain = 0;

  constructor(responseClass: ResponseClass<R>) {
    this.#Response = responseClass;
  }

  /** Answer one request. */
  handle(request: Asked): R {
    const counted = /^\/(bytes|stream)\/([0-9]+)$/.exec(request.path);
    if (counted !== null) {
      request.params = { n: counted[2] };
      return counted[1] === "bytes" ? this.someBytes(request) : this.stream(request);
    }
    switch (request.path) {
      case "/": return this.home();
      case "/echo": return this.echo(request);
      case "/upload": return this.upload(request);
      case "/parts": return this.parts();
      case "/open": return this.stillOpen();
      case "/empty": return this.empty();
      case "/missing": return this.missing();
      case "/boom": return this.boom();
      case "/badheader": return this.badHeader();
      case "/lie": return this.lie();
      case "/broken": return this.broken();
      default: return this.notFound();
    }
  }

  home(): R {
    return new this.#Response(200, [TEXT], Buffer.from("hello, world\n"));
  }

  echo(request: Asked): R {
    const { method, target, version, path, query, params, headers, body } = request;
    const sha256 = createHash("sha256").update(body).digest("hex");
    const seen = { method, target, version, path, query, params, headers };
    const json = Buffer.from(JSON.stringify({ ...seen, length: body.length, sha256 }));
    return new this.#Response(200, [["Content-Type", "application/json"]], json);
  }

  upload(request: Asked): R {
    return new this.#Response(200, [["content-type", "application/octet-stream"]], request.body);
  }

  parts(): R {
    return new this.#Response(200, [TEXT], this.#body(13, buffers("hello, ", "world\n")));
  }

  stream(request: Asked): R {
    return new this.#Response(200, [TEXT], this.#body(null, lines(Number(request.params.n))));
  }

  someBytes(request: Asked): R {
    const length = Number(request.params.n);
    return new this.#Response(200, [TEXT], this.#body(length, pattern(length)));
  }

  stillOpen(): R {
    const told = `open ${this.#open}, closed again ${this.#closedAgain}\n`;
    return new this.#Response(200, [TEXT], Buffer.from(told));
  }

  empty(): R {
    return new this.#Response(204);
  }

  missing(): R {
    throw new HttpError(404, "the secret place is not here");
  }

  boom(): R {
    throw new Error("the secret of the demo app");
  }

  badHeader(): R {
    const bad: [string, string] = ["X-Bad", "a\r\nX-Injected: yes"];
    return new this.#Response(200, [bad], Buffer.from("never to be seen"));
  }

  lie(): R {
    return new this.#Response(200, [["Content-Length", "5"]], this.#body(4, buffers("four")));
  }

  broken(): R {
    return new this.#Response(200, [TEXT], this.#body(100, broken()));
  }

  notFound(): R {
    return new this.#Response(404, [TEXT], Buffer.from("there is nothing here\n"));
  }

  #body(length: number | null, parts: Iterable<Uint8Array>): PartsBody {
    this.#open += 1;
    return new PartsBody(length, parts, (again) => {
      if (again) this.#closedAgain += 1;
      else this.#open -= 1;
    });
  }
}

/** A Body whose parts come from an iterable. */
export class PartsBody {
  #length: number | null;
  #parts: Iterable<Uint8Array>;
  #onClose: (again: boolean) => void;
  #closed = false;

  constructor(length: number | null, parts: Iterable<Uint8Array>, onClose: (again: boolean) => void) {
    this.#length = length;
    this.#parts = parts;
    this.#onClose = onClose;
  }

  length(): number | null {
    return this.#length;
  }

  parts(): Iterable<Uint8Array> {
    return this.#parts;
  }

  close(): void {
    this.#onClose(this.#closed);
    this.#closed = true;
  }
}

function buffers(...parts: string[]): Uint8Array[] {
  return parts.map((part) => Buffer.from(part));
}

function* lines(count: number): Generator<Uint8Array> {
  for (let number = 0; number < count; number += 1) yield Buffer.from(`${number}\n`);
}

function* pattern(length: number): Generator<Uint8Array> {
  for (let left = length; left >= PATTERN.length; left -= PATTERN.length) yield PATTERN;
  yield PATTERN.subarray(0, length % PATTERN.length);
}

function* broken(): Generator<Uint8Array> {
  yield Buffer.from("0123456789");
  throw new Error("the secret of the body");
}
