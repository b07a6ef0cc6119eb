import assert from "node:assert/strict";
import { test } from "node:test";

import { AnswerReader } from "../../pkg/src/simulator/answer-reader.js";
import { createGateway } from "../../pkg/src/simulator/index.js";

/** What a reader makes of a text that it has seen the others before. */
function same(reader: AnswerReader, text: string): void {
  const read = reader.read(text);
  assert.deepEqual(read, JSON.parse(text), text);
  assert.equal(JSON.stringify(read), JSON.stringify(JSON.parse(text)), `${text}: in the same order`);
}

test("a text is read as the parser reads it, whatever was read before", () => {
  const texts = [
    '{"id":"pi_1","amount":1999,"metadata":{},"list":["a1",2,{"x":"b2"}]}',
    '{"id":"pi_2","amount":2001,"metadata":{},"list":["a9",3,{"x":"c3"}]}',
    '{"id":"pi_2","amount":2001,"metadata":{},"list":["a9",3,{"x":null}]}',
    '{"id":"pi_2","amount":0001,"metadata":{},"list":["a9",3,{"x":"c3"}]}',
    '{"id":"p","i":2,"amount":12,"metadata":{},"list":["a9",3,{"x":"c3"}]}',
    '{"id":"p\\u0069_2","amount":2001}',
    '{"id":"p\\"i_2","amount":2001}',
    '{"amount":-1}',
    '{"amount":1.5}',
    '{"amount":1e3}',
    '{"amount":12345678901234567890}',
    '{"amount":90071992547409910}',
    '{"2":"two2","1":"one1"}',
    '{"1":"two2","2":"one1"}',
    '{"__proto__":"x1"}',
    '{"__proto__":"x2"}',
    '{"a":"x1","a":"x2"}',
    '{"a":"x3","a":"x4"}',
    '{ "a": "x1" }',
    '{ "a": "x2" }',
    '{"a":"x1"} ',
    '{"a":"x2"} ',
    "{}",
    "[]",
    '["x1"]',
    '["x2"]',
    '"x1"',
    "17",
    "18",
    "null",
    '{"a":"ü1","b":"日本"}',
    '{"a":"ü2","b":"本日"}',
    `{"long":"${"x1".repeat(8_192)}"}`,
  ];
  const valid = texts.filter((text) => !text.includes(":0001"));
  for (const first of valid) {
    const reader = new AnswerReader();
    reader.read(first);
    for (const text of [...valid, ...[...valid].reverse()]) same(reader, text);
  }
});

test("what is no JSON is refused as by the parser, also where its shape is nearly known", () => {
  const reader = new AnswerReader();
  reader.read('{"id":"pi_1","amount":1999}');
  const table = ['{"id":"pi_1","amount":0999}', '{"id":"pi_1","amount":19 9}', '{"id":"p"_1","amount":1999}', '{"id":"pi_1","amount":1999', "", "<html>"];
  for (const text of table) assert.throws(() => reader.read(text), SyntaxError, text);
});

test("what was always the same may differ the next time", () => {
  const reader = new AnswerReader();
  const texts = [
    '{"id":"pi_1","amount":1999,"created":1000,"note":"a b1","list":[{"x":"c1"}]}',
    '{"id":"pi_2","amount":1999,"created":1000,"note":"a b1","list":[{"x":"c1"}]}',
    '{"id":"pi_3","amount":1999,"created":1000,"note":"a b1","list":[{"x":"c1"}]}',
    '{"id":"pi_4","amount":1999,"created":1001,"note":"a b1","list":[{"x":"c1"}]}',
    '{"id":"pi_5","amount":1998,"created":1001,"note":"a b1","list":[{"x":"c1"}]}',
    '{"id":"pi_5","amount":1998,"created":1001,"note":"a b2","list":[{"x":"c1"}]}',
    '{"id":"pi_6","amount":1998,"created":1001,"note":"a b2","list":[{"x":"c2"}]}',
    '{"id":"ch_6","amount":1998,"created":1001,"kind":"a b2","list":[{"x":"c2"}]}',
  ];
  for (let turn = 0; turn < 5; turn += 1) for (const text of [...texts, ...[...texts].reverse()]) same(reader, text);
  const wrong = texts.map((text) => text.replace(":1000", ":0001").replace(":1001", ":0001"));
  for (const text of wrong) assert.throws(() => reader.read(text), SyntaxError, text);
});

test("no two answers share anything that can be changed", () => {
  const reader = new AnswerReader();
  const text = '{"id":"pi_1","metadata":{},"list":[{"x":"a1"}],"kept":["card"]}';
  for (let turn = 0; turn < 3; turn += 1) {
    const read = reader.read(text) as { metadata: Record<string, string>; list: { x: string }[]; kept: string[] };
    assert.deepEqual(read, JSON.parse(text));
    read.metadata.order = "1";
    read.list.push({ x: "b" });
    read.kept.pop();
    Object.defineProperty(read, "lastResponse", { value: {} });
  }
});

test("every answer of the engine is read as the parser reads it", async () => {
  const gateway = createGateway({ seed: 7, dialect: "stripe" });
  const reader = new AnswerReader();
  const headers: [string, string][] = [["authorization", "Bearer sk_test_tillproof"]];
  const ask = async (method: string, path: string, body = ""): Promise<Record<string, unknown>> => {
    const answer = await gateway.exchange({ method, path, query: "", headers, body });
    assert.ok("body" in answer);
    same(reader, answer.body);
    return JSON.parse(answer.body) as Record<string, unknown>;
  };
  for (let turn = 0; turn < 20; turn += 1) {
    const metadata = turn % 3 === 0 ? "&metadata[__proto__]=a&metadata[7]=b" : turn % 3 === 1 ? `&metadata[order]=%22${turn}` : "";
    const card = turn % 2 === 0 ? "pm_card_visa" : "pm_card_chargeDeclined";
    const { id } = await ask("POST", "/v1/payment_intents", `amount=${10 ** (turn % 5) * 60}&currency=eur&payment_method=${card}${metadata}`);
    await ask("POST", `/v1/payment_intents/${String(id)}/confirm`, "return_url=https://shop.test");
    await ask("GET", `/v1/payment_intents/${String(id)}`);
    await ask("POST", "/v1/customers", `email=jenny${turn}@shop.test${metadata}`);
    await ask("GET", "/v1/charges");
    await ask("GET", "/v1/balance");
    await ask("GET", "/v1/nothing");
  }
  await gateway.close();
});
