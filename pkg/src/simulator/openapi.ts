/**
 * The native dialect as an OpenAPI 3.1 document.
 *
 * Invariant: every route of the dialect stands here, and every answer of the gateway is one that is described; a test asks
 * the gateway for both.
 */

type Schema = { readonly [key: string]: unknown };

/** An OpenAPI document. */
export interface OpenApiDocument {
  readonly openapi: string;
  readonly info: Schema;
  readonly paths: { readonly [path: string]: { readonly [method: string]: Schema } };
  readonly components: { readonly schemas: { readonly [name: string]: Schema } };
}

const ref = (name: string): Schema => ({ $ref: `#/components/schemas/${name}` });
const text: Schema = { type: "string" };
const count: Schema = { type: "integer", minimum: 0 };
const integer: Schema = { type: "integer" };
const truth: Schema = { type: "boolean" };
const nullable = (schema: Schema): Schema => ({ oneOf: [schema, { type: "null" }] });
const listOf = (items: Schema): Schema => ({ type: "array", items });

/** An object whose members are all there; those in `optional` may be left out. */
function object(properties: { readonly [name: string]: Schema }, optional: readonly string[] = []): Schema {
  const required = Object.keys(properties).filter((name) => !optional.includes(name));
  return { type: "object", additionalProperties: false, required, properties };
}

/** The body of a request: what may be left out may as well be `null`. */
function request(properties: { readonly [name: string]: Schema }, optional: readonly string[] = []): Schema {
  const shown = Object.entries(properties).map(([name, schema]) => [name, optional.includes(name) ? nullable(schema) : schema]);
  return object(Object.fromEntries(shown) as { readonly [name: string]: Schema }, optional);
}

const page = (items: Schema): Schema =>
  object({ object: { const: "list" }, data: listOf(items), hasMore: truth });

const STATES = ["pending", "processing", "authorized", "completed", "partially_refunded", "refunded", "voided", "expired", "failed"];
const PAYOUT_STATES = ["pending", "in_transit", "paid", "failed", "canceled"];
const PAYMENT_EVENTS = STATES.map((state) => `payment.${state}`);
const PAYOUT_EVENTS = PAYOUT_STATES.map((state) => `payout.${state}`);
const EVENTS = [...PAYMENT_EVENTS, ...PAYOUT_EVENTS];
const CAUSES = ["create", "submit", "authorize", "complete", "decline", "capture", "void", "expire", "refund"];

/** The currencies the gateway knows: the active ones of ISO 4217 that have a minor unit. */
const CURRENCIES = `
  AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP
  CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG
  HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL
  MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR
  RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD
  TZS UAH UGX USD UYU UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG
`;

const state: Schema = { type: "string", enum: STATES };
const amount: Schema = { type: "integer", minimum: 1, maximum: 9_007_199_254_740_991, description: "Minor units of the currency." };
const milliseconds: Schema = { type: "integer", minimum: 0, description: "Milliseconds since the epoch, by the gateway's clock." };
const wantedEvents: Schema = listOf({ type: "string", enum: ["*", ...EVENTS] });
const url: Schema = { type: "string", maxLength: 2_048, pattern: "^https?://[!-~]+$", description: "An absolute http or https address in visible ASCII." };

const merchant: Schema = { type: "string", minLength: 1, maxLength: 64, pattern: "^[A-Za-z0-9._-]+$", description: "The name of a merchant's account." };
const currency: Schema = { type: "string", enum: CURRENCIES.trim().split(/\s+/), description: "ISO 4217." };
const reference: Schema = { type: "string", minLength: 1, maxLength: 200, description: "The name under which your records know it." };

