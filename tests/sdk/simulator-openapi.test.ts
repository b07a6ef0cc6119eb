/** The OpenAPI document of the native dialect is true: of every route, and of every answer to a random conversation. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";

import { createGateway, type FaultPlan } from "../../pkg/src/simulator/index.js";
import { openApi } from "../../pkg/src/simulator/openapi.js";
import { serve } from "../../pkg/src/simulator/server.js";
import { diceOf } from "../../pkg/src/testing/hostile/script.js";

const document = openApi();
const ajv = new Ajv2020({ strict: false, allErrors: true });
ajv.addSchema(document, "native");

/** Compiling takes a hundred times as long as validating. */
const validators = new Map<string, ValidateFunction>();

/** What says whether an answer is the one that is described. */
function validator(path: string, method: string, status: number): ValidateFunction {
  const escaped = encodeURIComponent(path.replaceAll("/", "~1"));
  const place = `native#/paths/${escaped}/${method}/responses/${status}/content/application~1json/schema`;
  const found = validators.get(place) ?? ajv.compile({ $ref: place });
  validators.set(place, found);
  return found;
}

interface Operation {
  readonly operationId: string;
  readonly parameters: readonly { readonly name: string; readonly in: string }[];
  readonly requestBody?: { readonly content: { readonly "application/json": { readonly schema: { readonly $ref: string } } } };
  readonly responses: { readonly [status: string]: unknown };
}

const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, operation: operation as unknown as Operation })),
);

