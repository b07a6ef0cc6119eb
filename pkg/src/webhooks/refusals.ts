/**
 * What is said of what the engine refused. It tells numbers; the words are those of its own table, which the build writes
 * into modules: whole sentences for servers, codes and names of facts for bundles that count bytes (`#sentences`).
 */

import { reasons, refusals } from "#sentences";
import { expected } from "../../wasm/webhooks.expected.js";
import { TillproofError } from "../shell/errors.js";
import { OUT, type Area } from "./area.js";

/** What the engine refused, as far as it must be kept to be explained later. */
export interface Refusal {
  readonly code: string;
  /** The line of the engine's table. */
  readonly line: number;
  /** What stands in its braces, in order. */
  readonly facts: readonly (string | Reason)[];
}

/** Why a secret could not be decoded, or a public key not be used. */
interface Reason {
  readonly code: string;
  readonly sentence: string;
}

/** Reads what the engine refused out of the area. `given` is what the caller had asked for. */
export function readRefusal(area: Area, given = ""): Refusal {
  const line = area.word(OUT);
  const facts: (string | Reason)[] = [];
  for (let at = OUT + 1; area.word(at) !== 0; at += 3) facts.push(fact(area, at, given));
  const [code] = refusals[line] as Line;
  // The only fact of this one is an option, which is named here as it is written here.
  if (code === "missing_option") facts[0] = String(facts[0]).replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
  return { code, line, facts };
}

type Line = readonly [code: string, sentence: string];

const [GIVEN, KNOWN, NUMBER, REASON, PLACES, EXPECTED] = [1, 2, 3, 4, 5, 7];

function fact(area: Area, at: number, given: string): string | Reason {
  switch (area.word(at)) {
    case GIVEN:
      return given;
    case KNOWN:
      return area.known(at + 1);
    case NUMBER:
      return String(area.number(at + 1));
    case REASON: {
      const [code, sentence] = reasons[area.word(at + 1)] as Line;
      return { code, sentence: sentence.replace(BRACES, String(area.word(at + 2))) };
    }
    case EXPECTED:
      return expected[area.word(at + 1)] as string;
    case PLACES:
      return places(area.delivered()).join(", ");
    default: {
      const [code, sentence] = new TextDecoder().decode(area.delivered()).split("\0") as [string, string];
      return { code, sentence };
    }
  }
}

/** A list of words, the lowest byte first. */
function places(bytes: Uint8Array): number[] {
  const words = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Array.from({ length: bytes.length / 4 }, (_, index) => words.getUint32(index * 4, true));
}

/** The sentence. */
export function sentenceOf({ code, line, facts }: Refusal): string {
  const [, sentence] = refusals[line] as Line;
  let next = 0;
  return sentence.replace(BRACES, (_, name: string) => {
    const value = facts[next++] ?? "";
    if (typeof value !== "string") return value.sentence;
    return name === "found" && code === "unknown_scheme" ? JSON.stringify(value) : value;
  });
}

const BRACES = /\{(\w+)\}/g;

/** The error to throw for what the caller asked for and cannot have. */
export function errorOf(refusal: Refusal): TillproofError {
  const { code, line, facts } = refusal;
  const names = [...(refusals[line] as Line)[1].matchAll(BRACES)].map(([, name]) => name as string);
  const details = names.flatMap((name, index) => {
    const value = facts[index] ?? "";
    // A limit is the same in every error, so it is said and not reported.
    if (name === "limit") return [];
    return [[name, typeof value === "string" ? value : value.code]];
  });
  return new TillproofError({ code, message: sentenceOf(refusal), details: Object.fromEntries(details) as Record<string, string> });
}
