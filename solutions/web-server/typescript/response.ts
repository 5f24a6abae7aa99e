/**
 * A response as bytes: status line, fields, length, date; and what must never be in it.
 *
 * RFC 9112, sections 4 and 6; RFC 9110, sections 5.5, 5.6.7, 6.6.1, 8.6 and 15. A response is written
 * by people who trust their values too much: a file name with a line break in it becomes a second
 * field, or a second response ("response splitting"). So the writer refuses what is not in the
 * grammar, and it alone decides how long the body is. Real servers keep the date of the present second
 * ready; here time is an argument.
 *
 *     status line   "HTTP/1.1" SP 3 digits SP reason phrase CRLF
 *     field line    token ": " value CRLF        in a value: HTAB, 0x20 to 0x7E, 0x80 to 0xFF
 */
import { REASONS } from "./kit/reasons.ts";
import type { Head, Headers, Version } from "./requestHead.ts";

// BEGIN SOLUTION: helpers
const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const LONG_DAYS = "Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday";
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const CLOCK = String.raw`(?<hour>\d\d):(?<minute>\d\d):(?<second>\d\d)`;
const MONTH = `(?<month>${MONTHS.join("|")})`;
const DATES = [
  String.raw`(?:${DAYS.join("|")}), (?<day>\d\d) ${MONTH} (?<year>\d{4}) ${CLOCK} GMT`,
  String.raw`(?:${LONG_DAYS}), (?<day>\d\d)-${MONTH}-(?<short>\d\d) ${CLOCK} GMT`,
  String.raw`(?:${DAYS.join("|")}) ${MONTH} (?<day>[ \d]\d) ${CLOCK} (?<year>\d{4})`,
].map((form) => new RegExp(`^${form}$`));
const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
// END SOLUTION

export type Plain = { status: number; headers: Headers; body?: Uint8Array | null };

/** A body that is made while it is sent. */
export interface Body {
  /** How many bytes it has; null if that is not known before its end. */
  length(): number | null;
  /** Its bytes, in pieces. */
  parts(): Iterable<Uint8Array>;
  /** Called once it is not needed any more, sent in full or not. */
  close(): void;
}

/**
 * What a handler gets: a head, and the body's bytes.
 *
 * `path` and `query` are what stands before and after the first "?" of the target, without the
 * `http://` and the authority of a target in absolute form. `params` is for a router to fill.
 */
export class Request {
  method: string;
  target: string;
  version: Version;
  headers: Headers;
  body: Uint8Array;
  path: string;
  query: string;
  params: Record<string, string> = {};

  constructor(head: Head, body: Uint8Array = new Uint8Array()) {
    this.method = head.method;
    this.target = head.target;
    this.version = head.version;
    this.headers = head.headers;
    this.body = body;
    const local = head.target.replace(/^https?:\/\/[^/?]*/i, "");
    const cut = local.includes("?") ? local.indexOf("?") : local.length;
    this.path = local.slice(0, cut) || "/";
    this.query = local.slice(cut + 1);
  }
}

/** What a handler returns. `upgrade` is for later: a protocol that takes the connection over. */
export class Response {
  status: number;
  headers: Headers;
  body: Uint8Array | Body | null;
  upgrade: unknown;

  constructor(
    status: number,
    headers: Headers = [],
    body: Uint8Array | Body | null = null,
    upgrade: unknown = null,
  ) {
    this.status = status;
    this.headers = headers;
    this.body = body;
    this.upgrade = upgrade;
  }
}

/** The phrase of RFC 9110, section 15, for a status code; "" for one that is not there. */
export function reasonPhrase(status: number): string {
  // BEGIN SOLUTION
  return REASONS[status] ?? "";
  // END SOLUTION
}

/** A time, in seconds since 1970, as `Sun, 06 Nov 1994 08:49:37 GMT`, whatever the locale. */
export function httpDate(epoch: number): string {
  // BEGIN SOLUTION
  const t = new Date(epoch * 1000);
  const two = (n: number): string => String(n).padStart(2, "0");
  const day = `${DAYS[t.getUTCDay()]}, ${two(t.getUTCDate())} ${MONTHS[t.getUTCMonth()]}`;
  const clock = [t.getUTCHours(), t.getUTCMinutes(), t.getUTCSeconds()].map(two).join(":");
  return `${day} ${String(t.getUTCFullYear()).padStart(4, "0")} ${clock} GMT`;
  // END SOLUTION
}

/**
 * The time that a date means, in seconds since 1970; null if it is not a date.
 *
 * All three forms of RFC 9110, section 5.6.7: the one of `httpDate`, `Sunday, 06-Nov-94 08:49:37 GMT`
 * and `Sun Nov  6 08:49:37 1994`. A year of two digits is in the century of `now` (seconds since 1970),
 * or in the one before if the year would then be more than 50 years after `now`'s. The day of the week
 * need not fit the date. Days that do not exist (31 Feb) and times beyond 23:59:59 are none.
 */
