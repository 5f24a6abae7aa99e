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
  throw new Error("not implemented: 03-responses serve");
}

/** `serve` with the handler of the kit's demo app. */
export async function main(config: Config, ready: (port: number) => void): Promise<void> {
  throw new Error("not implemented: 03-responses main");
}
