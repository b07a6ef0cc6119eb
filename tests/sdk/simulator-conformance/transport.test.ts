/** What goes over the wire, whatever it is about: keys, versions, forms, ids, addresses. */

import assert from "node:assert/strict";

import Stripe from "stripe";

import { category, refused } from "./lab.js";

category("transport", (check) => {
  check("an answer carries a request id", async ({ stripe }) => {
    const customer = await stripe.customers.create();
    assert.match(customer.lastResponse.requestId, /^req_[A-Za-z0-9]{6,}$/);
  });

  check("no two requests share an id", async ({ stripe }) => {
    const [first, second] = [await stripe.balance.retrieve(), await stripe.balance.retrieve()];
    assert.notEqual(first.lastResponse.requestId, second.lastResponse.requestId);
  });

  check("a refusal carries a request id", async (lab) => {
    const error = await refused(lab.stripe.customers.retrieve("cus_nobody"), { status: 404 });
    assert.match(error.requestId ?? "", /^req_/);
    const stranger = await refused(lab.client({}, "nonsense").balance.retrieve(), { status: 401 });
    assert.match(stranger.requestId ?? "", /^req_/);
  });

  check("an answer is JSON and says so", async (lab) => {
    const answer = await lab.wire("GET", "/v1/balance");
    assert.match(answer.headers.get("content-type") ?? "", /^application\/json/);
    assert.equal(answer.json.object, "balance");
  });

  check("the version that was asked for is answered with", async (lab) => {
    const answer = await lab.stripe.balance.retrieve();
    assert.equal(answer.lastResponse.apiVersion, Stripe.API_VERSION);
  });

  check("an older version may be asked for", async (lab) => {
    const answer = await lab.stripe.balance.retrieve({}, { apiVersion: "2024-06-20" } as Stripe.RequestOptions);
    assert.equal(answer.lastResponse.apiVersion, "2024-06-20");
  });

  check("a request without a version has an answer that names one", async (lab) => {
    const answer = await lab.wire("GET", "/v1/balance");
    assert.match(answer.headers.get("stripe-version") ?? "", /^20\d\d-\d\d-\d\d/);
  });

  check("a version that is none is refused", async (lab) => {
    const answer = await lab.wire("GET", "/v1/balance", { headers: { "stripe-version": "yesterday" } });
    assert.equal(answer.status, 400);
    assert.equal(answer.json.error.type, "invalid_request_error");
  });

  check("a request without a key is refused with 401", async (lab) => {
    const answer = await lab.wire("GET", "/v1/balance", { headers: { authorization: "" } });
    assert.equal(answer.status, 401);
    assert.equal(answer.json.error.type, "invalid_request_error");
    assert.match(answer.json.error.message, /API key/);
  });

  check("a key that is none is refused with 401", async (lab) => {
    const error = await refused(lab.client({}, "nonsense").balance.retrieve(), { status: 401, message: /Invalid API Key/ });
    assert.ok(error instanceof Stripe.errors.StripeAuthenticationError);
  });

  check("a key is not repeated in full by the refusal", async (lab) => {
    const error = await refused(lab.client({}, "sk_wrong_abcdefghijklmnop").balance.retrieve(), { status: 401 });
    assert.ok(!error.message.includes("abcdefghijklmnop"), error.message);
  });

  check("a publishable key does not open what is secret", async (lab) => {
    await refused(lab.client({}, "pk_test_12345").balance.retrieve(), { message: /publishable/ });
  });

  check("a restricted test key is taken", async (lab) => {
    assert.equal((await lab.client({}, "rk_test_12345").balance.retrieve()).object, "balance");
  });

  check("a key is taken as the user of Basic, as curl -u sends it", async (lab) => {
    const authorization = `Basic ${Buffer.from("sk_test_conformance:").toString("base64")}`;
    const answer = await lab.wire("GET", "/v1/balance", { headers: { authorization } });
    assert.equal(answer.status, 200);
  });

  check("an unknown address is a 404 with an error in it", async (lab) => {
    const error = await refused(lab.stripe.rawRequest("GET", "/v1/nothing_here"), { status: 404, type: "invalid_request_error" });
    assert.match(error.message, /GET/);
    assert.match(error.message, /\/v1\/nothing_here/);
  });

  check("what is not simulated is refused and never looks like a success", async (lab) => {
    await refused(lab.stripe.issuing.cards.list(), { status: 404, message: /not simulated/ });
  });

  check("version 2 of the API is not simulated, and its answer says so", async (lab) => {
    const call = lab.stripe.rawRequest("POST", "/v2/core/accounts", { display_name: "Shop" });
    await refused(call, { status: 404, message: /not simulated/ });
  });

  check("a method that an address does not have is a 404", async (lab) => {
    const answer = await lab.wire("PUT", "/v1/customers", { body: "name=x" });
    assert.equal(answer.status, 404);
    assert.equal(answer.json.error.type, "invalid_request_error");
  });

  check("the root is a 404 with an error in it", async (lab) => {
    const answer = await lab.wire("GET", "/");
    assert.equal(answer.status, 404);
    assert.ok(answer.json.error);
  });

  check("brackets may be encoded", async (lab) => {
    const answer = await lab.wire("POST", "/v1/customers", { body: "metadata%5Bcolour%5D=red&address%5Bcity%5D=Oslo" });
    assert.equal(answer.json.metadata.colour, "red");
    assert.equal(answer.json.address.city, "Oslo");
  });

  check("brackets may be bare", async (lab) => {
    const answer = await lab.wire("POST", "/v1/customers", { body: "metadata[colour]=red" });
    assert.equal(answer.json.metadata.colour, "red");
  });

  check("a plus sign is a space", async (lab) => {
    const answer = await lab.wire("POST", "/v1/customers", { body: "name=Ada+Lovelace" });
    assert.equal(answer.json.name, "Ada Lovelace");
  });

  check("an encoded plus sign is a plus sign", async (lab) => {
    const answer = await lab.wire("POST", "/v1/customers", { body: "email=ada%2Btest%40example.com" });
    assert.equal(answer.json.email, "ada+test@example.com");
  });

  check("a list may be written with empty brackets", async (lab) => {
    const body = "amount=1000&currency=usd&customer=CUS&expand[]=customer";
    const { id } = await lab.stripe.customers.create();
    const answer = await lab.wire("POST", "/v1/payment_intents", { body: body.replace("CUS", id) });
    assert.equal(answer.json.customer.id, id);
  });

  check("a list may be written with numbers", async (lab) => {
    const { id } = await lab.stripe.customers.create();
    const body = `amount=1000&currency=usd&customer=${id}&expand[0]=customer`;
    const answer = await lab.wire("POST", "/v1/payment_intents", { body });
    assert.equal(answer.json.customer.id, id);
  });

  check("text beyond ASCII comes back as it went", async ({ stripe }) => {
    const name = "Zoë 東京 🧾 & = % + [x]";
    const customer = await stripe.customers.create({ name, metadata: { "ключ": name } });
    assert.equal(customer.name, name);
    assert.equal(customer.metadata["ключ"], name);
  });

  check("a broken percent sign never breaks the server", async (lab) => {
    const answer = await lab.wire("POST", "/v1/customers", { body: "name=%zz" });
    assert.ok(answer.status < 500, answer.text);
    assert.ok(answer.status === 200 || answer.json.error);
  });

  check("bytes that are no UTF-8 never break the server", async (lab) => {
    const answer = await lab.wire("POST", "/v1/customers", { body: "name=%ff%fe" });
    assert.ok(answer.status < 500, answer.text);
    assert.ok(answer.status === 200 || answer.json.error);
  });

  check("a name that is both a text and an object is refused", async (lab) => {
    const answer = await lab.wire("POST", "/v1/customers", { body: "address=x&address[city]=Oslo" });
    assert.equal(answer.status, 400);
    assert.ok(answer.json.error);
  });

  check("a JSON body is refused, and the refusal says what to send", async (lab) => {
    const headers = { "content-type": "application/json" };
    const answer = await lab.wire("POST", "/v1/customers", { body: '{"name":"x"}', headers });
    assert.equal(answer.status, 400);
    assert.match(answer.json.error.message, /application\/x-www-form-urlencoded/);
  });

  check("a POST without a body is taken", async (lab) => {
    const answer = await lab.wire("POST", "/v1/customers");
    assert.equal(answer.status, 200);
    assert.equal(answer.json.object, "customer");
  });

  check("parameters of a POST may stand in the query", async (lab) => {
    const answer = await lab.wire("POST", "/v1/customers?name=Ada");
    assert.equal(answer.json.name, "Ada");
  });

  check("the idempotency key comes back in a header", async ({ stripe }) => {
    const customer = await stripe.customers.create({}, { idempotencyKey: "transport-key-1" });
    assert.equal(customer.lastResponse.idempotencyKey, "transport-key-1");
  });

  check("an account that is not there is refused with 403", async ({ stripe }) => {
    const error = await refused(stripe.balance.retrieve({}, { stripeAccount: "acct_nobody" }), { status: 403 });
    assert.ok(error instanceof Stripe.errors.StripePermissionError);
  });

  check("the client over fetch sees what the client over sockets sees", async (lab) => {
    const { id } = await lab.stripe.customers.create({ name: "Ada" });
    const stripe = lab.client({ httpClient: Stripe.createFetchHttpClient() });
    const found = await stripe.customers.retrieve(id);
    assert.equal(JSON.stringify(found), JSON.stringify(await lab.stripe.customers.retrieve(id)));
  });

  check("telemetry of the client disturbs nothing", async (lab) => {
    const stripe = lab.client({ telemetry: true });
    for (let turn = 0; turn < 3; turn += 1) assert.equal((await stripe.balance.retrieve()).object, "balance");
  });

  check("what is no request at all is answered in the one envelope, and never with a fault of the server", async (lab) => {
    const many = Array.from({ length: 1_500 }, (_, at) => `metadata[k${at}]=x`).join("&");
    const deep = `metadata${"[a]".repeat(50)}=x`;
    for (const body of ["name", "=", "&&&", "a[", "a]=1", "[]=1", many, deep, "name=x".repeat(60_000), "name=\u0000"]) {
      const answer = await lab.wire("POST", "/v1/customers", { body });
      assert.ok(answer.status < 500, `${body.slice(0, 20)}: ${answer.status}`);
      assert.ok(answer.status === 200 || answer.json.error.type === "invalid_request_error", body.slice(0, 20));
    }
  });

  check("an address that is no address is answered in the one envelope", async (lab) => {
    for (const path of ["/v1", "/v1/", "/v1//customers", "/v1/customers/", "/v1/customers/%zz", "/v1/customers/cus_1/a/b/c", "/v1/%00"]) {
      const answer = await lab.wire("GET", path);
      assert.ok(answer.status < 500, `${path}: ${answer.status}`);
      assert.ok(answer.status === 200 || answer.json.error.message, path);
    }
  });

  check("many requests follow each other on one connection", async (lab) => {
    for (let turn = 0; turn < 30; turn += 1) assert.equal((await lab.wire("GET", "/v1/balance")).status, 200);
  });
});
