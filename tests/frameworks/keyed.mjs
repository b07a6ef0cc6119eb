/**
 * What holds of a request with an `Idempotency-Key` in every framework, over HTTP.
 *
 * A subject is `{ name, path, files, command }` as in suite.mjs, with the text of the page's "Endpoints of your own"; and
 * `variants`: what users do to bodies before, as edits of that text, none of which may do harm. `log: false` where the
 * page's handler does not say what it did.
 */

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { send } from "./delivery.mjs";
import { heard } from "./server.mjs";
import { edited, startSubject } from "./suite.mjs";

const BOOK = '{"item":"book","amount":2500}';

export function keepsKeys(subject) {
  for (const { name, edits } of [{ name: "as on the page", edits: [] }, ...(subject.variants ?? [])]) {
    describe(`${subject.name}, ${name}`, () => {
      let server;
      const ask = ({ key, body = BOOK, account = "ann" }) =>
        send({
          url: server.url + (subject.path ?? "/orders"),
          headers: {
            "content-type": "application/json",
            ...(key === undefined ? {} : { "idempotency-key": key }),
            ...(account === null ? {} : { "x-account": account }),
          },
          body: Buffer.from(body),
        });
      before(async () => {
        server = await startSubject({ ...subject, name: `keys ${subject.name} ${name}` }, edited(subject.files, edits));
      });
      after(() => server?.stop());

      test("a repetition is answered alike, whatever its spelling", async () => {
        const first = await ask({ key: "one" });
        const again = await ask({ key: '"one"', body: '{ "amount": 2500, "item": "book" }' });
        assert.deepEqual([first.status, again.status], [201, 201], `${first.text} ${server.said.err}`);
        assert.match(JSON.parse(first.text).order, /^[0-9a-f]{64}$/);
        assert.equal(again.text, first.text);
        assert.deepEqual([first.headers["idempotent-replayed"], again.headers["idempotent-replayed"]], [undefined, "true"]);
        assert.match(again.headers["content-type"], /^application\/json/);
        assert.ok(Date.parse(again.headers["idempotency-expires"]) > Date.now());
      });

      test("each customer has keys of his own, and nobody has none", async () => {
        const [ann, bob] = [await ask({ key: "two" }), await ask({ key: "two", account: "bob" })];
        assert.deepEqual([ann.status, bob.status, ann.text === bob.text], [201, 201, false]);
        assert.equal((await ask({ key: "two", account: null })).status, 401);
      });

      test("another request under a key, no key and a broken one are refused with a problem document", async () => {
        await ask({ key: "three" });
        const table = [
          [{ key: "three", body: '{"item":"pen"}' }, 422, "idempotency_mismatch"],
          [{}, 400, "idempotency_key_missing"],
          [{ key: '"three' }, 400, "idempotency_key_malformed"],
          [{ key: "a, b" }, 400, "idempotency_key_malformed"],
        ];
        for (const [what, status, code] of table) {
          const refused = await ask(what);
          assert.deepEqual([refused.status, JSON.parse(refused.text).code], [status, code]);
          assert.match(refused.headers["content-type"], /^application\/problem\+json/);
        }
      });

      test("twenty at once are one", async () => {
        const told = await Promise.all(Array.from({ length: 20 }, () => ask({ key: "four", body: '{"item":"herd"}' })));
        assert.deepEqual([...new Set(told.map(({ status, text }) => `${status} ${text}`))].length, 1, server.said.err);
        if (subject.log === false) return;
        await heard(server, /ordered herd/);
        assert.equal(server.said.out.split("ordered herd").length - 1, 1);
      });
    });
  }
}