export function parseHttpDate(text: string, now: number): number | null {
  // BEGIN SOLUTION
  const field = DATES.map((form) => form.exec(text)).find((match) => match !== null)?.groups;
  if (field === undefined) return null;
  const year = field.year === undefined ? fullYear(Number(field.short), now) : Number(field.year);
  const [month, day] = [MONTHS.indexOf(field.month), Number(field.day)];
  const clock = [Number(field.hour), Number(field.minute), Number(field.second)];
  const t = new Date(0);
  t.setUTCFullYear(year, month, day);
  t.setUTCHours(clock[0], clock[1], clock[2]);
  const date = [t.getUTCFullYear(), t.getUTCMonth(), t.getUTCDate()];
  const time = [t.getUTCHours(), t.getUTCMinutes(), t.getUTCSeconds()];
  const same = [...date, ...time].join() === [year, month, day, ...clock].join();
  return same && year > 0 ? t.getTime() / 1000 : null;
  // END SOLUTION
}

/**
 * The status line, the field lines in their order, and the empty line.
 *
 * `version` is [major, minor]. Names must be tokens, and values must consist of tabs and of characters
 * from 0x20 to 0xFF but 0x7F; each character becomes one byte. RangeError otherwise, also for a status
 * outside 100 to 999.
 */
export function encodeHead(status: number, headers: Headers, version: Version): Uint8Array {
  // BEGIN SOLUTION
  if (status < 100 || status > 999) throw new RangeError(`${status} is no status code`);
  let text = `HTTP/${version[0]}.${version[1]} ${status} ${reasonPhrase(status)}\r\n`;
  for (const [name, value] of headers) {
    if (!NAME.test(name)) throw new RangeError(`${JSON.stringify(name)} is no field name`);
    if (!VALUE.test(value)) throw new RangeError(`the value of ${name} holds what it must not hold`);
    text += `${name}: ${value}\r\n`;
  }
  return Buffer.from(`${text}\r\n`, "latin1");
  // END SOLUTION
}

/**
 * The fields that are sent: the response's own, and what the writer adds to them.
 *
 * `response` is {"status": int, "headers": [[name, value], ...]}; `length` the body's length in bytes,
 * null if it is not known. Added are `Date` with the time `now`, unless the response has its own;
 * `Content-Length`, if the length is known and the status allows a body; and with `close`
 * `Connection: close`. 1xx, 204 and 304 allow no body. RangeError if, where it could have been added, the
 * response has a Content-Length of its own that is not `length`, or more than one.
 */
export function completeHeaders(
  response: Plain,
  length: number | null,
  now: number,
  close: boolean,
): Headers {
  // BEGIN SOLUTION
  const headers: Headers = [...response.headers];
  const named = (name: string) => headers.filter((field) => field[0].toLowerCase() === name);
  const lengths = named("content-length").map(([, value]) => value);
  if (named("date").length === 0) headers.push(["Date", httpDate(now)]);
  if (length !== null && allowsBody(response.status)) {
    if (lengths.length === 0) headers.push(["Content-Length", String(length)]);
    else if (lengths.length > 1 || lengths[0] !== String(length)) {
      throw new RangeError(`the body has ${length} bytes, not ${lengths.join(" and ")}`);
    }
  }
  if (close) headers.push(["Connection", "close"]);
  return headers;
  // END SOLUTION
}

/**
 * A whole response in HTTP/1.1, for a body that is there as bytes.
 *
 * `response` is {"status", "headers", "body": bytes or null}, `method` that of the request. The body is
 * left out, though its length is told, when the method is HEAD; and is left out with its length when
 * the status allows none. RangeError as `completeHeaders` and `encodeHead`.
 */
export function encodeResponse(
  response: Plain,
  method: string,
  now: number,
  close: boolean,
): Uint8Array {
  // BEGIN SOLUTION
  const body = response.body ?? new Uint8Array();
  const headers = completeHeaders(response, body.length, now, close);
  const head = encodeHead(response.status, headers, [1, 1]);
  return sendsBody(response.status, method) ? Buffer.concat([head, body]) : head;
  // END SOLUTION
}

/** Whether the bytes of a body follow the head. */
export function sendsBody(status: number, method: string): boolean {
  // BEGIN SOLUTION
  return method !== "HEAD" && allowsBody(status);
  // END SOLUTION
}

// BEGIN SOLUTION: helpers
function allowsBody(status: number): boolean {
  return status >= 200 && status !== 204 && status !== 304;
}

function fullYear(short: number, now: number): number {
  const thisYear = new Date(now * 1000).getUTCFullYear();
  const year = thisYear - (thisYear % 100) + short;
  return year > thisYear + 50 ? year - 100 : year;
}
// END SOLUTION
