/**
 * Redis behind HTTP, in the protocol of Upstash: a command as a JSON list, `{ result }` or `{ error }` back; several in a
 * list to `/pipeline`.
 *
 * Invariant: a command reaches the server as it came, and texts go back in base64 where the client asks for it.
 */

import { createServer } from "node:http";

/** Serves on loopback whoever brings the token. `client` is one of ioredis. */
export async function redisOverHttp(client, token) {
  const server = createServer(async (request, response) => {
    const answer = (status, document) => void response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(document));
    const parts = [];
    for await (const part of request) parts.push(part);
    if (request.headers.authorization !== `Bearer ${token}`) return answer(401, { error: "Unauthorized" });
    const isBase64 = request.headers["upstash-encoding"] === "base64";
    const document = JSON.parse(Buffer.concat(parts).toString());
    if (request.url === "/pipeline") return answer(200, await Promise.all(document.map((command) => run(client, command, isBase64))));
    const done = await run(client, document, isBase64);
    answer("error" in done ? 400 : 200, done);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    close: () => new Promise((resolve) => (server.closeAllConnections(), server.close(() => resolve()))),
  };
}

async function run(client, command, isBase64) {
  const [name = "", ...values] = command.map(String);
  try {
    const result = await client.call(name, ...values);
    return { result: isBase64 ? encoded(result) : result };
  } catch (error) {
    return { error: String(error) };
  }
}

function encoded(value) {
  if (Array.isArray(value)) return value.map(encoded);
  return typeof value === "string" && value !== "OK" ? Buffer.from(value).toString("base64") : value;
}