const SCHEMAS = {
  Error: object({
    error: object({
      code: { type: "string", pattern: "^[a-z_]+$" },
      message: text,
      advice: { type: "string", enum: ["fix_call", "retry_same_key", "retry_new_key", "wait", "reconcile", "report_bug"] },
      details: { type: "object", additionalProperties: text },
    }),
  }),
  NewPayment: request(
    {
      merchantId: merchant,
      amount,
      currency,
      description: { type: "string", maxLength: 500 },
      metadata: {
        type: "object",
        maxProperties: 50,
        propertyNames: { maxLength: 40 },
        additionalProperties: { type: ["string", "number", "boolean"], maxLength: 500 },
        description: "`simulate` decides what the card network says: a code of a decline, or `linger`.",
      },
      capture: { type: "boolean", default: true, description: "false holds the money for a later capture." },
      reference: { type: "string", minLength: 1, maxLength: 200, description: "The name under which your records know the payment." },
    },
    ["description", "metadata", "capture", "reference"],
  ),
  Part: request({ amount: { ...amount, description: "Minor units; all that is left when it is left out." } }, ["amount"]),
  Nothing: request({}),
  Payment: object({
    id: text,
    object: { const: "payment" },
    merchantId: text,
    amount: count,
    currency: text,
    amountCaptured: count,
    amountRefunded: count,
    fee: count,
    state,
    description: nullable(text),
    metadata: { type: "object" },
    reference: nullable(text),
    createdAt: milliseconds,
    updatedAt: milliseconds,
    failure: nullable(object({ code: text, message: text })),
    refunds: listOf(object({ id: text, amount: count, createdAt: milliseconds })),
    transitions: listOf(object({ from: state, to: state, at: milliseconds, cause: { type: "string", enum: CAUSES } })),
  }),
  Payments: page(ref("Payment")),
  Account: object({
    id: text,
    object: { const: "account" },
    balance: { type: "object", additionalProperties: integer, description: "Credits minus debits by currency: what the gateway owes." },
    totals: listOf(object({ currency: text, debits: count, credits: count })),
    entries: listOf(
      object(
        {
          id: text,
          at: milliseconds,
          cause: text,
          payment: { type: "string", description: "The payment it is about, where it is about one." },
          side: { type: "string", enum: ["debit", "credit"] },
          amount: count,
          currency: text,
        },
        ["payment"],
      ),
    ),
    hasMore: truth,
  }),
  Wallet: object({
    id: text,
    object: { const: "wallet" },
    balances: listOf(object({ currency: text, available: integer, pending: integer })),
  }),
  NewTransfer: request({ from: merchant, to: merchant, amount, currency, reference }, ["reference"]),
  Transfer: object(
    { id: text, object: { const: "transfer" }, from: text, to: text, amount: count, currency: text, reference: text, createdAt: milliseconds },
    ["reference"],
  ),
  NewEscrow: request(
    {
      payer: merchant,
      payee: merchant,
      platform: { ...merchant, description: "Who earns the fee." },
      fee: { ...count, description: "What the platform earns of it when it is released, in minor units." },
      amount,
      currency,
      reference,
    },
    ["platform", "fee", "reference"],
  ),
  Escrow: object(
    {
      id: text,
      object: { const: "escrow" },
      payer: text,
      payee: text,
      platform: text,
      amount: count,
      fee: count,
      currency: text,
      reference: text,
      state: { type: "string", enum: ["held", "released", "returned"] },
      createdAt: milliseconds,
    },
    ["platform", "reference"],
  ),
  NewPayout: request({ account: merchant, amount, currency }),
  Payout: object(
    {
      id: text,
      object: { const: "payout" },
      account: text,
      amount: integer,
      currency: text,
      state: { type: "string", enum: PAYOUT_STATES },
      failureCode: text,
      createdAt: milliseconds,
      arrivesAt: milliseconds,
    },
    ["failureCode"],
  ),
  Reconciliation: object({
    object: { const: "reconciliation" },
    at: milliseconds,
    balanced: truth,
    currencies: listOf(
      object({
        currency: text,
        balanced: truth,
        totals: object({ debits: count, credits: count }),
        captured: count,
        refunded: count,
        fees: count,
        difference: integer,
      }),
    ),
  }),
  NewEndpoint: request(
    {
      url,
      events: { ...wantedEvents, description: "All when it is left out." },
      secret: { type: "string", maxLength: 200, description: "whsec_ and base64; one is made when it is left out." },
      scheme: { type: "string", enum: ["standard-webhooks-v1", "stripe-v1"], default: "standard-webhooks-v1" },
    },
    ["events", "secret", "scheme"],
  ),
  EndpointChange: request({ url, events: wantedEvents, enabled: truth }, ["url", "events", "enabled"]),
  Rotation: request({ overlapSeconds: { type: "integer", minimum: 0, maximum: 86_400, default: 86_400 } }, ["overlapSeconds"]),
  Endpoint: object(
    {
      id: text,
      object: { const: "webhook_endpoint" },
      url: text,
      events: listOf(text),
      scheme: text,
      enabled: truth,
      secret: { type: "string", description: "Only in the answer that made it." },
    },
    ["secret"],
  ),
  Endpoints: page(ref("Endpoint")),
  DeletedEndpoint: object({ id: text, object: { const: "webhook_endpoint" }, deleted: { const: true } }),
  Event: object({
    id: text,
    type: { type: "string", enum: EVENTS },
    createdAt: milliseconds,
    data: {
      oneOf: [object({ payment: ref("Payment") }), object({ payout: ref("Payout") })],
    },
    pendingEndpoints: count,
    deliveries: listOf(
      object(
        {
          id: text,
          endpoint: text,
          url: text,
          state: text,
          attempts: count,
          tries: listOf(object({ at: milliseconds, status: nullable(integer) })),
          lastStatus: nullable(integer),
          nextAttemptAt: nullable(milliseconds),
          endedAt: milliseconds,
        },
        ["endedAt"],
      ),
    ),
  }),
  Events: page(ref("Event")),
  Resend: request({ endpoint: { type: "string", description: "One endpoint; all that were meant to get it when it is left out." } }, ["endpoint"]),
  Health: object({ status: { const: "ok" } }),
} satisfies { readonly [name: string]: Schema };

