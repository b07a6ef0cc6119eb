// The server of the checkout: the built page, the way to the gateway, and a hand on the answers.
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join } from "node:path";

const TYPES = { ".html": "text/html", ".js": "text/javascript" };

/** Serves `folder`, and passes what begins with /api on to the gateway. */
export async function openCheckout(folder, gateway) {
  const checkout = {
    url: "",
    /** What to do with the next answer of the gateway instead of handing it on. */
    insteadOfAnswer: undefined,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
  const server = createServer((request, response) => {
    const answer = request.url.startsWith("/api/") ? pass(checkout, gateway, request, response) : file(folder, request, response);
    answer.catch(() => request.socket.destroy());
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  checkout.url = `http://127.0.0.1:${server.address().port}`;
  return checkout;
}

async function pass(checkout, gateway, request, response) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const { "content-type": type = "", "idempotency-key": key = "" } = request.headers;
  const answer = await fetch(gateway + request.url, {
    method: request.method,
    headers: { "content-type": type, ...(key === "" ? {} : { "idempotency-key": key }) },
    ...(request.method === "GET" ? {} : { body: Buffer.concat(chunks) }),
  });
  const body = Buffer.from(await answer.arrayBuffer());
  const instead = checkout.insteadOfAnswer;
  checkout.insteadOfAnswer = undefined;
  if (instead !== undefined) return instead();
  const replayed = answer.headers.get("idempotent-replayed");
  response.writeHead(answer.status, { "content-type": "application/json", ...(replayed === null ? {} : { "idempotent-replayed": replayed }) });
  response.end(body);
}

async function file(folder, request, response) {
  const { pathname } = new URL(request.url, "http://checkout");
  const path = pathname === "/" ? "/index.html" : pathname;
  const body = path === "/frame.html" ? FRAME : await readFile(join(folder, path));
  // A sandboxed frame has no origin, and its module scripts come from elsewhere.
  response.writeHead(200, { "content-type": TYPES[extname(path)] ?? "application/octet-stream", "access-control-allow-origin": "*" });
  response.end(body);
}

const FRAME = '<!doctype html><iframe sandbox="allow-scripts" src="/index.html"></iframe>';
