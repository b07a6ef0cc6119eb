/**
 * Provider profiles: the built-in ones, and those of a merchant's own.
 *
 * Invariant: an intent is driven by the profile it was opened with. What one provider promised says nothing about
 * another, so a name that nobody knows any more is an error and never falls back to a default.
 */

import { profiles } from "../../wasm/payments.profiles.js";
import { TillproofError } from "../shell/errors.js";
import { object, refusal } from "../shell/guard.js";
import { profileCheck } from "../shell/profile-check.js";
import { encode } from "../shell/wire.js";

/** Operations that a dialect can carry out. */
export type ProfileOperation = "charge" | "authorize" | "capture" | "void" | "refund" | "transfer" | "payout";

/** A header that must be there, with this value if one is named. The name is in lower case. */
export interface HeaderTest {
  readonly name: string;
  readonly value?: string;
}

/** What answers mean. The first rule that fits decides; every status from 400 to 599 needs one without conditions. */
export interface AnswerRule {
  /** An HTTP status, or the first and the last of several. */
  readonly status: number | readonly [first: number, last: number];
  /** Error codes of the provider, found where {@link ProfileDocument.error} says. */
  readonly code?: string | readonly string[];
  readonly header?: HeaderTest;
  /** Only answers that bear the replay marker. */
  readonly replayed?: boolean;
  readonly means:
    | "declined"
    | "refused"
    | "in_progress"
    | "already_done"
    | "mismatch"
    | "rate_limited"
    | "unauthorised"
    | "not_executed"
    | "unknown"
    | "unknown_for_ever"
    | "executed";
}

/** A request with gaps: `{target}` in a path, a string such as `"$amount"` in a body. */
export interface RequestTemplate {
  /** `POST` when left out, `GET` in a query. */
  readonly method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Readonly<Record<string, unknown>>;
}

/** Where an answer says what became of a payment: paths such as `data.0.id`, and words for states. */
export interface AnswerReading {
  readonly id: string;
  /** What the id of such an object begins with, where the provider has others that bear the same reference. */
  readonly id_begins?: string | readonly string[];
  /** Left out, every answer of success is success. */
  readonly state?: string;
  readonly amount?: string;
  readonly currency?: string;
  readonly reference?: string;
  readonly merchant?: string;
  readonly code?: string;
  readonly message?: string;
  readonly states?: { readonly [standing in "settled" | "action" | "processing" | "failed" | "absent"]?: readonly string[] };
}

/** How one operation is carried out, read and asked about. */
export interface ProfileRoute extends RequestTemplate {
  readonly needs_amount?: boolean;
  readonly answer?: AnswerReading;
  readonly query?: RequestTemplate & {
    readonly items?: string;
    readonly more?: string;
    readonly next?: string;
    readonly whole_only?: boolean;
    readonly answer?: AnswerReading;
  };
}

/** Where a promise is written, and when it was looked at last. */
export interface ProfileSource {
  readonly source: string;
  /** A date. */
  readonly checked: string;
  /** What the source leaves open, or where we are more careful than it asks. */
  readonly note?: string;
}

/** Sources by field of the profile; a field inside another stands behind a dot. */
export type ProfileSources = Readonly<Record<string, ProfileSource>>;

/**
 * What a provider promises about idempotency keys, as data. The built-in profiles have this form, and so does one of
 * your own. docs/providers.md says what each field decides.
 */
