/**
 * The handler of the page behind each of the four gateways of AWS, as far as these can be had on one machine: the events
 * are documents of theirs, into which a bridge on the loopback puts what comes in.
 */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { createVerifier } from "tillproof/webhooks";
import { webhook } from "tillproof/adapters/lambda";
import { signWebhook } from "tillproof/testing";

import { genuine, SECRET, signed } from "./delivery.mjs";
import { paste } from "./pages.mjs";
import { holds } from "./suite.mjs";

const EVENTS = join(import.meta.dirname, "events");
const event = (name) => JSON.parse(readFileSync(join(EVENTS, `${name}.json`), "utf8"));

/** Puts a request into an event as the gateway does: in 2.0 headers are joined, bytes that are no text become base64. */
const BRIDGE = `
  import { isUtf8 } from "node:buffer";
  import { readFileSync } from "node:fs";
  import { createServer } from "node:http";
  import { handler } from "./index.mjs";
  const document = JSON.parse(readFileSync(process.argv[2], "utf8"));
  const always = process.argv[3] === "base64";
  const call = handler;
  createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const base64 = always || !isUtf8(body);
    const event = structuredClone(document);
    Object.assign(event, { body: body.toString(base64 ? "base64" : "utf8"), isBase64Encoded: base64 });
    for (const [name, values] of Object.entries(request.headersDistinct)) {
      event.headers[name] = values.join(",");
      if (event.multiValueHeaders) event.multiValueHeaders[name] = values;
    }
    if (event.httpMethod) event.httpMethod = request.method;
    else event.requestContext.http.method = request.method;
    const answer = await call(event, {});
    response.writeHead(answer.statusCode, answer.headers).end(answer.body);
  }).listen(process.env.PORT);
`;

const MISTAKES = [
  {
    name: "httpJsonBodyParser of Middy around it",
    edits: [
      ["server.mjs", "const call = handler;", `
        import middy from "@middy/core";
        import parser from "@middy/http-json-body-parser";
        const call = middy(handler).use(parser({ disableContentTypeError: true }));
      `],
    ],
    says: [/body_already_parsed/, /httpJsonBodyParser/],
  },
  {
    name: "a body that was decoded without saying so",
    edits: [["server.mjs", "const base64 =", "const base64 = true || "], ["server.mjs", 'base64 ? "base64" : "utf8"', '"utf8"']],
    says: [/body_not_base64/],
  },
];

for (const gateway of ["rest-api", "http-api", "function-url", "load-balancer"]) {
  for (const encoding of ["as it comes", "base64"]) {
    holds({
      name: `lambda ${gateway} ${encoding}`,
      files: { "index.mjs": paste("lambda", "index.mjs"), "server.mjs": BRIDGE },
      command: [process.execPath, "server.mjs", join(EVENTS, `${gateway}.json`), encoding],
      mistakes: gateway === "http-api" && encoding !== "base64" ? MISTAKES : [],
    });
  }
}

test("an event of an integration without proxy is the document itself, and is explained", async () => {
  const errors = [];
  const verifier = createVerifier({ scheme: "stripe-v1", secrets: SECRET });
  const handler = webhook({ verifier, handler: () => assert.fail("nothing is genuine here"), onError: (error) => errors.push(error) });
  const body = genuine("evt_mapped");
  const { statusCode } = await handler({ body: JSON.parse(body.toString()), headers: signed(body) });
  assert.equal(statusCode, 500);
  assert.equal(errors[0].code, "body_already_parsed");
  assert.match(errors[0].message, /AWS_PROXY/);
});

test("the URL that was signed is found in what the gateway tells", async () => {
  const table = [
    ["rest-api", "https://1234567890.execute-api.eu-central-1.amazonaws.com/prod/webhooks/stripe?shop=a&shop=b&page=1+2"],
    ["http-api", "https://1234567890.execute-api.eu-central-1.amazonaws.com/prod/webhooks/stripe?shop=a&shop=b&page=1%202"],
    ["function-url", "https://abcdefghijklmnopqrstuvwxyz012345.lambda-url.eu-central-1.on.aws/webhooks/stripe"],
    ["load-balancer", "https://lambda-alb-123578498.eu-central-1.elb.amazonaws.com/webhooks/stripe"],
  ];
  const verifier = createVerifier({ scheme: "square", secrets: SECRET });
  for (const [name, url] of table) {
    const body = JSON.stringify({ event_id: "sq_1", type: "payment.updated" });
    const headers = signWebhook({ scheme: "square", secret: SECRET, body, url });
    const delivery = { ...event(name), body };
    for (const holder of [delivery.headers, ...(delivery.multiValueHeaders ? [delivery.multiValueHeaders] : [])]) {
      for (const [header, value] of Object.entries(headers)) holder[header] = holder === delivery.headers ? value : [value];
    }
    let seen = 0;
    const through = (settings) => webhook({ verifier, handler: () => void (seen += 1), onError: () => {}, ...settings });
    assert.equal((await through({ trustProxy: true })(delivery)).statusCode, 200, name);
    assert.equal((await through({ url })(delivery)).statusCode, 200, name);
    assert.equal((await through({ url: "https://shop.example/" })(delivery)).statusCode, 400, name);
    // Without being told, no header of a stranger is believed.
    assert.equal((await through({})(delivery)).statusCode, 500, name);
    assert.equal(seen, 2);
  }
});
