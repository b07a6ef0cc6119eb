/**
 * Which intents a webhook may be about: the places where the provider's objects bear our reference are data of the
 * profile, the same by which answers are read.
 */

import type { AnswerReading, ProfileDocument } from "./profiles.js";

/** The references an object of a webhook bears, each once; none when it is not one of ours. */
export function referencesIn(profile: ProfileDocument, payment: unknown): string[] {
  const { answer, operations = {} } = profile.dialect ?? {};
  const readings = [answer, ...Object.values(operations).map((route) => route?.answer)];
  const paths = new Set(readings.map((reading: AnswerReading | undefined) => reading?.reference ?? ""));
  const found = [...paths].filter((path) => path !== "").map((path) => valueAt(payment, path));
  return [...new Set(found.filter((value): value is string => typeof value === "string" && value !== ""))];
}

function valueAt(value: unknown, path: string): unknown {
  return path.split(".").reduce((inner, name) => {
    const object = typeof inner === "object" && inner !== null ? (inner as Record<string, unknown>) : {};
    return Object.hasOwn(object, name) ? object[name] : undefined;
  }, value);
}