/** What one route takes and gives. */
interface Row {
  readonly method: "get" | "post" | "delete";
  /** With `{id}` for the id. */
  readonly path: string;
  readonly id: string;
  readonly summary: string;
  readonly body?: keyof typeof SCHEMAS;
  /** Whether the body may be left out. */
  readonly bodyOptional?: boolean;
  readonly query?: readonly ("reference" | "after" | "limit")[];
  readonly status: 200 | 201;
  readonly answer: keyof typeof SCHEMAS;
  /** Whether it moves money: takes a key, and is replayed under it. */
  readonly keyed?: boolean;
  /** The refusals of its own, beside those every route may give. */
  readonly refusals: readonly number[];
}

const MOVES_MONEY = { status: 200, answer: "Payment", keyed: true } as const;

const ROWS: readonly Row[] = [
  { ...MOVES_MONEY, method: "post", path: "/api/payments", id: "createPayment", summary: "Take or hold a payment", body: "NewPayment", status: 201, refusals: [409, 422, 507] },
  { method: "get", path: "/api/payments", id: "listPayments", summary: "List payments, newest first", query: ["reference", "after", "limit"], status: 200, answer: "Payments", refusals: [404] },
  { method: "get", path: "/api/payments/{id}", id: "getPayment", summary: "A payment with its transitions", status: 200, answer: "Payment", refusals: [404] },
  { ...MOVES_MONEY, method: "post", path: "/api/payments/{id}/capture", id: "capturePayment", summary: "Capture all or a part of what is held", body: "Part", bodyOptional: true, refusals: [404, 409, 422] },
  { ...MOVES_MONEY, method: "post", path: "/api/payments/{id}/void", id: "voidPayment", summary: "Release what is held", body: "Nothing", bodyOptional: true, refusals: [404, 409, 422] },
  { ...MOVES_MONEY, method: "post", path: "/api/payments/{id}/refund", id: "refundPayment", summary: "Give back all or a part", body: "Part", bodyOptional: true, refusals: [404, 409, 422] },
  { ...MOVES_MONEY, method: "post", path: "/api/transfers", id: "createTransfer", summary: "Send available money to another merchant", body: "NewTransfer", status: 201, answer: "Transfer", refusals: [404, 409, 422] },
  { method: "get", path: "/api/transfers/{id}", id: "getTransfer", summary: "A transfer", status: 200, answer: "Transfer", refusals: [404] },
  { ...MOVES_MONEY, method: "post", path: "/api/escrows", id: "createEscrow", summary: "Hold available money until both sides agree", body: "NewEscrow", status: 201, answer: "Escrow", refusals: [404, 409, 422] },
  { method: "get", path: "/api/escrows/{id}", id: "getEscrow", summary: "An escrow", status: 200, answer: "Escrow", refusals: [404] },
  { ...MOVES_MONEY, method: "post", path: "/api/escrows/{id}/release", id: "releaseEscrow", summary: "Pay it out, less the fee of the platform", body: "Nothing", bodyOptional: true, answer: "Escrow", refusals: [404, 409, 422] },
  { ...MOVES_MONEY, method: "post", path: "/api/escrows/{id}/return", id: "returnEscrow", summary: "Give it back to the payer", body: "Nothing", bodyOptional: true, answer: "Escrow", refusals: [404, 409, 422] },
  { ...MOVES_MONEY, method: "post", path: "/api/payouts", id: "createPayout", summary: "Pay available money out to the merchant's bank", body: "NewPayout", status: 201, answer: "Payout", refusals: [404, 409, 422] },
  { method: "get", path: "/api/payouts/{id}", id: "getPayout", summary: "A payout", status: 200, answer: "Payout", refusals: [404] },
  { ...MOVES_MONEY, method: "post", path: "/api/payouts/{id}/cancel", id: "cancelPayout", summary: "Call a payout back before it leaves", body: "Nothing", bodyOptional: true, answer: "Payout", refusals: [404, 409, 422] },
  { method: "get", path: "/api/wallets/{id}", id: "getWallet", summary: "What a merchant has, by currency", status: 200, answer: "Wallet", refusals: [404] },
  { method: "get", path: "/api/ledger/{id}", id: "getAccount", summary: "Balance and entries of an account", query: ["after", "limit"], status: 200, answer: "Account", refusals: [404] },
  { method: "post", path: "/api/reconcile", id: "reconcile", summary: "The gateway's own books, added up anew", body: "Nothing", bodyOptional: true, status: 200, answer: "Reconciliation", refusals: [] },
  { method: "post", path: "/api/webhook_endpoints", id: "createEndpoint", summary: "Have events sent to an address", body: "NewEndpoint", status: 201, answer: "Endpoint", refusals: [507] },
  { method: "get", path: "/api/webhook_endpoints", id: "listEndpoints", summary: "List endpoints, newest first", status: 200, answer: "Endpoints", refusals: [] },
  { method: "get", path: "/api/webhook_endpoints/{id}", id: "getEndpoint", summary: "An endpoint, without its secret", status: 200, answer: "Endpoint", refusals: [404] },
  { method: "post", path: "/api/webhook_endpoints/{id}", id: "changeEndpoint", summary: "Change what is named", body: "EndpointChange", bodyOptional: true, status: 200, answer: "Endpoint", refusals: [404] },
  { method: "delete", path: "/api/webhook_endpoints/{id}", id: "deleteEndpoint", summary: "Send nothing there any more", status: 200, answer: "DeletedEndpoint", refusals: [404] },
  { method: "post", path: "/api/webhook_endpoints/{id}/rotate", id: "rotateEndpoint", summary: "Another secret; for a while both sign", body: "Rotation", bodyOptional: true, status: 200, answer: "Endpoint", refusals: [404] },
  { method: "get", path: "/api/events", id: "listEvents", summary: "List events with their deliveries, oldest first", query: ["after", "limit"], status: 200, answer: "Events", refusals: [404] },
  { method: "get", path: "/api/events/{id}", id: "getEvent", summary: "An event with its deliveries", status: 200, answer: "Event", refusals: [404] },
  { method: "post", path: "/api/events/{id}/resend", id: "resendEvent", summary: "Send an event once more, at once", body: "Resend", bodyOptional: true, status: 200, answer: "Event", refusals: [404] },
  { method: "get", path: "/health", id: "getHealth", summary: "Whether the gateway is up", status: 200, answer: "Health", refusals: [] },
];

