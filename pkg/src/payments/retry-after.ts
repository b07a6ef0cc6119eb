/**
 * The hint of a server, `Retry-After` (RFC 9110, section 10.2.3): how long it asks to be left alone.
 *
 * Invariant: what says nothing usable is no hint, and the backoff alone decides. The same table as in
 * src/retry/retry_after.rs holds; it is read here since the platform has a calendar, which would weigh 2 KB in each of
 * the two engines that are told of it.
 */

/** Longest value read: the longest date has 33 characters, and no wait needs 60 digits. */
const LENGTH_MAX = 64;

const TIME = "([01]\\d|2[0-3]):([0-5]\\d):([0-5]\\d|60)";
const DAY = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)";
const LONG_DAY = "(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day";
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** The three forms of a date, and the places of day, month, year, hour, minute and second in each. */
const FORMS: readonly (readonly [form: RegExp, places: readonly number[]])[] = [
  [new RegExp(`^${DAY}, (\\d\\d) (\\w{3}) (\\d{4}) ${TIME} GMT$`), [1, 2, 3, 4, 5, 6]],
  [new RegExp(`^${LONG_DAY}, (\\d\\d)-(\\w{3})-(\\d\\d) ${TIME} GMT$`), [1, 2, 3, 4, 5, 6]],
  [new RegExp(`^${DAY} (\\w{3}) ( \\d|\\d\\d) ${TIME} (\\d{4})$`), [2, 1, 6, 3, 4, 5]],
];

const DAY_MS = 86_400_000;

/** A year of two digits is never read as more than this many years ahead. */
const FUTURE_YEARS_MAX = 50;

/**
 * The wait in milliseconds, a safe integer; `undefined` when the value says nothing usable. A date that is past is no
 * wait.
 */
export function retryAfterMs(value: string, now: number): number | undefined {
  if (value.length > LENGTH_MAX) return undefined;
  const text = value.replace(/^[ \t]+|[ \t]+$/g, "");
  if (/^\d+$/.test(text)) return Math.min(Number(text) * 1_000, Number.MAX_SAFE_INTEGER);
  const moment = dateMs(text, now);
  return moment === undefined ? undefined : Math.max(0, moment - now);
}

function dateMs(text: string, now: number): number | undefined {
  for (const [form, places] of FORMS) {
    const found = form.exec(text);
    if (found === null) continue;
    const [day, month, year, hour, minute, second] = places.map((place) => found[place] as string) as [
      string, string, string, string, string, string,
    ];
    const at = (year: number): number | undefined => momentMs(year, MONTHS.indexOf(month), Number(day), [hour, minute, second].map(Number));
    return year.length === 4 ? at(Number(year)) : inCentury(at, Number(year), now);
  }
  return undefined;
}

/** The latest year of these two digits whose date is at most 50 years after `now`. */
function inCentury(at: (year: number) => number | undefined, digits: number, now: number): number | undefined {
  const limit = new Date(now);
  limit.setUTCFullYear(limit.getUTCFullYear() + FUTURE_YEARS_MAX);
  const year = Math.floor(limit.getUTCFullYear() / 100) * 100 + digits;
  const moment = at(year);
  return moment === undefined || moment <= limit.getTime() ? moment : at(year - 100);
}

function momentMs(year: number, month: number, day: number, [hour = 0, minute = 0, second = 0]: readonly number[]): number | undefined {
  const date = Date.UTC(year, month, day);
  // A day that the month has not would be one of the next month; before 1970 nobody sends a request.
  if (month < 0 || year < 1970 || new Date(date).getUTCDate() !== day) return undefined;
  const moment = date + ((hour * 60 + minute) * 60 + second) * 1_000;
  if (second < 60) return moment;
  // A leap second ends a month, and is its last millisecond here.
  return moment % DAY_MS === 0 && new Date(moment).getUTCDate() === 1 ? moment - 1 : undefined;
}
