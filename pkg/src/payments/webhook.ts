/**
 * Which intents a webhook may be about: the places where the provider's objects bear our reference are data of the
 * profile, the same by which answers are read.
 */

import { isUnicode } from "../shell/wire.js";
import type { AnswerReading, ProfileDocument } from "./profiles.js";

/** The references an object of a webhook bears, each once; none when it is not one of ours. */
export function referencesIn(profile: ProfileDocument, payment: unknown): string[] {
  const { answer, operations = {} } = profile.dialect ?? {};
  const readings = [answer, ...Object.values(operations).map((route) => route?.answer)];
  const fitting = readings.filter((reading) => reading !== undefined && isOfKind(reading, payment));
  const paths = new Set(fitting.map((reading: AnswerReading | undefined) => reading?.reference ?? ""));
  const found = [...paths].filter((path) => path !== "").map((path) => valueAt(payment, path));
  return [...new Set(found.filter((value): value is string => typeof value === "string" && value !== "" && isUnicode(value)))];
}

/** Whether the object is of the kind a reading is for: others of the provider may bear our reference too. */
function isOfKind({ id, id_begins: begins }: AnswerReading, payment: unknown): boolean {
  if (begins === undefined) return true;
  const name = valueAt(payment, id);
  return typeof name === "string" && [begins].flat().some((begin) => name.startsWith(begin));
}

function valueAt(value: unknown, path: string): unknown {
  return path.split(".").reduce((inner, name) => {
    const object = typeof inner === "object" && inner !== null ? (inner as Record<string, unknown>) : {};
    return Object.hasOwn(object, name) ? object[name] : undefined;
  }, value);
}
