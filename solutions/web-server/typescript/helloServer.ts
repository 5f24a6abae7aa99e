/**
 * A web server: on each connection one request, one response, and an end that loses nothing.
 *
 * RFC 9112, sections 6.3, 9.3 and 9.6; RFC 9110, section 15. Node's event loop holds the connections, and
 * each is a straight line that waits where it must. Left out: chunked requests (milestone 6), more than
 * one request on a connection (7), and an event loop's worries about thousands of them (8).
 *
 *     read the head -> read the body -> ask the handler -> send -> stop sending -> drain -> close
 *
 * The last three are the lingering close. To close a socket on which bytes wait unread makes the system
 * send a reset, and a reset makes the client's system throw the answer away.
 */
import { once } from "node:events";
import * as net from "node:net";

import { DemoApp } from "./kit/demoApp.ts";
import { HttpError } from "./kit/errors.ts";
import { HeadReader, checkHost, fieldValues } from "./requestHead.ts";
import type { Headers } from "./requestHead.ts";
import {
  Request,
  Response,
  completeHeaders,
  encodeHead,
  encodeResponse,
  reasonPhrase,
  sendsBody,
} from "./response.ts";
import { StreamBuffer } from "./streamBuffer.ts";

export type Handler = (request: Request) => Response;

export type Config = {
  host?: string;
  port?: number;
  grace?: number;
  limits?: Record<string, number>;
  timeouts?: Record<string, number>;
};

/** Bytes of a request's body, where the configuration says nothing. */
export const MAX_BODY = 10 << 20;

/** Seconds, likewise. */
export const TIMEOUTS = { head: 10, body: 10, write: 10, linger: 2 };

// BEGIN SOLUTION: helpers
const NO_LIMIT = Number.MAX_SAFE_INTEGER; // of the buffer: head and body are bounded elsewhere
const SHARE_OF_GRACE = 0.8; // for what still runs; the rest is for the way out
// END SOLUTION

/**
 * Answer one request on each connection, with `Connection: close`, until SIGTERM; then return.
 *
 * Keys of `config`, all of which may be missing:
 *
 *     host, port   where to listen: 127.0.0.1, and 0, which is any free port; `ready` is told which
 *     grace        seconds in which to return after SIGTERM: 5. Then nobody new is served, answers that
 *                  have begun are sent to their end, and everybody else is dropped, also who has got
 *                  an answer and whose `linger` is not over
 *     limits       those of HeadReader, and `body`: bytes of a request's body, MAX_BODY
 *     timeouts     how long to wait at most: `head` for all of a head, counted from the beginning of the
 *                  connection; `body` for all of a body; `write` for the client to take one piece;
 *                  `linger` for the client's end after the answer. As in TIMEOUTS
 *
 * Connections are served side by side. The body of a request has as many bytes as its Content-Length
 * says, none without one. What is answered instead of the handler's response:
 *
 *     its status   if the handler, HeadReader or checkHost throws an HttpError
 *     400          Content-Length is not one value of 1 to 18 digits; said twice, in a list or in two
 *                  fields, it is still one value if it is the same
 *     408          head or body did not come in time (to a client that sent nothing at all: only the end
 *                  of the connection)
 *     413          the body would be over the limit; nothing of it is waited for
 *     500          the handler threw anything else, or its response cannot be encoded
 *     501          there is a Transfer-Encoding; milestone 6 will read it
 *
 * None of these tells the client more than its status. A client that ends its side before its request
 * is whole gets no answer. A Body that fails while it is sent ends the connection then and there. Every
 * Body is closed exactly once, whatever happened. After the answer: stop sending, read and drop until
 * the client has ended its side, too, or `linger` is over, then close.
 */
export async function serve(
  config: Config,
  ready: (port: number) => void,
  handler: Handler,
): Promise<void> {
  // BEGIN SOLUTION
  const exchanges = new Map<Exchange, Promise<void>>();
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    const exchange = new Exchange(socket, config, handler);
    exchanges.set(exchange, exchange.run().finally(() => exchanges.delete(exchange)));
  });
  server.listen(config.port ?? 0, config.host ?? "127.0.0.1", 256);
  await once(server, "listening");
  ready((server.address() as net.AddressInfo).port);
  await once(process, "SIGTERM");
  server.close();
  for (const exchange of exchanges.keys()) exchange.hearNoMore();
  const grace = (config.grace ?? 5) * SHARE_OF_GRACE;
  await within(grace, Promise.all(exchanges.values())).catch(() => {});
  // END SOLUTION
}

/** `serve` the demo app of the kit. */
export async function main(config: Config, ready: (port: number) => void): Promise<void> {
  // BEGIN SOLUTION
  const app = new DemoApp(Response);
  await serve(config, ready, (request) => app.handle(request));
  // END SOLUTION
}

// BEGIN SOLUTION: helpers
/** The client has gone, or is too slow: nobody to answer. */
class Gone extends Error {}
class TooLate extends Gone {}

type Pieces = Generator<Uint8Array, void>;

/** One connection: a request in, a response out. */
class Exchange {
  #socket: net.Socket;
  #handler: Handler;
  #limits: Record<string, number>;
  #timeouts: typeof TIMEOUTS;
  #buffer = new StreamBuffer(NO_LIMIT);
  #arriving: AsyncIterator<Buffer>;
  #next: Promise<IteratorResult<Buffer>> | null = null;
  #heard = false;
  #method = "GET"; // until we know better
  #answering = false;
  #hearing = true;

