/**
 * One request, one response, one connection: the smallest server of HTTP/1.1 (RFC 9112, section 9.6).
 *
 * Node's event loop holds the connections; each is a straight line: read a head, ask the handler,
 * write, close. What stays in every later server is how a connection ends: who closes while the peer
 * still sends gets the answer thrown away on the way.
 */
import * as net from "node:net";

import * as demoApp from "./kit/demoApp.ts";
import { HttpError } from "./kit/errors.ts";
import { HeadReader, checkHost } from "./requestHead.ts";
import { Request, Response, completeHeaders, encodeHead, sendsBody } from "./response.ts";
import type { Head } from "./response.ts";
import { StreamBuffer } from "./streamBuffer.ts";

// BEGIN SOLUTION: helpers
const DEFAULT_TIMEOUT = 10; // seconds for a head to come
const LINGER_SECONDS = 2; // how long the rest of a request is read and dropped, to the last byte
const LINGER_BYTES = 64 << 20;
// END SOLUTION

export type Handler = (request: Request) => Response;
export type Config = {
  host: string;
  port: number;
  limits?: Record<string, number>;
  timeouts?: Record<string, number>;
};

/**
 * Answer one request on each connection, with `Connection: close`, until SIGTERM; then return.
 *
 * Listens on config.host and config.port (0: any free one) and calls `ready(port)`. Connections are
 * served side by side. A request has no body here: what follows a head is dropped, and must not keep
 * the client from reading the whole answer. A head that `HeadReader` or `checkHost` refuses is answered
 * with the status of the error; one that is not complete after config.timeouts.head seconds (10 if it
 * is not given) with 408, or, if not a byte of it has come, with the end alone. An error of the handler,
 * and a response that cannot be written, are answered with 500 and nothing of the error. The body of a
 * response is closed when it is not needed any more.
 */
export async function serve(
  config: Config,
  ready: (port: number) => void,
  handler: Handler,
): Promise<void> {
  // BEGIN SOLUTION
  const open = new Set<net.Socket>();
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    open.add(socket);
    socket.on("close", () => open.delete(socket));
    new Connection(socket, config, handler);
  });
  const stopped = new Promise<void>((resolve) => {
    process.once("SIGTERM", () => {
      server.close(() => resolve());
      for (const socket of open) socket.destroy();
    });
  });
  server.listen(config.port, config.host, 256, () => ready((server.address() as net.AddressInfo).port));
  await stopped;
  // END SOLUTION
}

/** `serve` with the handler of the kit's demo app. */
export async function main(config: Config, ready: (port: number) => void): Promise<void> {
  // BEGIN SOLUTION
  await serve(config, ready, demoApp.handle);
  // END SOLUTION
}

// BEGIN SOLUTION: helpers
/** One connection: a head comes in, an answer goes out, the rest is dropped. */
class Connection {
  #socket: net.Socket;
  #handler: Handler;
  #buffer = new StreamBuffer();
  #reader: HeadReader;
  #timer: NodeJS.Timeout;
  #begun = false;
  #answered = false;
  #dropped = 0;

  constructor(socket: net.Socket, config: Config, handler: Handler) {
    this.#socket = socket;
    this.#handler = handler;
    this.#reader = new HeadReader(config.limits);
    const allowed = config.timeouts?.head ?? DEFAULT_TIMEOUT;
    this.#timer = setTimeout(() => this.#late(), allowed * 1000);
    socket.on("data", (data) => this.#receive(data));
    socket.on("end", () => this.#answered || socket.destroy());
    socket.on("error", () => socket.destroy()); // the client has gone: nobody to answer
    socket.on("close", () => clearTimeout(this.#timer));
  }

  #receive(data: Buffer): void {
    if (this.#answered) {
      this.#dropped += data.length;
      if (this.#dropped > LINGER_BYTES) this.#socket.destroy();
      return;
    }
    this.#begun = true;
    try {
      this.#buffer.append(data);
      const head = this.#reader.read(this.#buffer) as Head | null;
      if (head === null) return;
      checkHost(head);
      this.#answer(head);
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      this.#send(new Response(error.status), "GET");
    }
  }

  #late(): void {
    if (this.#begun) this.#send(new Response(408), "GET");
    else this.#socket.destroy();
  }

  #answer(head: Head): void {
    let response: Response | null = null;
    try {
      response = this.#handler(new Request(head));
      headOf(response);
    } catch (error) {
      console.error(`500 for ${head.method} ${head.target}: ${error}`);
      if (response !== null) close(response);
      response = new Response(500);
    }
    this.#send(response, head.method);
  }

  #send(response: Response, method: string): void {
    this.#answered = true;
    clearTimeout(this.#timer);
    this.#socket.write(headOf(response));
    if (sendsBody(response.status, method)) {
      for (const part of partsOf(response)) this.#socket.write(part);
    }
    close(response);
    this.#linger();
  }

  /**
   * Say that nothing more will come, then drop what the client still sends, until it has finished.
   *
   * Closing with unread bytes makes the system send a reset, and a reset makes the client's system
   * throw away the answer that waits there to be read.
   */
  #linger(): void {
    this.#socket.end();
    this.#socket.on("end", () => this.#socket.destroy());
    this.#timer = setTimeout(() => this.#socket.destroy(), LINGER_SECONDS * 1000);
  }
}

/** All of the head before anything is sent: what cannot be written has then sent nothing. */
function headOf(response: Response): Uint8Array {
  const { status, headers, body } = response;
  const length = body === null ? 0 : body instanceof Uint8Array ? body.length : body.length();
  const now = Math.floor(Date.now() / 1000);
  return encodeHead(status, completeHeaders({ status, headers }, length, now, true), [1, 1]);
}

function partsOf(response: Response): Iterable<Uint8Array> {
  if (response.body === null) return [];
  return response.body instanceof Uint8Array ? [response.body] : response.body.parts();
}

function close(response: Response): void {
  if (response.body !== null && !(response.body instanceof Uint8Array)) response.body.close();
}
// END SOLUTION
