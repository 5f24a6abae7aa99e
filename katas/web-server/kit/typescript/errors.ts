/** The errors of the course, by name: suites and servers look at nothing else of them. */

/** A line, or what should become one, is longer than the caller allows. */
export class LineTooLong extends Error {}

/**
 * A message that must be answered with an error.
 *
 * `status` is the status code of the answer (RFC 9110, section 15); `reason` says in a few words what
 * was wrong, for logs and people.
 */
export class HttpError extends Error {
  status: number;
  reason: string;

  constructor(status: number, reason: string) {
    super(`${status} ${reason}`);
    this.status = status;
    this.reason = reason;
  }
}

