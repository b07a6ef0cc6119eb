/** The page: a form, and what the package says about it. */

import { isTillproofError } from "tillproof";
import { createVerifier, schemes, type VerifyResult } from "tillproof/webhooks";

const form = document.querySelector<HTMLFormElement>("#delivery")!;
const answer = document.querySelector<HTMLOutputElement>("output")!;

/** What stands in a field of the form. */
function field(name: string): HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement {
  return form.elements.namedItem(name) as HTMLInputElement;
}

/** A signed delivery of `stripe-v1`, so that the first click has something true to say. */
async function showExample(): Promise<void> {
  const seconds = Math.floor(Date.now() / 1000);
  const secret = "whsec_only_an_example";
  const event = { id: "evt_1", object: "event", type: "charge.succeeded", created: seconds, data: { amount: 1050 } };
  const body = JSON.stringify(event, null, 2);
  const utf8 = new TextEncoder();
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", utf8.encode(secret), algorithm, false, ["sign"]);
  const mac = new Uint8Array(await crypto.subtle.sign("HMAC", key, utf8.encode(`${seconds}.${body}`)));
  const hex = Array.from(mac, (byte) => byte.toString(16).padStart(2, "0")).join("");
  field("scheme").value = "stripe-v1";
  field("secret").value = secret;
  field("headers").value = `Stripe-Signature: t=${seconds},v1=${hex}`;
  field("body").value = body;
}

/** `Name: value` lines as pairs. */
function headerPairs(text: string): [string, string][] {
  return text
    .split("\n")
    .filter((line) => line.includes(":"))
    .map((line) => [line.slice(0, line.indexOf(":")).trim(), line.slice(line.indexOf(":") + 1).trim()]);
}

function verify(): VerifyResult {
  const verifier = createVerifier({ scheme: field("scheme").value, secrets: field("secret").value });
  // A text field gives line feeds whatever was pasted; a body with other line ends cannot be checked here.
  return verifier.verify({ body: field("body").value, headers: headerPairs(field("headers").value) });
}

function show(genuine: boolean, text: string): void {
  answer.dataset.genuine = String(genuine);
  answer.textContent = text;
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  try {
    const result = verify();
    if (result.ok) show(true, `Genuine. ${result.events.map(({ id, type }) => `${type} ${id}`).join(", ")}`);
    else show(false, `Not genuine: ${result.message}${result.hint === undefined ? "" : `\n${result.hint}`}`);
  } catch (error) {
    if (!isTillproofError(error)) throw error;
    show(false, `Cannot be checked: ${error.message}`);
  }
});

(field("scheme") as HTMLSelectElement).append(...schemes().map(({ name }) => new Option(name)));
await showExample();
