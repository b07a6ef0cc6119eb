/** Which events a scheme carries, for `createVerifier` to know by the name of the scheme. */

import type { AdyenEvent } from "./adyen.js";
import type { UnnamedEvent } from "./event.js";
import type { PaddleEvent } from "./paddle.js";
import type { PayPalEvent } from "./paypal.js";
import type { ShopifyEvent } from "./shopify.js";
import type { SquareEvent } from "./square.js";
import type { StripeEvent } from "./stripe.js";

export type * from "./adyen.js";
export type * from "./event.js";
export type * from "./native.js";
export type * from "./paddle.js";
export type * from "./paypal.js";
export type * from "./shopify.js";
export type * from "./square.js";
export type * from "./stripe.js";

/** The schemes whose events are typed. */
export interface SchemeEvents {
  readonly "adyen-standard": AdyenEvent | UnnamedEvent;
  readonly "paddle-h1": PaddleEvent | UnnamedEvent;
  readonly "paypal-rsa-crc32": PayPalEvent | UnnamedEvent;
  readonly shopify: ShopifyEvent | UnnamedEvent;
  readonly square: SquareEvent | UnnamedEvent;
  readonly "stripe-v1": StripeEvent | UnnamedEvent;
}
