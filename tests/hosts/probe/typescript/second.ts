/** A module behind the probe: its `add` is hidden, its own name is found. */
import { Counter } from "./probe.ts";

export function add(): string {
  return "hidden";
}

export function onlyHere(): number {
  return new Counter(5).value();
}
