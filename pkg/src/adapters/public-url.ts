/**
 * The URL a provider called, for schemes that sign it.
 *
 * Invariant: it is the one that was set; headers, which anybody can write, are read only where they were said to come
 * from a proxy.
 */

import { optionalText, refusal } from "../shell/guard.js";
import type { Arrival } from "./endpoint.js";

/** The option `url`. Throws `text_expected` or `endpoint_url_invalid`. */
export function checkedUrl(given: unknown): string | undefined {
  const url = optionalText("url", given);
  if (url === undefined || /^https?:\/\/[^/\s]+/.test(url)) return url;
  const problem = "is no absolute URL: write it as the provider has it, such as https://shop.example/webhooks/twilio";
  throw refusal("endpoint_url_invalid", "url", url, problem);
}

const HOST = /^[A-Za-z0-9._-]+(?::\d+)?$|^\[[0-9A-Fa-f:.]+\](?::\d+)?$/;

/** The URL the first proxy was called by; nothing where its headers do not make one. */
export function forwardedUrl(arrival: Arrival): string | undefined {
  const host = first(arrival.header("x-forwarded-host")) ?? arrival.header("host");
  const scheme = first(arrival.header("x-forwarded-proto")) ?? (arrival.secure ? "https" : "http");
  if (host === undefined || !HOST.test(host) || !/^https?$/.test(scheme)) return undefined;
  return `${scheme}://${host}${arrival.target}`;
}

/** Each proxy adds its value behind those of the ones before. */
function first(list: string | undefined): string | undefined {
  return list?.split(",", 1)[0]?.trim();
}
