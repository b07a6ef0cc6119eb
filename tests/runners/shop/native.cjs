// A shop on the native dialect, twice: a key for every attempt, and a key for every order.
const ORDERS = ["order-1", "order-2"];

/** One try; nothing when the connection broke. */
async function sent(gateway, order, key) {
  try {
    return await gateway.fetch("https://gateway/api/payments", {
      method: "POST",
      headers: { "idempotency-key": key, "content-type": "application/json" },
      body: JSON.stringify({ merchantId: "shop", amount: 1999, currency: "EUR", reference: order }),
    });
  } catch {
    return undefined;
  }
}

function shop(keyOf) {
  return async (gateway) => {
    const records = [];
    for (const order of ORDERS) {
      let paid = 0;
      for (let attempt = 1; paid === 0; attempt += 1) {
        if ((await sent(gateway, order, keyOf(order, attempt)))?.status === 201) paid = 1999;
        else await new Promise((resolve) => setTimeout(resolve, 500 * attempt));
      }
      records.push({ order, paid, currency: "EUR" });
    }
    return records;
  };
}

exports.naive = shop((order, attempt) => `${order} attempt ${attempt}`);
exports.careful = shop((order) => order);

/** Faults after which the same key may be sent again. */
exports.FAULTS = { response_lost: 0.2, request_lost: 0.2, response_truncated: 0.1, server_error: 0.1, slow: 0.2 };
