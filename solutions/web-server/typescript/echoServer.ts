/**
 * A line echo server: the smallest program that has to find its messages in a stream (RFC 862, by line).
 *
 * Node waits for all connections in one event loop; what is left out here is a limit on connections
 * and on time, which comes with the event loop of our own.
 */
import * as net from "node:net";

import { LineTooLong } from "./kit/errors.ts";
import { StreamBuffer } from "./streamBuffer.ts";

// BEGIN SOLUTION: helpers
const MAX_LINE = 8192;
const LF = Buffer.from("\n");
const CRLF = Buffer.from("\r\n");
// END SOLUTION

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
  // BEGIN SOLUTION
  const clients = new Set<net.Socket>();
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    clients.add(socket);
    socket.on("close", () => clients.delete(socket));
    serve(socket);
  });
  const stopped = new Promise<void>((resolve) => {
    process.once("SIGTERM", () => {
      server.close(() => resolve());
      for (const socket of clients) socket.destroy();
    });
  });
  server.listen(config.port, config.host, 256, () => ready((server.address() as net.AddressInfo).port));
  await stopped;
  // END SOLUTION
}

// BEGIN SOLUTION: helpers
/** Answer one client, line by line, and read no faster than it takes the answers. */
function serve(socket: net.Socket): void {
  const arrived = new StreamBuffer();
  let ended = false;
  const end = (): void => {
    ended = true;
    socket.end();
  };
  socket.on("error", () => socket.destroy()); // reset by the client: nobody to answer
  socket.on("end", end);
  socket.on("drain", () => socket.resume());
  socket.on("data", (data) => {
    if (ended) return;
    arrived.append(data);
    const answers: Buffer[] = [];
    for (let line; !ended && (line = nextLine(arrived)) !== null; ) {
      const [answer, last] = answerTo(line);
      answers.push(answer);
      ended = last;
    }
    if (answers.length > 0 && !socket.write(Buffer.concat(answers))) socket.pause();
    if (ended) socket.end();
  });
}

/** The next line without its end, null while it has not come; too long ones come as too long. */
function nextLine(arrived: StreamBuffer): Buffer | null {
  try {
    const line = arrived.takeUntil(LF, MAX_LINE + CRLF.length);
    if (line === null) return null;
    const bare = Buffer.from(line).subarray(0, line.length - 1);
    return bare.at(-1) === CRLF[0] ? bare.subarray(0, -1) : bare;
  } catch (error) {
    if (error instanceof LineTooLong) return Buffer.alloc(MAX_LINE + 1);
    throw error;
  }
}

/** What is answered, and whether it is the last word. */
function answerTo(line: Buffer): [Buffer, boolean] {
  if (line.length > MAX_LINE) return [Buffer.from("ERR line too long\r\n"), true];
  if (line.equals(Buffer.from("QUIT"))) return [Buffer.from("BYE\r\n"), true];
  return [Buffer.concat([line, CRLF]), false];
}
// END SOLUTION
