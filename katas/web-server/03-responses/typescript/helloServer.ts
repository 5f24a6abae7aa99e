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
  throw new Error("not implemented: 03-responses serve");
}

/** `serve` the demo app of the kit. */
export async function main(config: Config, ready: (port: number) => void): Promise<void> {
  throw new Error("not implemented: 03-responses main");
}
