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

// BEGIN SOLUTION: helpers
const CRLF = Uint8Array.of(13, 10);
const FIRST_SIZE = 4096;
// END SOLUTION

/** Collects bytes as they come, gives them out as they are asked for, in order. */
export class StreamBuffer {
  // BEGIN SOLUTION: helpers
  #limit: number;
  #bytes = new Uint8Array(FIRST_SIZE);
  #start = 0; // everything before it was given out
  #end = 0; // everything from here on is room
  #searched = 0; // no mark begins before it
  #mark: Uint8Array = CRLF;
  // END SOLUTION

  /** `limit`: how many bytes may wait here; the caller should stop reading before it is passed. */
  constructor(limit: number = 1 << 20) {
    // BEGIN SOLUTION
    this.#limit = limit;
    // END SOLUTION
  }

  /** Add bytes that arrived. RangeError if more than `limit` would wait then; none are added. */
  append(data: Uint8Array): void {
    // BEGIN SOLUTION
    if (this.size() + data.length > this.#limit) {
      throw new RangeError(`more than ${this.#limit} bytes are waiting`);
    }
    if (this.#end + data.length > this.#bytes.length) this.#makeRoom(data.length);
    this.#bytes.set(data, this.#end);
    this.#end += data.length;
    // END SOLUTION
  }

  /** How many bytes wait here. */
  size(): number {
    // BEGIN SOLUTION
    return this.#end - this.#start;
    // END SOLUTION
  }

  /** Exactly `n` bytes; null, and nothing is lost, while fewer are here. */
  take(n: number): Uint8Array | null {
    // BEGIN SOLUTION
    return this.size() < n ? null : this.#give(n);
    // END SOLUTION
  }

  /** What is here, `atMost` so many bytes; perhaps none. */
  takeSome(atMost: number): Uint8Array {
    // BEGIN SOLUTION
    return this.#give(Math.min(atMost, this.size()));
    // END SOLUTION
  }

  /**
   * The next line without its CR LF; null while its end has not come.
   *
   * Only CR LF ends a line. LineTooLong as soon as it is certain that the line has more than `maxLine`
   * bytes (its end not counted), even if the end has not come yet.
   */
  takeLine(maxLine: number): Uint8Array | null {
    // BEGIN SOLUTION
    const end = this.#find(CRLF);
    const length = end >= 0 ? end : this.size() - this.#endsWithCr();
    if (length > maxLine) throw new LineTooLong(`a line of more than ${maxLine} bytes`);
    return end < 0 ? null : this.#give(end + CRLF.length).subarray(0, end);
    // END SOLUTION
  }

  /**
   * Everything up to and including `mark`; null while it has not come.
   *
   * LineTooLong if this is more than `maxSize` bytes; at the latest when so many are here and `mark` is
   * not among them.
   */
  takeUntil(mark: Uint8Array, maxSize: number): Uint8Array | null {
    // BEGIN SOLUTION
    const end = this.#find(mark);
    const size = end >= 0 ? end + mark.length : this.size();
    if (size > maxSize || (end < 0 && size === maxSize)) {
      throw new LineTooLong(`more than ${maxSize} bytes without an end`);
    }
    return end < 0 ? null : this.#give(size);
    // END SOLUTION
  }

  // BEGIN SOLUTION: helpers
  /** Where `mark` begins, counted from the first waiting byte; -1 if it is not here yet. */
  #find(mark: Uint8Array): number {
    if (Buffer.compare(mark, this.#mark) !== 0) {
      this.#mark = mark;
      this.#searched = this.#start;
    }
    const waiting = Buffer.from(this.#bytes.buffer, 0, this.#end);
    const at = waiting.indexOf(mark, this.#searched);
    if (at >= 0) return at - this.#start;
    // next time begin where a mark could still begin
    this.#searched = Math.max(this.#start, this.#end - mark.length + 1);
    return -1;
  }

  /** 1 if the last byte may be the first half of a line's end. */
  #endsWithCr(): number {
    return this.size() > 0 && this.#bytes[this.#end - 1] === CRLF[0] ? 1 : 0;
  }

  #give(n: number): Uint8Array {
    const data = this.#bytes.slice(this.#start, this.#start + n);
    this.#start += n;
    this.#searched = Math.max(this.#searched, this.#start);
    if (this.#start === this.#end) this.#start = this.#end = this.#searched = 0;
    return data;
  }

  /** Move what waits to the front, of a larger array if it fills more than half of this one. */
  #makeRoom(more: number): void {
    const needed = this.size() + more;
    const size = needed * 2 > this.#bytes.length ? needed * 2 : this.#bytes.length;
    const bytes = new Uint8Array(size);
    bytes.set(this.#bytes.subarray(this.#start, this.#end));
    this.#searched -= this.#start;
    this.#end -= this.#start;
    this.#start = 0;
    this.#bytes = bytes;
  }
  // END SOLUTION
}