  constructor(socket: net.Socket, config: Config, handler: Handler) {
    this.#socket = socket;
    this.#handler = handler;
    this.#limits = { body: MAX_BODY, ...config.limits };
    this.#timeouts = { ...TIMEOUTS, ...config.timeouts };
    this.#arriving = socket.iterator({ destroyOnReturn: false });
    socket.on("error", () => {}); // whoever reads or writes is told as well
  }

  /** The whole life of the connection. */
  async run(): Promise<void> {
    try {
      const [head, rest] = await this.#answer();
      await this.#sendAll(head, rest);
      await this.#linger();
    } catch (error) {
      if (!(error instanceof Gone)) console.error(error);
    } finally {
      this.#socket.destroy();
    }
  }

  /** End every wait for the client. */
  hearNoMore(): void {
    this.#hearing = false;
    if (!this.#answering) this.#socket.destroy();
  }

  /** The first piece and the rest: what fails before the first is sent can still be told. */
  async #answer(): Promise<[Uint8Array, Pieces]> {
    let request: Request;
    try {
      request = await this.#readRequest();
    } catch (error) {
      if (error instanceof HttpError) return this.#refuse(error.status);
      if (error instanceof TooLate && this.#heard) return this.#refuse(408);
      throw error;
    }
    try {
      return this.#begin(this.#handler(request));
    } catch (error) {
      if (error instanceof HttpError) return this.#refuse(error.status);
      console.error(error);
      return this.#refuse(500);
    }
  }

  #refuse(status: number): [Uint8Array, Pieces] {
    const text = Buffer.from(`${status} ${reasonPhrase(status)}\n`);
    return this.#begin(new Response(status, [["Content-Type", "text/plain"]], text));
  }

  #begin(response: Response): [Uint8Array, Pieces] {
    const pieces = piecesOf(response, this.#method);
    return [pieces.next().value as Uint8Array, pieces];
  }

  // -- the socket -----------------------------------------------------------------------------

  async #readRequest(): Promise<Request> {
    const reader = new HeadReader(this.#limits);
    const head = await this.#await((buffer) => reader.read(buffer), this.#timeouts.head);
    this.#method = head.method;
    checkHost(head);
    const length = bodyLength(head.headers, this.#limits.body);
    const body = await this.#await((buffer) => buffer.take(length), this.#timeouts.body);
    return new Request(head, body);
  }

  /** What `look` finds in the buffer once it has come. */
  async #await<T>(look: (buffer: StreamBuffer) => T | null, seconds: number): Promise<T> {
    const deadline = performance.now() + seconds * 1000;
    for (let found; ; ) {
      if ((found = look(this.#buffer)) !== null) return found;
      const data = await this.#receive(deadline);
      if (data === null) throw new Gone("the client has ended its side too early");
      this.#heard = true;
      this.#buffer.append(data);
    }
  }

  /** The next bytes, null at the client's end. A wait that was too long goes on with the next call. */
  async #receive(deadline: number): Promise<Buffer | null> {
    this.#next ??= this.#arriving.next().catch(() => {
      throw new Gone("the client has reset the connection");
    });
    const seconds = (deadline - performance.now()) / 1000;
    const { done, value } = await within(seconds, this.#next);
    this.#next = null;
    return done ? null : value;
  }

  async #sendAll(head: Uint8Array, rest: Pieces): Promise<void> {
    this.#answering = true;
    try {
      await this.#send(head);
      for (const piece of rest) await this.#send(piece);
    } finally {
      rest.return();
      this.#answering = false;
    }
  }

  /** Send one piece, and wait until the system has taken it. */
  async #send(piece: Uint8Array): Promise<void> {
    const sent = new Promise<void>((resolve, reject) => {
      const gone = new Gone("the client does not take the answer");
      this.#socket.write(piece, (error) => (error ? reject(gone) : resolve()));
    });
    await within(this.#timeouts.write, sent);
  }

  async #linger(): Promise<void> {
    this.#socket.end();
    const deadline = performance.now() + this.#timeouts.linger * 1000;
    while (this.#hearing && (await this.#receive(deadline)) !== null);
  }
}

function bodyLength(headers: Headers, limit: number): number {
  const names = headers.map(([name]) => name);
  if (names.includes("transfer-encoding")) throw new HttpError(501, "not understood yet");
  if (!names.includes("content-length")) return 0;
  const [length = "", ...others] = new Set(fieldValues(headers, "content-length"));
  if (others.length > 0 || !/^[0-9]{1,18}$/.test(length)) {
    throw new HttpError(400, "malformed Content-Length");
  }
  if (Number(length) > limit) throw new HttpError(413, "the body is too large");
  return Number(length);
}

/** The message, its head first. A Body is closed when this ends or is left. */
function* piecesOf(response: Response, method: string): Pieces {
  const { status, headers, body } = response;
  const now = Math.floor(Date.now() / 1000);
  if (body === null || body instanceof Uint8Array) {
    yield encodeResponse({ status, headers, body }, method, now, true);
    return;
  }
  try {
    const fields = completeHeaders({ status, headers }, body.length(), now, true);
    yield encodeHead(status, fields, [1, 1]);
    if (sendsBody(status, method)) yield* body.parts();
  } finally {
    body.close();
  }
}

/** What `promise` comes to, or TooLate if that takes longer. */
async function within<T>(seconds: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new TooLate()), Math.max(0, seconds * 1000));
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
// END SOLUTION
