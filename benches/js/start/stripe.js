import Stripe from "stripe";

import { body, header, secret, toleranceSeconds } from "./delivery.js";

const stripe = new Stripe("sk_test_start");
if (stripe.webhooks.constructEvent(body, header, secret, toleranceSeconds).id !== "evt_1") throw new Error("refused");
