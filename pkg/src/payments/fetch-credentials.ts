/**
 * Credentials of calls, in memory only.
 *
 * Invariant: a call is sent again with the credentials it came with, or with those the options give, or not at all. With
 * the credentials of another account the provider would not know the key, and charge that account.
 */

import { utf8 } from "../shell/wire.js";
import { hex } from "./host.js";

/** Credentials a process remembers at once. An account has few; a door that sees more is shared by accounts. */
const REMEMBERED_MAX = 64;

/** The credentials this process has seen, by a name that tells them apart and tells nothing else. */
export class Credentials {
  readonly #known = new Map<string, Readonly<Record<string, string>>>();
  readonly #secret: Uint8Array;
  /** All of them open one account, as access tokens that are renewed do: the newest stand for all. */
  readonly #oneAccount: boolean;
  #newest: Readonly<Record<string, string>> | undefined;
  #key: Promise<CryptoKey> | undefined;

  constructor(secret: Uint8Array, oneAccount: boolean) {
    this.#secret = secret;
    this.#oneAccount = oneAccount;
  }

  /** Keeps credentials, and resolves to their name: the same in every process with the same secret. */
  async remember(credentials: Readonly<Record<string, string>>): Promise<string> {
    const text = JSON.stringify(Object.entries(credentials).sort(([one], [two]) => (one < two ? -1 : 1)));
    const algorithm = { name: "HMAC", hash: "SHA-256" };
    this.#key ??= crypto.subtle.importKey("raw", Uint8Array.from(this.#secret), algorithm, false, ["sign"]);
    const tag = await crypto.subtle.sign("HMAC", await this.#key, Uint8Array.from(utf8(`tillproof credentials v1 ${text}`)));
    const name = hex(new Uint8Array(tag, 0, 16));
    // From here on these are the newest; those that were not used for longest make room.
    this.#newest = credentials;
    this.#known.delete(name);
    this.#known.set(name, credentials);
    const [oldest] = this.#known.keys();
    if (this.#known.size > REMEMBERED_MAX && oldest !== undefined) this.#known.delete(oldest);
    return name;
  }

  /** The credentials for a call that came with those of this name, if this process has any. */
  find(name: string): Readonly<Record<string, string>> | undefined {
    return this.#oneAccount ? this.#newest : this.#known.get(name);
  }
}
