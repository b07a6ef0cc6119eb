/** Verifying a delivery, against the libraries of the providers and against Node's own functions used by hand. */

import { createHmac, timingSafeEqual } from "node:crypto";

import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { verify as octokitVerify } from "@octokit/webhooks-methods";
import { LRUCache } from "lru-cache";
import { Webhook as StandardWebhook } from "standardwebhooks";
import Stripe from "stripe";
import { Webhook as SvixWebhook } from "svix";
import * as tillproof from "tillproof/webhooks";

import { eventText, SIZES, STANDARD_SECRET, standardHeaders, STRIPE_SECRET, stripeHeaders } from "./deliveries.js";
import { compare } from "./paired.js";

const { createVerifier } = tillproof;
const stripe = new Stripe("sk_test_bench");
const stripeVerifier = createVerifier({ scheme: "stripe-v1", secrets: STRIPE_SECRET });
const standardVerifier = createVerifier({ scheme: "standard-webhooks-v1", secrets: STANDARD_SECRET });
const standardWebhook = new StandardWebhook(STANDARD_SECRET);
const svixWebhook = new SvixWebhook(STANDARD_SECRET);

function must(truth, what) {
  if (!truth) throw new Error(`${what}: a genuine delivery was refused, or a forged one was not`);
}

/** Reads the header as documentation shows it: split, compare, and no more. */
function byHand(mac, header, secret, body) {
  const [time, signature] = header.split(",").map((pair) => pair.slice(pair.indexOf("=") + 1));
  must(Math.abs(Date.now() / 1000 - Number(time)) < 300, "time");
  const found = Buffer.from(signature, "hex");
  const expected = mac(secret, `${time}.`, body);
  return found.length === expected.length && timingSafeEqual(found, expected);
}

const nodeMac = (secret, head, body) => createHmac("sha256", secret).update(head).update(body).digest();
const utf8 = new TextEncoder();
const bytesOf = (body) => (typeof body === "string" ? utf8.encode(body) : body);
const nobleMac = (secret, head, body) =>
  hmac.create(sha256, utf8.encode(secret)).update(utf8.encode(head)).update(bytesOf(body)).digest();

/** One event of Stripe: verified alone, and verified and parsed. */
function stripeDelivery(body, headers) {
  const header = headers["stripe-signature"];
  const github = `sha256=${createHmac("sha256", STRIPE_SECRET).update(body).digest("hex")}`;
  return {
    "tillproof verify": () => must(stripeVerifier.verify({ body, headers }).ok, "tillproof"),
    "tillproof verify + payload": () => stripeVerifier.verify({ body, headers }).events[0].payload.id,
    "stripe verifyHeader": () =>
      must(stripe.webhooks.signature.verifyHeader(body, header, STRIPE_SECRET, 300), "stripe"),
    "stripe constructEvent": () => stripe.webhooks.constructEvent(body, header, STRIPE_SECRET).id,
    "node:crypto by hand": () => must(byHand(nodeMac, header, STRIPE_SECRET, body), "node:crypto"),
    "@noble/hashes by hand": () => must(byHand(nobleMac, header, STRIPE_SECRET, body), "noble"),
    // Its promise settles later; the MAC is computed before it returns.
    ...(typeof body === "string" && { "@octokit/webhooks-methods verify": () => void octokitVerify(STRIPE_SECRET, body, github) }),
  };
}

function standardDelivery(body, headers) {
  const text = { jsonParse: false };
  return {
    "tillproof verify": () => must(standardVerifier.verify({ body, headers }).ok, "tillproof"),
    "tillproof verify + payload": () => standardVerifier.verify({ body, headers }).events[0].payload.id,
    "standardwebhooks verify": () => standardWebhook.verify(body, headers, text),
    "standardwebhooks verify + JSON": () => standardWebhook.verify(body, headers).id,
    "svix verify + JSON": () => svixWebhook.verify(body, headers).id,
  };
}

function attempt(call) {
  try {
    call();
  } catch {
    return true;
  }
  return false;
}

