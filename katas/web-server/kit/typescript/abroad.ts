/**
 * Takes the process to another country. Given, for the suites: dates on the wire must not notice.
 *
 * What happens here happens on real machines: the clock on the wall is nine hours ahead of Greenwich.
 */

/** Local time is that of Tokyo from now on. */
export function goAbroad(): void {
  process.env.TZ = "Asia/Tokyo";
}