/** Refusals of every route: a wrong request, a body too long or encoded; and what faults bring, where a plan has any. */
const REFUSALS_OF_ALL = [400, 413, 415, 429, 500, 503];

const WORDS: { readonly [status: number]: string } = {
  400: "The request cannot be read",
  404: "There is no such object",
  409: "The state does not allow it, or a request with this key is still running",
  413: "The body is too long",
  415: "The body is not plain JSON in UTF-8",
  422: "The key was first used with another request",
  429: "An injected fault: too many requests, nothing was done",
  500: "An injected fault: the gateway failed after it had begun",
  503: "An injected fault: the gateway is not available, nothing was done",
  507: "The gateway is full",
};

const PARAMETERS: { readonly [name: string]: Schema } = {
  reference: { name: "reference", in: "query", schema: { type: "string", minLength: 1 }, description: "Only payments of this reference." },
  after: { name: "after", in: "query", schema: { type: "string", minLength: 1 }, description: "The id at the end of the page before." },
  limit: { name: "limit", in: "query", schema: { type: "integer", minimum: 1, maximum: 100, default: 100 } },
  id: { name: "id", in: "path", required: true, schema: { type: "string", minLength: 1 } },
  key: {
    name: "Idempotency-Key",
    in: "header",
    required: true,
    schema: { type: "string", minLength: 1, maxLength: 255, pattern: "^[!-+.-~](?:[ -+.-~]*[!-+.-~])?$" },
    description: "One per intended payment, the same at each retry; no comma. Kept for 24 hours.",
  },
};