/** Both ways in which a stranger's request is refused, at 2 KB. */
function rejections(body, headers) {
  const junk = { ...headers, "stripe-signature": "junk" };
  const wrong = { ...headers, "stripe-signature": headers["stripe-signature"].replace(/[0-9a-f]$/, (d) => (d === "0" ? "1" : "0")) };
  const ours = (given) => () => must(!stripeVerifier.verify({ body, headers: given }).ok, "tillproof");
  const theirs = ({ "stripe-signature": header }) => () =>
    must(attempt(() => stripe.webhooks.constructEvent(body, header, STRIPE_SECRET)), "stripe");
  return {
    "tillproof junk header": ours(junk),
    "stripe junk header": theirs(junk),
    "tillproof bad signature": ours(wrong),
    "stripe bad signature": theirs(wrong),
  };
}

/** The same delivery again: found genuine, found known, not parsed. */
function duplicates(body, headers) {
  const seen = new LRUCache({ max: 100_000, ttl: 86_400_000 });
  const peer = () => {
    const { id } = stripe.webhooks.constructEvent(body, headers["stripe-signature"], STRIPE_SECRET);
    if (!seen.has(id)) seen.set(id, true);
  };
  const id = () => stripeVerifier.verify({ body, headers }).events[0].id;
  const { createDedup } = tillproof;
  if (createDedup === undefined) return { "tillproof verify + id": id, "stripe constructEvent + lru-cache": peer };
  const dedup = createDedup({ capacity: 100_000, ttl: 86_400_000 });
  return { "tillproof verify + id": id, "tillproof verify + dedup": () => dedup.claim(id()), "stripe constructEvent + lru-cache": peer };
}

/** Runs everything; `rows` are for the screen and the file, `goals` are those of performance.md. */
export async function run() {
  const rows = [];
  const goals = [];
  const goal = (number, name, gate, stretch, measured) => goals.push({ number, name, gate, stretch, measured });
  const group = async (name, size, kind, contenders) => {
    const { us, faster } = await compare(contenders);
    rows.push({ name, size, kind, us });
    return faster;
  };
  for (const size of SIZES) {
    const text = eventText(size);
    const bytes = Buffer.from(text);
    for (const [kind, body] of [["bytes", bytes], ["string", text]]) {
      const at = `${size} B ${kind}`;
      const faster = await group("stripe-v1", size, kind, stripeDelivery(body, stripeHeaders(bytes)));
      const whole = faster("tillproof verify + payload", "stripe constructEvent");
      const verified = faster("tillproof verify", "stripe verifyHeader");
      const hand = faster("tillproof verify", "node:crypto by hand");
      const events = { 512: [2, 1.8, 2.3], 2048: [1, 1.35, 1.6], 8192: [3, 1.1, 1.25], 65536: [3, 1, 1.15], 1048576: [3, 1, 1.2] };
      const alone = { 512: [2.5, 3.2], 2048: [1.8, 2.3], 8192: [1.4, 1.9] };
      const bare = { 512: [1.8, 2.3], 2048: [1.4, 1.8], 65536: [0.93, 1], 1048576: [0.93, 1] };
      const [number, gate, stretch] = events[size];
      goal(number, `verify + payload against stripe constructEvent, ${at}`, gate, stretch, whole);
      if (size in alone) goal(4, `verify against stripe verifyHeader, ${at}`, ...alone[size], verified);
      if (size in bare) goal(5, `verify against node:crypto by hand, ${at}`, ...bare[size], hand);
      const rival = await group("standard-webhooks-v1", size, kind, standardDelivery(body, standardHeaders(bytes)));
      for (const peer of ["standardwebhooks", "svix"]) {
        const measured = rival("tillproof verify + payload", `${peer} verify + JSON`);
        goal(6, `verify + payload against ${peer}, ${at}`, 2.5, 3.5, measured);
      }
    }
  }
  const bytes = Buffer.from(eventText(2_048));
  const refused = await group("refused", 2_048, "bytes", rejections(bytes, stripeHeaders(bytes)));
  goal(8, "junk header against stripe", 50, 150, refused("tillproof junk header", "stripe junk header"));
  goal(8, "bad signature against stripe", 3, 5, refused("tillproof bad signature", "stripe bad signature"));
  const again = duplicates(bytes, stripeHeaders(bytes));
  const known = await group("duplicate", 2_048, "bytes", again);
  const ours = "tillproof verify + dedup" in again ? "tillproof verify + dedup" : "tillproof verify + id";
  goal(9, `${ours} against constructEvent + lru-cache, 2048 B bytes`, 2.5, 3.3, known(ours, "stripe constructEvent + lru-cache"));
  return { rows, goals };
}
