/** What the threads of `tillproof reconcile --workers N` say to each other. */

import type { Lines, Staying, Told } from "../reconcile/lanes.js";

/** What the first thread wants of another; none of it, and the other ends. */
export type Order =
  | { readonly kind: "staying"; readonly staying: Staying }
  /** A stretch of the report, to be told. */
  | { readonly kind: "stretch"; readonly stretch: Uint8Array };

/** What another thread tells the first. */
export type Answer =
  | { readonly kind: "rows"; readonly told: Told }
  /** All rows are told; without lines, the files are not for lanes. */
  | { readonly kind: "lines"; readonly lines: Lines | undefined }
  /** The rows that stay; none, and the files are not for lanes. */
  | { readonly kind: "kept"; readonly kept: Uint8Array | undefined }
  /** The next bytes of a stretch. */
  | { readonly kind: "piece"; readonly piece: Uint8Array }
  /** There are no more. */
  | { readonly kind: "told" };