/** Where what an operation answers with, or was asked with, names the object of another one. */
function linksOf({ path, status, id }: Row): Schema {
  // An event is made by no request, so that it is the list that leads to it.
  const made = status === 201 ? "$response.body#/id" : id === "listEvents" ? "$response.body#/data/0/id" : undefined;
  const named = made === undefined ? [] : ROWS.filter((other) => other.path.startsWith(`${path}/{id}`));
  const below = named.map((other) => [other.id, made] as const);
  const payee = id === "createPayment" ? (["getWallet", "getAccount"] as const).map((other) => [other, "$request.body#/merchantId"] as const) : [];
  return Object.fromEntries([...below, ...payee].map(([operationId, from]) => [operationId, { operationId, parameters: { id: from } }]));
}

function operation(row: Row): Schema {
  const names = [...(row.path.includes("{id}") ? ["id"] : []), ...(row.keyed === true ? ["key"] : []), ...(row.query ?? [])];
  const json = (name: keyof typeof SCHEMAS): Schema => ({ "application/json": { schema: ref(name) } });
  const replayed = { "Idempotent-Replayed": { schema: { const: "true" }, description: "On an answer that was given before." } };
  const good = { description: "Done", content: json(row.answer), links: linksOf(row), ...(row.keyed === true && { headers: replayed }) };
  const refusals = [...REFUSALS_OF_ALL, ...row.refusals].sort((one, other) => one - other);
  const refused = refusals.map((status) => [String(status), { description: WORDS[status] ?? "", content: json("Error") }]);
  return {
    operationId: row.id,
    summary: row.summary,
    parameters: names.map((name) => PARAMETERS[name]),
    ...(row.body !== undefined && { requestBody: { required: row.bodyOptional !== true, content: json(row.body) } }),
    responses: { [String(row.status)]: good, ...Object.fromEntries(refused) },
  };
}

/** The OpenAPI document of the native dialect. */
export function openApi(): OpenApiDocument {
  const paths: { [path: string]: { [method: string]: Schema } } = {};
  for (const row of ROWS) (paths[row.path] ??= {})[row.method] = operation(row);
  return {
    openapi: "3.1.0",
    info: {
      title: "tillproof gateway, native dialect",
      version: "1",
      description: "A simulated payment gateway. Amounts are integers of minor units, times milliseconds since the epoch.",
    },
    paths,
    components: { schemas: SCHEMAS },
  };
}
