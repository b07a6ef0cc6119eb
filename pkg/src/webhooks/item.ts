/**
 * The part of a document that is one event.
 *
 * Invariant: a handler is shown the event it was called for. Of a delivery that carries several, only those that the
 * engine found genuine have an index, and the others stand in the same document.
 */

import { items } from "../../wasm/webhooks.items.js";

/** What stands at `index` in the list of a delivery of `scheme`; the whole document where there is no index. */
export function itemOf(scheme: string, payload: unknown, index: number | undefined): unknown {
  if (index === undefined) return payload;
  const [, list = "", ...path] = items.find(([name]) => name === scheme) ?? [];
  const elements = list === "" ? payload : member(payload, list);
  const element: unknown = Array.isArray(elements) ? elements[index] : undefined;
  // Where nothing stands at the end of the path, the engine takes the element itself for the event.
  return path.reduce(member, element) ?? element;
}

function member(value: unknown, name: string): unknown {
  return (value as Readonly<Record<string, unknown>> | null | undefined)?.[name];
}