test("the document describes the routes the engine has, and no others", () => {
  const source = readFileSync("src/simulator/native/routes.rs", "utf8");
  const rows = [...source.matchAll(/^ {4}\("([A-Z]+)", "(\/[^"]+)", Route::/gm)].map(([, method, path]) => `${method} ${path}`);
  const own = rows.filter((row) => !row.includes("/_tillproof/")).map((row) => row.replaceAll(":id", "{id}"));
  const described = operations.map(({ method, path }) => `${method.toUpperCase()} ${path}`);
  assert.deepEqual(described.sort(), own.sort());
});

test("every reference in the document leads somewhere, and every operation has a name of its own", () => {
  for (const [, name = ""] of JSON.stringify(document).matchAll(/"#\/components\/schemas\/(\w+)"/g)) {
    assert.ok(document.components.schemas[name], name);
    ajv.getSchema(`native#/components/schemas/${name}`);
  }
  const names = operations.map(({ operation }) => operation.operationId);
  assert.equal(new Set(names).size, names.length);
});

test("the currencies in the document are those the engine has", () => {
  const [table = ""] = readFileSync("src/money/iso4217.rs", "utf8").split("#[cfg(test)]");
  const known = [...table.matchAll(/\(\*b"([A-Z]{3})"/g)].map(([, code]) => code);
  const { NewPayment } = document.components.schemas as { NewPayment: { properties: { currency: { enum: string[] } } } };
  assert.deepEqual(NewPayment.properties.currency.enum, known);
});

test("what may be left out of a body may be null, and what may not may not", async () => {
  const gateway = createGateway();
  let keys = 0;
  const post = async (path: string, body: object): Promise<{ status: number; id: string }> => {
    const headers = { "idempotency-key": `k${(keys += 1)}` };
    const answer = await gateway.fetch(`https://gateway.test${path}`, { method: "POST", body: JSON.stringify(body), headers });
    return { status: answer.status, ...((await answer.json()) as { id: string }) };
  };
  const nulls = (names: readonly string[]): object => Object.fromEntries(names.map((name) => [name, null]));
  const money = { amount: 1_000, currency: "EUR" };
  await post("/api/payments", { merchantId: "shop", ...money });
  gateway.advance(9 * 86_400_000);
  const held = await post("/api/payments", { merchantId: "shop", ...money, capture: false });
  const hook = await post("/api/webhook_endpoints", { url: "https://shop.test/hook", events: ["*"] });
  const paths: { readonly [schema: string]: readonly [path: string, rest: object] } = {
    NewPayment: ["/api/payments", { merchantId: "shop", ...money }],
    Part: [`/api/payments/${held.id}/capture`, {}],
    NewTransfer: ["/api/transfers", { from: "shop", to: "baker", amount: 1, currency: "EUR" }],
    NewEscrow: ["/api/escrows", { payer: "shop", payee: "baker", amount: 1, currency: "EUR" }],
    NewPayout: ["/api/payouts", { account: "shop", amount: 1, currency: "EUR" }],
    NewEndpoint: ["/api/webhook_endpoints", { url: "https://shop.test/hook", events: ["*"] }],
    EndpointChange: [`/api/webhook_endpoints/${hook.id}`, {}],
    Rotation: [`/api/webhook_endpoints/${hook.id}/rotate`, {}],
  };
  for (const [name, [path, rest]] of Object.entries(paths)) {
    const { properties, required } = document.components.schemas[name] as { properties: object; required: string[] };
    const validate = ajv.getSchema(`native#/components/schemas/${name}`);
    const optional = Object.keys(properties).filter((field) => !required.includes(field));
    const body = { ...rest, ...nulls(optional) };
    assert.ok(validate?.(body), `${name}: ${JSON.stringify(validate?.errors)}`);
    assert.ok((await post(path, body)).status < 300, `${name} with null for ${optional.join()}`);
    for (const field of required) {
      assert.ok(!validate?.({ ...body, [field]: null }));
      assert.equal((await post(path, { ...body, [field]: null })).status, 400, `${name} with null for ${field}`);
    }
  }
  await gateway.close();
});

test("every link leads to an operation that takes what it hands over", () => {
  const links = operations.flatMap(({ operation }) => Object.values(operation.responses) as { links?: { [name: string]: { operationId: string; parameters: object } } }[])
    .flatMap((response) => Object.values(response.links ?? {}));
  assert.ok(links.length > 15, String(links.length));
  for (const { operationId, parameters } of links) {
    const target = operations.find(({ operation }) => operation.operationId === operationId);
    assert.ok(target, operationId);
    const names = target.operation.parameters.map(({ name }) => name);
    for (const name of Object.keys(parameters)) assert.ok(names.includes(name), `${operationId} takes no ${name}`);
  }
});

test("it is served beside the native dialect, and not where only Stripe's is spoken", async () => {
  for (const [dialect, status] of [["native", 200], ["both", 200], ["stripe", 401]] as const) {
    const server = await serve({ gateway: { dialect } });
    const answer = await fetch(`${server.url}/openapi.json`);
    assert.equal(answer.status, status);
    if (status === 200) assert.deepEqual(await answer.json(), document);
    await server.close();
  }
});

/** One of the things a client may send for a field: right, wrong, and absurd. */
function value(dice: () => number, right: readonly unknown[]): unknown {
  const wrong = [null, true, -1, 0, 1.5, 1e999, 2 ** 53, "", "x", "\u0000", "é".repeat(300), [], {}, [1], { a: { b: 1 } }];
  const from = dice() < 0.85 ? right : wrong;
  return from[Math.floor(dice() * from.length)];
}

/** A body for an operation, often a right one. */
function body(dice: () => number, name: string | undefined): string {
  const fields: { readonly [schema: string]: { readonly [field: string]: readonly unknown[] } } = {
    NewPayment: {
      merchantId: ["shop"],
      amount: [1, 1_000, 999_999],
      currency: ["EUR", "USD", "JPY"],
      description: ["a \u{1f4b6}", undefined],
      metadata: [{ a: 1 }, { simulate: "card_declined" }, { simulate: "linger" }, undefined],
      capture: [true, false, undefined],
      reference: ["order_1", "order_2", undefined],
    },
    NewTransfer: { from: ["shop", "baker"], to: ["baker", "shop"], amount: [1, 500], currency: ["EUR", "USD"], reference: ["flour", undefined] },
    NewEscrow: {
      payer: ["shop"],
      payee: ["baker"],
      platform: ["market"],
      fee: [0, 1],
      amount: [1, 500],
      currency: ["EUR", "USD"],
      reference: ["oven", undefined],
    },
    NewPayout: { account: ["shop", "baker"], amount: [1, 500], currency: ["EUR", "USD"] },
    Part: { amount: [1, 500, undefined, undefined] },
    NewEndpoint: { url: ["https://shop.test/hook"], events: [["*"], ["payment.completed"]], scheme: ["stripe-v1", undefined] },
    EndpointChange: { url: ["https://shop.test/b", undefined], events: [["*"], undefined], enabled: [true, false, undefined] },
    Rotation: { overlapSeconds: [0, 60, undefined] },
    Resend: { endpoint: [undefined] },
  };
  if (dice() < 0.03) return ["", "{", "[]", "null", '{"a":1}', "\u0000"][Math.floor(dice() * 6)] ?? "";
  const named = Object.entries(fields[name ?? ""] ?? {}).map(([field, right]) => [field, value(dice, right)]);
  const extra = dice() < 0.03 ? [["surprise", 1]] : [];
  return JSON.stringify(Object.fromEntries([...named, ...extra]));
}

/** What ids begin with where they belong. */
const PREFIXES: { readonly [collection: string]: string } = { transfers: "wtr_", escrows: "esc_", payouts: "po_" };

/** Talks to a gateway at random and checks each answer against the document. Gives how often each status was seen. */
async function conversation(seed: number, faults: FaultPlan): Promise<Map<string, number>> {
  const dice = diceOf(`openapi ${seed}`);
  const gateway = createGateway({ seed, faults, paymentsMax: 40, deliver: () => Promise.resolve(new Response()) });
  const ids: string[] = ["shop", "gateway:fees", "nobody"];
  const seen = new Map<string, number>();
  for (let step = 0; step < 150; step += 1) {
    const one = operations[Math.floor(dice() * operations.length)];
    assert.ok(one);
    const { path, method, operation } = one;
    // Few objects are of the rarer kinds: mostly they are asked for where they belong.
    const fitting = ids.filter((known) => known.startsWith(PREFIXES[path.split("/")[2] ?? ""] ?? "-"));
    const pool = fitting.length > 0 && dice() < 0.8 ? fitting : ids;
    const id = pool[Math.floor(dice() * pool.length)] ?? "";
    const query = operation.parameters.filter((parameter) => parameter.in === "query" && dice() < 0.3);
    const search = query.map(({ name }) => `${name}=${encodeURIComponent(String(value(dice, name === "limit" ? [1, 2, 100] : [id])))}`);
    const target = `${path.replace("{id}", encodeURIComponent(id))}${search.length === 0 ? "" : `?${search.join("&")}`}`;
    const keyed = operation.parameters.some((parameter) => parameter.name === "Idempotency-Key") && dice() < 0.97;
    const schema = operation.requestBody?.content["application/json"].schema.$ref.split("/").at(-1);
    const sent = method === "post" ? { body: body(dice, schema) } : {};
    const headers: Record<string, string> = keyed ? { "idempotency-key": `k${Math.floor(dice() * 60)}` } : {};
    const answer = await gateway.fetch(`http://gateway${target}`, { method: method.toUpperCase(), headers, ...sent }).catch(() => null);
    if (answer === null) continue;
    const text = await answer.text();
    const what = `seed ${seed}, step ${step}: ${method} ${target} ${sent.body ?? ""} -> ${answer.status} ${text}`;
    assert.ok(operation.responses[answer.status], what);
    if (faults === "none") assert.ok(answer.status < 500 || answer.status === 507, what);
    const valid = validator(path, method, answer.status);
    assert.ok(valid(JSON.parse(text)), `${what}\n${ajv.errorsText(valid.errors)}`);
    seen.set(`${operation.operationId} ${answer.status}`, (seen.get(`${operation.operationId} ${answer.status}`) ?? 0) + 1);
    for (const [found] of text.matchAll(/\b(?:pay|we|nev|wtr|esc|po)_[0-9a-f]{24}\b/g)) if (!ids.includes(found)) ids.push(found);
    if (dice() < 0.05) await gateway.advance(Math.floor(dice() * 90_000_000));
  }
  await gateway.close();
  return seen;
}

for (const faults of ["none", { server_error: 0.05, server_error_stored: 0.05, rate_limited: 0.05, request_lost: 0.02, response_lost: 0.02, slow: 0.05 }] as const) {
  test(`every answer of 60 random conversations is one that is described, ${faults === "none" ? "without" : "with"} faults`, async () => {
    const seen = new Map<string, number>();
    for (let seed = 0; seed < 60; seed += 1) {
      for (const [what, often] of await conversation(seed, faults)) seen.set(what, (seen.get(what) ?? 0) + often);
    }
    for (const { operation } of operations) {
      const good = Object.keys(operation.responses).find((status) => status.startsWith("2"));
      assert.ok((seen.get(`${operation.operationId} ${good}`) ?? 0) > 0, `${operation.operationId} never succeeded`);
    }
    for (const status of ["createPayment 422", "capturePayment 409", "getPayment 404", "createPayment 400"]) {
      assert.ok((seen.get(status) ?? 0) > 0, `${status} was never seen`);
    }
  });
}
