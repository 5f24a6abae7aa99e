/**
 * Bytes that have arrived and were not asked for yet.
 *
 * TCP (RFC 9293) promises the bytes in order and nothing about their portions: one write of the peer
 * may arrive in five pieces, five may arrive in one. So every protocol begins with a place that
 * collects what came and gives out what is complete. Real servers do this in a ring buffer or a chain
 * of blocks to save copies; one array that doubles when it is full does the same with less to read,
 * and stays linear as long as two things hold: bytes in the middle are never moved twice, and no byte
 * is searched twice for the same mark.
 */
import { LineTooLong } from "./kit/errors.ts";

/** Collects bytes as they come, gives them out as they are asked for, in order. */
export class StreamBuffer {
  /** `limit`: how many bytes may wait here; the caller should stop reading before it is passed. */
  constructor(limit: number = 1 << 20) {
    throw new Error("not implemented: 01-byte-stream StreamBuffer.constructor");
  }

  /** Add bytes that arrived. RangeError if more than `limit` would wait then; none are added. */
  append(data: Uint8Array): void {
    throw new Error("not implemented: 01-byte-stream StreamBuffer.append");
  }

  /** How many bytes wait here. */
  size(): number {
    throw new Error("not implemented: 01-byte-stream StreamBuffer.size");
  }

  /** Exactly `n` bytes; null, and nothing is lost, while fewer are here. */
  take(n: number): Uint8Array | null {
    throw new Error("not implemented: 01-byte-stream StreamBuffer.take");
  }

  /** What is here, `atMost` so many bytes; perhaps none. */
  takeSome(atMost: number): Uint8Array {
    throw new Error("not implemented: 01-byte-stream StreamBuffer.takeSome");
  }

  /**
   * The next line without its CR LF; null while its end has not come.
   *
   * Only CR LF ends a line. LineTooLong as soon as it is certain that the line has more than `maxLine`
   * bytes (its end not counted), even if the end has not come yet.
   */
  takeLine(maxLine: number): Uint8Array | null {
    throw new Error("not implemented: 01-byte-stream StreamBuffer.takeLine");
  }

  /**
   * Everything up to and including `mark`; null while it has not come.
   *
   * LineTooLong if this is more than `maxSize` bytes; at the latest when so many are here and `mark` is
   * not among them.
   */
  takeUntil(mark: Uint8Array, maxSize: number): Uint8Array | null {
    throw new Error("not implemented: 01-byte-stream StreamBuffer.takeUntil");
  }
}
