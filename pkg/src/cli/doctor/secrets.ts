/**
 * Whether secrets have the shape of what they are for.
 *
 * Invariant: a finding names a secret by its variable and its kind, and never shows a character that was not known
 * beforehand.
 */

import { isTillproofError } from "../../shell/errors.js";
import { createVerifier } from "../../webhooks/index.js";
import { broken, doubtful, fine, type Finding } from "./finding.js";

/** What a secret is for. */
export type Role = "webhook" | "api_key" | "key_secret";

/** The environment, or what stands for it. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A variable that was named on the command line. */
export interface NamedSecret {
  readonly role: Role;
  readonly variable: string;
}

/** Beginnings by which providers let their secrets be told apart. */
const KINDS: readonly { readonly begins: string; readonly kind: string; readonly role: Role | "public"; readonly live?: boolean }[] = [
  { begins: "whsec_", kind: "a webhook signing secret", role: "webhook" },
  { begins: "whsk_", kind: "a private webhook signing key", role: "webhook" },
  { begins: "sk_test_", kind: "a secret key of test mode", role: "api_key", live: false },
  { begins: "sk_live_", kind: "a secret key of live mode", role: "api_key", live: true },
  { begins: "rk_test_", kind: "a restricted key of test mode", role: "api_key", live: false },
  { begins: "rk_live_", kind: "a restricted key of live mode", role: "api_key", live: true },
  { begins: "pk_test_", kind: "a publishable key of test mode", role: "public", live: false },
  { begins: "pk_live_", kind: "a publishable key of live mode", role: "public", live: true },
];

const PLACEHOLDER = /^(?:.*(?:\.\.\.|…).*|change-?me|todo|secret|password|x+|<.*>|your[-_ ].*|(?:whsec|sk_test|sk_live)_?x*)$/i;

/** `createPayments` takes no shorter one. */
const KEY_SECRET_BYTES_MIN = 16;

const ROLE: Readonly<Record<Role, string>> = {
  webhook: "a webhook secret",
  api_key: "an API key",
  key_secret: "the secret that idempotency keys are made from",
};

/** Looks at each secret, and then at all of them together. `scheme` is that of the webhook secrets. */
export function checkSecrets(secrets: readonly NamedSecret[], scheme: string | undefined, env: Environment): Finding[] {
  return [...secrets.map((secret) => checkSecret(secret, scheme, env)), ...together(secrets, env)];
}

function checkSecret({ role, variable }: NamedSecret, scheme: string | undefined, env: Environment): Finding {
  const check = `secret ${variable}`;
  const value = env[variable];
  if (value === undefined || value === "") {
    return broken(check, "the environment has no such variable, or it is empty", `set ${variable} where this process and the shop are started`);
  }
  if (value.trim() !== value) {
    return broken(check, "there is a space or a line feed at its beginning or end", "store it without; a file often ends in a line feed");
  }
  if (/^(["'`]).*\1$/s.test(value)) {
    return broken(check, "it stands in quotes, which have become a part of it", "remove the quotes; not every reader of .env files does");
  }
  if (PLACEHOLDER.test(value)) return broken(check, "this is a placeholder", "put the real one there");
  const known = KINDS.find(({ begins }) => value.startsWith(begins));
  if (known !== undefined && known.role !== role) {
    const found = `this is ${known.kind} (${known.begins}…), where ${ROLE[role]} belongs`;
    const fix = {
      webhook: "take the signing secret of the endpoint, from the page of the endpoint at the provider",
      api_key: "take the secret key, from the page of API keys at the provider",
      key_secret: "make one of its own: openssl rand -hex 32; a provider's secret will be replaced one day, and this must not",
    }[role];
    return broken(check, found, fix);
  }
  if (role === "key_secret") return keySecret(check, value);
  if (role === "webhook" && scheme !== undefined) return webhookSecret(check, value, scheme);
  return fine(check, known === undefined ? `present, ${value.length} characters` : `${known.kind} (${known.begins}…)`);
}

function keySecret(check: string, value: string): Finding {
  const { length } = new TextEncoder().encode(value);
  const fix = "make one with openssl rand -hex 32, before the first payment: changing it later changes the keys of open ones";
  if (length < KEY_SECRET_BYTES_MIN) return broken(check, `${length} bytes, at least ${KEY_SECRET_BYTES_MIN} are needed`, fix);
  if (new Set(value).size < 6) return broken(check, "only a few different characters: this is not random", fix);
  return fine(check, `${length} bytes`);
}

/** The judge is the verifier that will use it. */
function webhookSecret(check: string, value: string, scheme: string): Finding {
  try {
    createVerifier({ scheme, secrets: value });
    return fine(check, `a verifier of ${scheme} takes it`);
  } catch (error) {
    if (!isTillproofError(error)) throw error;
    // Further fields (a certificate, a key id) are not known here, and their lack says nothing of the secret.
    if (error.code !== "bad_secret" && error.code !== "empty_secret") return fine(check, `present, ${value.length} characters`);
    return broken(check, error.message, "copy it again from the page of the endpoint at the provider");
  }
}

/** What no secret shows alone: two modes at once, the wrong mode for this place, one secret in two roles. */
function together(secrets: readonly NamedSecret[], env: Environment): Finding[] {
  const found: Finding[] = [];
  const check = "secrets together";
  const modes = secrets.flatMap(({ variable }) => {
    const live = KINDS.find(({ begins }) => env[variable]?.startsWith(begins) === true)?.live;
    return live === undefined ? [] : [{ variable, live }];
  });
  const live = modes.filter((mode) => mode.live).map(({ variable }) => variable);
  const test = modes.filter((mode) => !mode.live).map(({ variable }) => variable);
  if (live.length > 0 && test.length > 0) {
    const sides = `${live.join(", ")} of live mode and ${test.join(", ")} of test mode`;
    found.push(broken(check, sides, "take all of one mode: objects of one do not exist in the other"));
  } else if (test.length > 0 && env["NODE_ENV"] === "production") {
    found.push(broken(check, `${test.join(", ")} of test mode, and NODE_ENV is production`, "put the keys of live mode there: no customer pays in test mode"));
  } else if (live.length > 0 && env["NODE_ENV"] !== "production") {
    found.push(doubtful(check, `${live.join(", ")} of live mode, and NODE_ENV is not production`, "take the keys of test mode here: what is tried here moves real money"));
  } else if (modes.length > 0) {
    found.push(fine(check, `all keys that say so are of ${live.length > 0 ? "live" : "test"} mode`));
  }
  for (const value of new Set(secrets.map(({ variable }) => env[variable] ?? ""))) {
    const same = secrets.filter(({ variable }) => env[variable] === value);
    const names = [...new Set(same.map(({ variable }) => variable))];
    if (value === "" || new Set(same.map(({ role }) => role)).size < 2) continue;
    found.push(broken(check, `${names.join(" and ")} are the same`, "give each role a secret of its own: whoever learns one must not have both"));
  }
  return found;
}
