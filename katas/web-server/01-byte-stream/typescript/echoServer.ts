/**
 * A line echo server: the smallest program that has to find its messages in a stream (RFC 862, by line).
 *
 * Node waits for all connections in one event loop; what is left out here is a limit on connections
 * and on time, which comes with the event loop of our own.
 */
import * as net from "node:net";

import { LineTooLong } from "./kit/errors.ts";
import { StreamBuffer } from "./streamBuffer.ts";

export type Config = { host: string; port: number; grace?: number };

/**
 * Serve until SIGTERM, then return.
 *
 * Listens on config.host and config.port (0: any free one) and calls `ready(port)` once it does. Each
 * line, ended by LF or CR LF, is answered with the same line and CR LF. `QUIT` is answered with `BYE`
 * and the end of the connection; a line of more than 8,192 bytes with `ERR line too long` and the end.
 * A client that has sent its last byte still gets its answers. The port can be used again at once
 * after the program has ended.
 */
export async function main(config: Config, ready: (port: number) => void): Promise<void> {
  throw new Error("not implemented: 01-byte-stream main");
}
