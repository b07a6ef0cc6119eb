import assert from "node:assert/strict";
import * as nodeCrypto from "node:crypto";
import { test } from "node:test";

import { webhooks } from "../../pkg/src/shell/webhooks.js";
import { utf8 } from "../../pkg/src/shell/wire.js";
import { Door } from "../../pkg/src/webhooks/door.js";
import type { HostCrypto } from "../../pkg/src/shell/host-hash.js";
import { signWebhook } from "../../pkg/src/webhooks/sign.js";

const NOW = 1_700_000_000_000;

/** One scheme for each hash function. */
const SCHEMES = ["vercel-sha1", "stripe-v1", "paystack-sha512"];

/** Around every border there is: blocks, what is copied, what is a chunk. */
const LENGTHS = [0, 1, 54, 55, 56, 63, 64, 65, 127, 128, 129, 5_461, 5_462, 16_384, 16_385, 65_535, 65_536, 65_537, 200_000];

const broken: HostCrypto = {
  hash: () => { throw new Error("FIPS"); },
  createHash: () => { throw new Error("FIPS"); },
};

const WAYS: Record<string, HostCrypto | null> = {
  "crypto.hash and createHash": nodeCrypto as unknown as HostCrypto,
  "createHash alone": { createHash: nodeCrypto.createHash } as unknown as HostCrypto,
  "crypto.hash alone": { hash: (nodeCrypto as unknown as HostCrypto).hash } as HostCrypto,
  "a host that refuses": broken,
  "wasm": null,
};

const options = (scheme: string, ...secrets: string[]): Uint8Array => {
  const field = (tag: number, text: string): number[] => [tag, utf8(text).length, 0, 0, 0, ...utf8(text)];
  return Uint8Array.from([field(0, scheme), ...secrets.map((secret) => field(1, secret))].flat());
};

test("every way of hashing gives the verdict of the others, at every length, for bytes and text", () => {
  for (const scheme of SCHEMES) {
    for (const length of LENGTHS) {
      const text = "aé€".repeat(length).slice(0, length);
      const signed = signWebhook({ scheme, secret: "right", body: text, timestamp: NOW });
      for (const [way, host] of Object.entries(WAYS)) {
        const door = new Door(webhooks, () => host);
        const opened = door.open(options(scheme, "wrong", "right"), scheme);
        const headers = opened.names.find(signed);
        for (const content of [text, utf8(text)]) {
          const what = `${scheme} ${length} ${typeof content} ${way}`;
          const found = door.verify(opened, { content, headers, url: undefined, now: NOW });
          assert.ok(!("code" in found), what);
          assert.equal(found.secretIndex, 1, what);
          if (length === 0) continue;
          const changed = typeof content === "string" ? `b${content.slice(1)}` : Uint8Array.from(content, (byte, at) => (at === 0 ? 98 : byte));
          const refused = door.verify(opened, { content: changed, headers, url: undefined, now: NOW });
          assert.ok("code" in refused && refused.code === "signature_mismatch", what);
        }
      }
    }
  }
});

test("memory that grew is looked at anew", () => {
  const door = new Door(webhooks);
  const opened = door.open(options("stripe-v1", "right"), "stripe-v1");
  const small = signWebhook({ scheme: "stripe-v1", secret: "right", body: "{}", timestamp: NOW });
  const verify = (content: string, signed: Record<string, string>): boolean =>
    !("code" in door.verify(opened, { content, headers: opened.names.find(signed), url: undefined, now: NOW }));
  assert.ok(verify("{}", small));
  const claim = { content: " ".repeat(4_000_000), headers: [undefined], url: undefined, now: NOW };
  assert.equal(door.events(opened, claim).events.length, 1);
  assert.ok(verify("{}", small));
});
