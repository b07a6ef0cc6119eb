/**
 * Whether the webhook endpoint can be reached, takes genuine deliveries byte by byte, and refuses the others.
 *
 * Invariant: what is sent is an event of the type `tillproof.probe` with an id of its own, which a handler does not know;
 * nothing else is ever sent. It is signed with the merchant's own secret, so a right endpoint cannot tell it from a
 * provider's.
 */

import { isTillproofError } from "../../shell/errors.js";
import { signDelivery, type SignedDelivery } from "../../webhooks/sign.js";
import { createVerifier } from "../../webhooks/index.js";
import { type Answered, exchange, isAnswered, isLocal } from "./exchange.js";
import { broken, doubtful, fine, type Finding, skipped } from "./finding.js";

/** An endpoint, and what its deliveries are signed with. */
export interface EndpointSetup {
  readonly url: URL;
  readonly scheme?: string;
  readonly secret?: string;
}

const REACHED = "endpoint";
const UNSIGNED = "endpoint: unsigned";
const INTACT = "endpoint: raw body";
const CHANGED = "endpoint: changed body";

/** Providers give up after some seconds: Adyen and Shopify after five to ten. */
const SLOW_MS = 5_000;

const TYPED = { "content-type": "application/json", "user-agent": "tillproof-doctor" };

/** Tries the endpoint: unsigned, signed, and changed after it was signed. */
export async function checkEndpoint(setup: EndpointSetup): Promise<Finding[]> {
  const { url, scheme, secret } = setup;
  const outcome = await exchange(url, { method: "POST", headers: TYPED, body: "{}" });
  if (!isAnswered(outcome)) return [broken(REACHED, outcome.problem, outcome.fix)];
  const reached = judgeReached(url, outcome);
  if (reached.standing === "broken") return [reached];
  const found = [reached, judgeUnsigned(outcome)];
  if (scheme === undefined || secret === undefined) {
    return [...found, skipped(INTACT, "no secret to sign a probe with", "add --scheme NAME and --secret-env NAME")];
  }
  return [...found, ...(await checkSigned(url, scheme, secret))];
}

function judgeReached(url: URL, { status, headers, sentAt, answeredAt }: Answered): Finding {
  const took = answeredAt - sentAt;
  if (status >= 300 && status < 400) {
    const to = headers.get("location") ?? "elsewhere";
    return broken(REACHED, `answers ${status} and leads to ${new URL(to, url).host}`, "give the provider the final URL: none of them follows a redirect");
  }
  if (status === 404) return broken(REACHED, "answers 404: there is no such route", "mend the path, or mount the route for POST");
  if (status === 405) return broken(REACHED, "answers 405: the route takes no POST", "mount the route for POST");
  if (status === 415) return broken(REACHED, "answers 415: the route takes no application/json", "let it take any content type");
  if (status >= 500) return broken(REACHED, `answers ${status}`, "look into the log of the server: every delivery ends there");
  const found = `answers in ${took} ms`;
  if (url.protocol === "http:" && !isLocal(url)) {
    return doubtful(REACHED, `${found}, without TLS`, "give the provider an https URL: events hold names and addresses");
  }
  return took > SLOW_MS ? doubtful(REACHED, found, "answer first and apply later: docs/worker.md; providers give up after seconds") : fine(REACHED, found);
}

function judgeUnsigned({ status }: Answered): Finding {
  if (status >= 200 && status < 300) {
    return broken(UNSIGNED, `a delivery without a signature is answered ${status}`, "verify before anything else, and answer what verifyResult or the inbox says");
  }
  return fine(UNSIGNED, `a delivery without a signature is answered ${status}`);
}

async function checkSigned(url: URL, scheme: string, secret: string): Promise<Finding[]> {
  const probe = probeOf(scheme, secret, url, ODD);
  if (typeof probe === "string") return [skipped(INTACT, probe, "let the provider send a test event, and look at your log")];
  const answer = await send(url, probe);
  if (typeof answer === "string") return [broken(INTACT, answer, "look into the log of the server")];
  if (answer.status >= 200 && answer.status < 300) {
    const intact = fine(INTACT, `a signed probe with unusual spaces and escapes is answered ${answer.status}`);
    return [intact, await checkChanged(url, scheme, secret)];
  }
  return [await explained(url, scheme, secret, answer)];
}

