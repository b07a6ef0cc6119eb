import assert from "node:assert/strict";
import { test } from "node:test";

import { excerpt } from "../../pkg/src/testing/hostile/excerpt.js";
import type { Step } from "../../pkg/src/testing/hostile/stage.js";
import { hostile, HostileFailure, type HostileGateway } from "../../pkg/src/testing/index.js";

const STRUCK = { fault: "slow", reached: true } as Step["faults"][number];

function webhook(body: string, isStruck = false): Step {
  return { kind: "webhook", at: 0, body, status: 200, faults: isStruck ? [STRUCK] : [] };
}

/** What is told, a line each: the number of a step, or `-` and the length of a gap. */
function shown(steps: readonly Step[], names: readonly string[], max: number): string[] {
  return excerpt(steps, names, max).map((told) => (told.kind === "step" ? `${told.number}` : `-${told.length}${told.struck > 0 ? `!${told.struck}` : ""}`));
}

test("a long story keeps what struck, what is around it and what is about the order that went wrong", () => {
  const long = Array.from({ length: 100 }, (_, index) => webhook(index === 70 ? "order_9 is paid" : "{}", index === 90));
  const table: [max: number, names: readonly string[], told: string][] = [
    [200, [], Array.from({ length: 100 }, (_, index) => `${index + 1}`).join(" ")],
    [1, [], "-90 91 -9"],
    [3, [], "-89 90 91 92 -8"],
    [4, ["order_9"], "-70 71 -18 90 91 92 -8"],
    [6, ["order_9"], "1 -69 71 -18 90 91 92 -7 100"],
  ];
  for (const [max, names, told] of table) assert.equal(shown(long, names, max).join(" "), told);
  assert.deepEqual(shown([webhook("{}", true), webhook("{}", true), webhook("{}")], [], 1), ["1", "-2!1"]);
});

test("a fault late in a run of hundreds of steps is in the story", async () => {
  /** Looks two hundred times before it buys, and buys again when the answer is lost. */
  const naive = async (gateway: HostileGateway) => {
    for (let look = 0; look < 200; look += 1) await gateway.fetch("http://gateway/api/payments");
    const buy = (key: string): Promise<Response> =>
      gateway.fetch("http://gateway/api/payments", {
        method: "POST",
        headers: { "content-type": "application/json", "idempotency-key": key },
        body: JSON.stringify({ merchantId: "shop", amount: 1_000, currency: "EUR", reference: "order_1" }),
      });
    await buy("one").catch(() => buy("two"));
    return [{ order: "order_1", paid: 1_000, currency: "EUR" }];
  };
  const thrown = await hostile(naive, { seeds: [1], faults: { response_lost: { nth: [201] } } }).catch((error: unknown) => error);
  assert.ok(thrown instanceof HostileFailure);
  const told = thrown.story.split("\n");
  assert.ok(told.some((line) => line.startsWith("201  ")), thrown.story);
  assert.ok(told.some((line) => line.includes("[response_lost]")), thrown.story);
  assert.ok(told.some((line) => line.trim().startsWith("…")), thrown.story);
});

test("a story says whether a request got through where the answer does not", async () => {
  const seen = new Set<string>();
  for (let seed = 0; seed < 20 && seen.size < 2; seed += 1) {
    const integration = async (gateway: HostileGateway) => {
      const answer = await gateway.fetch("http://gateway/api/payments", {
        method: "POST",
        headers: { "content-type": "application/json", "idempotency-key": `key ${seed}` },
        body: JSON.stringify({ merchantId: "shop", amount: 1_000, currency: "EUR", reference: "order_1" }),
      });
      // Takes whatever comes for its opposite, so that every seed has a story.
      const { data } = (await (await gateway.fetch("http://gateway/api/payments")).json()) as { data: unknown[] };
      assert.equal(answer.status, 502);
      return [{ order: "order_1", paid: data.length === 0 ? 1_000 : 0, currency: "EUR" }];
    };
    const thrown = await hostile(integration, { seeds: [seed], faults: { bad_gateway: { nth: [1] } } }).catch((error: unknown) => error);
    assert.ok(thrown instanceof HostileFailure, String(thrown));
    const got = thrown.story.includes("the gateway dealt with it, and then something in between answered 502 in HTML");
    const not = thrown.story.includes("something in between answered 502 in HTML: the gateway never saw it");
    assert.notEqual(got, not, thrown.story);
    assert.equal(thrown.story.includes("the gateway holds    nothing"), not, thrown.story);
    seen.add(got ? "dealt with" : "never seen");
  }
  assert.equal(seen.size, 2);
});