export interface ProfileDocument {
  /** Journals keep it, so it never changes: at most 64 lower-case letters, digits, `-` and `_`. */
  readonly name: string;
  readonly title?: string;
  /** Where the key goes: a header or a member of the body. */
  readonly key: {
    readonly header?: string;
    readonly field?: string;
    /** As a string of RFC 8941, in double quotes. */
    readonly quoted?: boolean;
    /** `hex` (32 characters) when left out; `uuid` has 36. */
    readonly form?: "hex" | "uuid";
    /** The shortest and the longest key the provider takes. */
    readonly length: readonly [least: number, most: number];
  };
  /** How long a key is surely remembered, in milliseconds; 0 where it is not known: then each doubt is settled by asking. */
  readonly window_ms: number;
  /** Windows, and headers for the key, of requests whose path begins so. */
  readonly windows?: readonly { readonly path: string; readonly window_ms: number; readonly key_header?: string }[];
  /** Which requests of others, sent through `createFetch`, are guarded, and as whose. */
  readonly calls?: {
    /** Methods for which the provider keeps keys; every one that changes something when left out. */
    readonly methods?: readonly ("POST" | "PUT" | "PATCH" | "DELETE")[];
    /** Access tokens are renewed every few hours: other credentials are no other account. */
    readonly renewed_tokens?: boolean;
    /** Built-in profiles that promise something else of requests whose path begins so. */
    readonly elsewhere?: readonly { readonly path: string; readonly profile: string }[];
  };
  /** The part of each window that is not used. */
  readonly margin_ms: number;
  /** How long after the last send a late copy may still execute, plus the lag of the query. */
  readonly quarantine_ms: number;
  /** The header that marks a replayed answer. */
  readonly replay?: HeaderTest;
  readonly error: { readonly codes: readonly string[]; readonly message?: string; readonly payment?: string };
  readonly answers: readonly AnswerRule[];
  /** Response headers that are kept with the answer to a prepared request. */
  readonly kept_headers?: readonly string[];
  /** The request that voids whatever was done with a key of a request to the path `of`. */
  readonly void_by_key?: RequestTemplate & { readonly of: string };
  /** How payments become requests. Without it only prepared requests can be sent. */
  readonly dialect?: {
    readonly encoding: "json" | "form";
    readonly amounts?: "minor" | "decimal";
    readonly answer?: AnswerReading;
    readonly operations: { readonly [operation in ProfileOperation]?: ProfileRoute };
  };
  readonly sources?: ProfileSources;
}

/** A profile that was checked. */
export interface KnownProfile {
  readonly document: ProfileDocument;
}

/**
 * The profile of a name, or one of the caller's own, which is checked. The tests check those we ship.
 *
 * Throws `profile_unknown`, `profile_invalid` with what is wrong and where, or `profile_check_not_loaded` in a bundle without
 * the line that the error names.
 */
export function knownProfile(option: string | ProfileDocument): KnownProfile {
  if (typeof option === "string") return { document: builtIn(option) };
  const document = ownProfile(option);
  const input = encode({ profile: document });
  profileCheck().invoke<string>((exports) => exports.payments_profile(input));
  // A copy: what was checked is what decides, whatever becomes of the caller's object.
  return { document: JSON.parse(JSON.stringify(document)) as ProfileDocument };
}

/**
 * The document an intent is driven by: the client's own where the names agree, else the built-in one of that name. A
 * journal without a name is broken, which the engine says better.
 */
export function profileOfIntent(client: KnownProfile, name: unknown): ProfileDocument {
  return typeof name !== "string" || name === client.document.name ? client.document : builtIn(name);
}

/** Names of the headers a key may go into: nobody else may set them. */
export function keyHeaders({ key, windows = [] }: ProfileDocument): string[] {
  return [key.header, ...windows.map((row) => row.key_header)].filter((name) => name !== undefined);
}

/** The profile that a request to a path is driven by: the client's own, or the one that it names for such paths. */
export function profileForPath(client: KnownProfile, path: string): ProfileDocument {
  const other = client.document.calls?.elsewhere?.find((row) => path.startsWith(row.path));
  return other === undefined ? client.document : builtIn(other.profile);
}

function builtIn(name: string): ProfileDocument {
  const found = profiles.find((profile) => profile.name === name);
  if (found !== undefined) return found;
  throw new TillproofError({
    code: "profile_unknown",
    message:
      `no provider profile is called ${JSON.stringify(name.slice(0, 80))}: expected ` +
      `${profiles.map((profile) => profile.name).join(", ")}, or a profile of your own`,
    details: { found: name.slice(0, 200) },
  });
}

function ownProfile(document: ProfileDocument): ProfileDocument {
  const { name, sources: _, ...rest } = object("provider.profile", document);
  // A built-in name promises what its file says, wherever the journal is read.
  if (profiles.some((profile) => profile.name === name)) {
    throw refusal("profile_invalid", "provider.profile.name", name, "is the name of a built-in profile: choose another");
  }
  return { name, ...rest };
}