/** A probe is refused. If the same event passes as JSON.stringify writes it, the body is parsed and written again. */
async function explained(url: URL, scheme: string, secret: string, { status, text }: Answered): Promise<Finding> {
  const said = /^[a-z][a-z0-9_]{2,60}$/.test(text.trim()) ? ` (${text.trim()})` : "";
  const found = `a signed probe is answered ${status}${said}`;
  if (status >= 500) return broken(INTACT, found, "the signature may be right: look into the log for what the handler did with an unknown type of event");
  const plain = probeOf(scheme, secret, url, PLAIN);
  const answer = typeof plain === "string" ? plain : await send(url, plain);
  if (typeof answer !== "string" && answer.status >= 200 && answer.status < 300) {
    return broken(
      INTACT,
      `${found}, and the same event written by JSON.stringify passes: the body is parsed and written again before it is verified`,
      "give the route the bytes as they arrive: docs/frameworks has the line for your framework",
    );
  }
  return broken(
    INTACT,
    `${found}, however it is written`,
    "compare the secret and the scheme of the endpoint with those given here; set expose: \"code\" for a moment to see why; and read its log",
  );
}

/** One byte is changed after signing: who takes that verifies nothing. */
async function checkChanged(url: URL, scheme: string, secret: string): Promise<Finding> {
  const probe = probeOf(scheme, secret, url, ODD);
  if (typeof probe === "string") return skipped(CHANGED, probe, "let the provider send a test event, and look at your log");
  const body = new TextEncoder().encode(new TextDecoder().decode(probe.body).replace("tillproof.probe", "tillproof.prObe"));
  const answer = await send(url, { ...probe, body });
  if (typeof answer === "string") return broken(CHANGED, answer, "look into the log of the server");
  if (answer.status >= 200 && answer.status < 300) {
    return broken(CHANGED, `a body that was changed after signing is answered ${answer.status}: signatures are not checked`, "verify every delivery, also outside of production");
  }
  return fine(CHANGED, `a body that was changed after signing is answered ${answer.status}`);
}

async function send(url: URL, { headers, body }: SignedDelivery): Promise<Answered | string> {
  const outcome = await exchange(url, { method: "POST", headers: { ...TYPED, ...headers }, body: body.slice() });
  return isAnswered(outcome) ? outcome : outcome.problem;
}

/** How an event is written: nobody writes it like the first by chance, and every serializer of JavaScript like the second. */
type Spelling = (event: object) => string;
const ODD: Spelling = (event) => `${JSON.stringify(event, null, 3).replace("Käse", "K\\u00e4se")}\r\n`;
const PLAIN: Spelling = (event) => JSON.stringify(event);

/** Counts the probes of this process: two of one millisecond are two events. */
let probes = 0;

/** A signed probe, or why there is none. */
function probeOf(scheme: string, secret: string, url: URL, spelling: Spelling): SignedDelivery | string {
  const now = Date.now();
  probes += 1;
  const id = `evt_tillproof_probe_${now}_${probes}`;
  const event = {
    id,
    object: "event",
    type: "tillproof.probe",
    created: Math.floor(now / 1000),
    livemode: false,
    data: { object: { id: "probe", note: "sent by tillproof doctor; Käse", amount: 0 } },
  };
  const unknown = `no probe is known for ${scheme}`;
  try {
    const delivery = { scheme, secret, body: spelling(event), id, timestamp: now, url: url.href };
    const signed = signDelivery(delivery);
    // Whatever the scheme wants to find in an event, and this one has not, would look like a fault of the endpoint.
    const { ok } = createVerifier({ scheme, secrets: secret, url: url.href }).verify({ ...signed, now });
    return ok ? signed : unknown;
  } catch (error) {
    if (isTillproofError(error)) return error.code === "bad_secret" || error.code === "empty_secret" ? error.message : unknown;
    throw error;
  }
}
