/** The probe's program: how it behaves is in its configuration. */
import net from "node:net";

import { corrupt } from "./kit/errors.ts";

type Config = { mode: string; host: string; port: number };

export async function main(config: Config, ready: (port: number) => void): Promise<void> {
  const { mode } = config;
  if (mode === "early") return;
  if (mode === "todo") throw new Error("not implemented: 01-byte-stream main");
  if (mode === "never ready") setInterval(() => undefined, 1000);
  if (mode === "never ready") return;
  if (mode === "raise before") corrupt(1);
  const stopped = new Promise<void>((resolve) => mode === "deaf" || process.on("SIGTERM", resolve));
  const server = net.createServer((socket) => socket.write("hello\n")); // and keeps it open
  await new Promise<void>((resolve) => server.listen(config.port, config.host, resolve));
  ready((server.address() as net.AddressInfo).port);
  ready(1);
  console.log("serving");
  if (mode === "raise after") corrupt(2);
  await stopped;
  server.close();
}
