/** Verifying where the host offers no synchronous hash, as in browsers and most edge runtimes: all of it in wasm. */

import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { Webhook as StandardWebhook } from "standardwebhooks";
import { createVerifier } from "tillproof/webhooks";

import { eventText, SIZES, STANDARD_SECRET, standardHeaders } from "./deliveries.js";
import { compare } from "./paired.js";

/** The door to Node's own hash, shut before the first delivery asks for it. */
function shutHost() {
  Object.defineProperty(process, "getBuiltinModule", { value: undefined });
}

export async function run() {
  shutHost();
  const verifier = createVerifier({ scheme: "standard-webhooks-v1", secrets: STANDARD_SECRET });
  const standardWebhook = new StandardWebhook(STANDARD_SECRET);
  const key = Buffer.from(STANDARD_SECRET.slice("whsec_".length), "base64");
  const utf8 = new TextEncoder();
  const rows = [];
  const goals = [];
  for (const size of SIZES.filter((bytes) => bytes <= 65_536)) {
    const body = Buffer.from(eventText(size));
    const headers = standardHeaders(body);
    const contenders = {
      "tillproof verify": () => {
        if (!verifier.verify({ body, headers }).ok) throw new Error("a genuine delivery was refused");
      },
      "@noble/hashes HMAC": () => hmac.create(sha256, key).update(utf8.encode("msg_1.1770000000.")).update(body).digest(),
      "standardwebhooks verify": () => standardWebhook.verify(body, headers, { jsonParse: false }),
    };
    const { us, faster } = await compare(contenders);
    rows.push({ name: "no host crypto", size, kind: "bytes", us });
    for (const peer of ["@noble/hashes HMAC", "standardwebhooks verify"]) {
      goals.push({ number: 7, name: `pure wasm against ${peer}, ${size} B`, gate: 1.5, stretch: 2, measured: faster("tillproof verify", peer) });
    }
  }
  return { rows, goals };
}
