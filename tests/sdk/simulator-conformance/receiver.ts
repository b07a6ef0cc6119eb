/** A merchant's webhook endpoint over HTTP, and the endpoint that the gateway knows of it. */

import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";

import Stripe from "stripe";

import { soon, type Lab } from "./lab.js";

/** One delivery as it came. */
export interface Delivery {
  readonly body: string;
  readonly headers: IncomingHttpHeaders;
  readonly signature: string;
  /** Parsed without being verified. */
  readonly event: Stripe.Event;
}

/** A receiver with its endpoint. */
export class Receiver {
  readonly endpoint: Stripe.WebhookEndpoint;
  readonly deliveries: Delivery[];

  private constructor(endpoint: Stripe.WebhookEndpoint, deliveries: Delivery[]) {
    this.endpoint = endpoint;
    this.deliveries = deliveries;
  }

  /**
   * Listens, registers, runs `body`, and takes both back. `answer` decides the status by how many times this event came
   * before.
   */
  static async run(
    lab: Lab,
    body: (receiver: Receiver) => Promise<void>,
    { events = ["*"], answer = () => 200, params = {} }: ReceiverOptions = {},
  ): Promise<void> {
    const deliveries: Delivery[] = [];
    const server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const text = Buffer.concat(chunks).toString("utf8");
      const event = JSON.parse(text) as Stripe.Event;
      const times = deliveries.filter((delivery) => delivery.event.id === event.id).length;
      const signature = String(request.headers["stripe-signature"]);
      deliveries.push({ body: text, headers: request.headers, signature, event });
      response.writeHead(answer(event, times)).end();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
    const endpoint = await lab.stripe.webhookEndpoints.create({ url, enabled_events: events as never, ...params });
    try {
      await body(new Receiver(endpoint, deliveries));
    } finally {
      await lab.stripe.webhookEndpoints.del(endpoint.id).catch(() => undefined);
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  }

  /** Deliveries that tell of one object. */
  of(id: string, type?: string): Delivery[] {
    return this.deliveries.filter(
      ({ event }) => (event.data.object as { id?: string }).id === id && (type === undefined || event.type === type),
    );
  }

  /** Waits until so many deliveries of one object came; gives them. */
  async got(id: string, count = 1, type?: string): Promise<Delivery[]> {
    await soon(() => this.of(id, type).length >= count, `delivery ${count} of ${type ?? "an event"} on ${id}`);
    return this.of(id, type);
  }
}

/** How a receiver is set up. */
export interface ReceiverOptions {
  readonly events?: readonly string[];
  readonly answer?: (event: Stripe.Event, times: number) => number;
  readonly params?: Partial<Stripe.WebhookEndpointCreateParams>;
}

/** What cannot be shown to happen is given this long not to happen, in milliseconds. */
const SILENCE_MS = 300;

/** Gives what should not happen its chance. */
export function silence(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, SILENCE_MS));
}
