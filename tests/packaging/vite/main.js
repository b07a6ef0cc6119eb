// A page as Vite builds it, with no plugin and no setting: every check leaves `{ name, problem }` for drive.test.js.
import { isTillproofError, TillproofError } from "tillproof";
import { createVerifier, schemes } from "tillproof/webhooks";
import "tillproof/webhooks/full";

const NOW = 1_770_000_000_000;
const SECRET = "whsec_test";
const BODY = '{"id":"evt_1","object":"event","type":"charge.succeeded","created":1770000000,"note":"€"}';

async function signed(body) {
  const utf8 = new TextEncoder();
  const key = await crypto.subtle.importKey("raw", utf8.encode(SECRET), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const mac = await crypto.subtle.sign("HMAC", key, utf8.encode(`${NOW / 1000}.${body}`));
  const hex = [...new Uint8Array(mac)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return new Headers({ "Stripe-Signature": `t=${NOW / 1000},v1=${hex}` });
}

const CHECKS = {
  "a genuine webhook is verified without initialisation": async () => {
    const result = createVerifier({ scheme: "stripe-v1", secrets: SECRET }).verify({
      body: BODY,
      headers: await signed(BODY),
      now: NOW,
    });
    return result.ok && result.events[0].id === "evt_1";
  },
  "a changed webhook is refused": async () => {
    const verifier = createVerifier({ scheme: "stripe-v1", secrets: SECRET });
    return !verifier.verify({ body: BODY.replace("€", "$"), headers: await signed(BODY), now: NOW }).ok;
  },
  "a scheme with a public key is there once it is imported by name": async () => {
    const verifier = createVerifier({
      scheme: "standard-webhooks-v1a",
      secrets: "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=",
    });
    const headers = {
      "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
      "webhook-timestamp": "1614265330",
      "webhook-signature": "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg==",
    };
    const now = 1_614_265_330_000;
    const verify = (body) => verifier.verify({ body, headers, now });
    return verify('{"test": 2432232314}').ok && verify("{}").code === "signature_mismatch";
  },
  "the schemes are listed": async () => schemes().some(({ name }) => name === "stripe-v1"),
  "wrong options are a typed error": async () => {
    try {
      createVerifier({ scheme: "no-such-scheme", secrets: SECRET });
    } catch (error) {
      return isTillproofError(error) && error instanceof TillproofError;
    }
    return false;
  },
};

const results = [];
for (const [name, check] of Object.entries(CHECKS)) {
  const problem = await check().then((good) => (good ? null : "the answer was no"), (error) => String(error));
  results.push({ name, problem });
}
globalThis.results = results;
