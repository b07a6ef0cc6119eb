/** Moments and days as flags have them. */

import { shown, UsageError } from "./usage.js";

/** A moment as RFC 3339 has it. `Date.parse` alone also takes local times and days without a time. */
export function moment(flag: string, value: string): number {
  const shape = /^(\d{4}-\d{2}-\d{2})[Tt]([01]\d|2[0-3]):\d{2}:\d{2}(?:\.\d+)?(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;
  const [, day] = shape.exec(value) ?? [];
  const milliseconds = day !== undefined && isDay(day) ? Date.parse(value.toUpperCase()) : Number.NaN;
  if (Number.isNaN(milliseconds)) {
    throw new UsageError(`--${flag} ${shown(value)}: expected RFC 3339, such as 2026-03-04T00:00:00Z`);
  }
  return milliseconds;
}

/** Whether the calendar has the day: `Date` takes February 30th for March 2nd. */
export function isDay(day: string): boolean {
  const midnight = new Date(`${day}T00:00:00Z`);
  return !Number.isNaN(midnight.getTime()) && midnight.toISOString().startsWith(day);
}
