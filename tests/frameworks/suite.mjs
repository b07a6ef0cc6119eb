/**
 * What holds in every framework, over HTTP.
 *
 * A subject is `{ name, path, files, command }`: the pasted files and how they are started; and `mistakes`: what users do
 * to the body before, as edits of the pasted text, with what the adapter must say, or `harmless`. Further fields tell what
 * the framework does on its own: `types` are content types it lets through beside JSON, `bytesType` one under which it
 * lets any bytes through (`null`: none).
 */

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { applied as timesApplied, heard, project, start } from "./server.mjs";
import { EVERY_BYTE, genuine, send, signed } from "./delivery.mjs";

const MIB = 1_048_576;

export function holds(subject) {
  describe(subject.name, () => {
    let server;
    let url;
    before(async () => {
      server = await startSubject(subject, subject.files);
      url = server.url + (subject.path ?? "/webhooks/stripe");
    });
    after(() => server?.stop());

    test("a genuine delivery is applied, and once however often it comes", async () => {
      const body = genuine("evt_genuine");
      for (let time = 0; time < 2; time += 1) {
        const { status, text } = await send({ url, headers: signed(body), body });
        assert.deepEqual({ status, text }, { status: 200, text: "" }, server.said.err);
      }
      await heard(server, /applied charge\.succeeded evt_genuine/);
      assert.equal(timesApplied(server, "evt_genuine"), 1);
    });

    test("a tampered delivery is refused without a reason, and not applied", async () => {
      const body = genuine("evt_tampered");
      const headers = signed(body);
      const tampered = Buffer.from(body.toString().replace("2500", "9500"));
      const { status, text } = await send({ url, headers, body: tampered });
      assert.deepEqual({ status, text }, { status: 400, text: "" });
      assert.equal(timesApplied(server, "evt_tampered"), 0);
    });

    // Where a framework itself refuses such a body before any code of ours, its subject says so.
    const bytesReachUs = subject.bytesType !== null;
    test("a body is verified as the bytes it came in, whatever they are", { skip: !bytesReachUs }, async () => {
      const headers = { ...signed(EVERY_BYTE), "content-type": subject.bytesType ?? "application/json" };
      const { status } = await send({ url, headers, body: EVERY_BYTE });
      assert.equal(status, 200, server.said.err);
      await heard(server, /applied unknown sha256:40aff2e9d2d8922e/);
    });

    test("a body of form fields or of no type at all is left alone too", async () => {
      for (const type of subject.types ?? ["application/x-www-form-urlencoded", "text/plain", undefined]) {
        const body = genuine(`evt_${String(type).replaceAll(/\W/g, "_")}`);
        const { "content-type": _, ...signature } = signed(body);
        const headers = type === undefined ? signature : { ...signature, "content-type": type };
        assert.equal((await send({ url, headers, body })).status, 200, `${type}: ${server.said.err}`);
      }
    });

    test("an oversized delivery is answered with 413, with its length announced or not", async () => {
      const body = Buffer.alloc((subject.mebibytes ?? 1) * MIB + 1, "x");
      for (const chunked of [false, true]) {
        const { status } = await send({ url, headers: signed(body), body, chunked });
        assert.equal(status, 413, chunked ? "chunked" : "with content-length");
      }
    });

    test("a signature that arrived twice is refused", async () => {
      const body = genuine("evt_twice");
      const { "stripe-signature": signature } = signed(body);
      const headers = ["content-type", "application/json", "stripe-signature", signature, "stripe-signature", signature];
      assert.equal((await send({ url, headers, body })).status, 400);
    });

    test("another method is not for the webhook", async () => {
      const { status } = await send({ url, method: "PUT", headers: { "content-type": "application/json" }, body: Buffer.from("{}") });
      assert.ok([404, 405].includes(status), `${status}`);
    });

    for (const mistake of subject.mistakes ?? []) {
      test(`${mistake.name}: ${mistake.harmless ? "does no harm" : "is explained"}`, async () => {
        const made = await startSubject({ ...subject, name: `${subject.name} ${mistake.name}` }, edited(subject.files, mistake.edits));
        try {
          const body = genuine("evt_mistake");
          const { status, text } = await send({ url: made.url + (subject.path ?? "/webhooks/stripe"), headers: signed(body), body });
          if (mistake.harmless) {
            assert.equal(status, 200, made.said.err);
            await heard(made, /applied charge\.succeeded evt_mistake/);
          } else {
            assert.deepEqual({ status, text }, { status: 500, text: "" });
            for (const pattern of mistake.says) await heard(made, pattern, "err");
            assert.equal(timesApplied(made, "evt_mistake"), 0);
          }
        } finally {
          await made.stop();
        }
      });
    }
  });
}

export async function startSubject(subject, files) {
  const folder = project(subject.name.replaceAll(/\W+/g, "-"), files, subject.root);
  await subject.prepare?.(folder);
  return start({ ...subject, folder });
}

/** The pasted text with somebody's mistake in it: `[file, before, after]`, where `before` must be there. */
export function edited(files, edits) {
  const changed = { ...files };
  for (const [file, from, to] of edits) {
    const text = changed[file] ?? "";
    if (from !== "" && !text.includes(from)) throw new Error(`${file} has no ${from}`);
    changed[file] = from === "" ? to : text.replace(from, to);
  }
  return changed;
}
