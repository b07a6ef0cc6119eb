/**
 * docs/providers: one page for each provider, made of what the profiles and the schemes say.
 *
 * Invariant: a page claims nothing that the data does not, and names the source of each promise. Nobody writes there:
 * `node scripts/provider-pages.mjs` does, and a test fails while a page is not what it would write.
 */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

import { at, main } from "./command.mjs";
import { buildPrograms } from "./pages.mjs";

/** Pages by name: the title, the profiles and schemes, the address to try things at, and where the key of the API goes. */
const PROVIDERS = {
  adyen: { title: "Adyen", profiles: ["adyen"], schemes: ["adyen-standard", "adyen-platform"], baseUrl: "https://checkout-test.adyen.com" },
  checkout: { title: "Checkout.com", profiles: ["checkout"], schemes: ["checkout-com"], baseUrl: "https://api.sandbox.checkout.com" },
  gocardless: { title: "GoCardless", profiles: ["gocardless"], schemes: ["gocardless"], baseUrl: "https://api-sandbox.gocardless.com" },
  mangopay: { title: "Mangopay", profiles: ["mangopay"], schemes: [], baseUrl: "https://api.sandbox.mangopay.com" },
  mollie: { title: "Mollie", profiles: ["mollie"], schemes: ["mollie-next-gen"], baseUrl: "https://api.mollie.com" },
  paypal: { title: "PayPal", profiles: ["paypal"], schemes: ["paypal-rsa-crc32"], baseUrl: "https://api-m.sandbox.paypal.com" },
  razorpay: { title: "Razorpay", profiles: ["razorpay"], schemes: ["razorpay"], baseUrl: "https://api.razorpay.com" },
  square: { title: "Square", profiles: ["square"], schemes: ["square"], baseUrl: "https://connect.squareupsandbox.com" },
  stripe: { title: "Stripe", profiles: ["stripe", "stripe-v2"], schemes: ["stripe-v1"], baseUrl: "https://api.stripe.com" },
  worldline: { title: "Worldline", profiles: ["worldline"], schemes: ["worldline-connect"], baseUrl: "https://payment.preprod.direct.worldline-solutions.com" },
};

/** Every page by its file; `profiles` are those of `providerProfiles()`, `schemes` those of `schemes()`. */
export function providerPages(profiles, schemes) {
  const known = (list, name) => list.find((each) => each.name === name);
  const pages = Object.entries(PROVIDERS).map(([name, provider]) => {
    const ours = provider.profiles.map((profile) => known(profiles, profile));
    const theirs = provider.schemes.map((scheme) => known(schemes, scheme));
    return [`${name}.md`, pageOf(name, provider, ours, theirs)];
  });
  const rows = Object.entries(PROVIDERS).map(([name, { title, profiles: own }]) => {
    const [first] = own.map((profile) => known(profiles, profile));
    return `| [${title}](${name}.md) | ${remembered(first)} | ${operationsOf(first).join(", ") || "none: its own client, through `createFetch`"} |`;
  });
  return new Map([...pages, ["README.md", `${INDEX}\n| Provider | Remembers a key | Operations of \`createPayments\` |\n| --- | --- | --- |\n${rows.join("\n")}\n`]]);
}

const GENERATED = "<!-- Written by scripts/provider-pages.mjs from the profiles and the schemes: do not edit. -->";

const INDEX = `# Provider by provider

${GENERATED}

What each provider promises about idempotency keys and webhooks, what follows from it, and the lines to begin with. What the fields of a
profile decide, and how to describe another provider: [provider profiles](../providers.md).
`;

function pageOf(name, { title, baseUrl }, profiles, schemes) {
  const [profile] = profiles;
  const parts = [
    `# ${title}\n\n${GENERATED}\n\n${follows(title, profile)}\n`,
    `## Payments\n\n${profiles.map(facts).join("\n")}`,
    program(profile, baseUrl),
    `## Webhooks\n\n${webhooks(title, schemes)}`,
    `## Sources\n\n${profiles.map(sourcesOf).join("\n")}`,
  ];
  return parts.join("\n");
}

/** What the window means for a merchant, in a sentence. */
function follows(title, profile) {
  const { window_ms: window, margin_ms: margin } = profile;
  if (window === 0) {
    return (
      `For how long ${title} remembers a key is not known, so a request whose outcome is unknown is never sent again: it is asked ` +
      "about, and where it cannot be asked about, a person decides."
    );
  }
  return (
    `${title} remembers a key for ${spanOf(window)}. Within ${spanOf(window - margin)} of the first attempt the same request may be sent ` +
    "again under the same key; after that it is asked about, and where it cannot be asked about, a person decides."
  );
}

const operationsOf = ({ dialect }) => Object.keys(dialect?.operations ?? {}).map((operation) => `\`${operation}\``);

function facts(profile) {
  const { name, key, window_ms: window, margin_ms: margin, quarantine_ms: quarantine, dialect, calls } = profile;
  const asked = Object.entries(dialect?.operations ?? {}).filter(([, { query }]) => query !== undefined).map(([operation]) => `\`${operation}\``);
  const place = key.header === undefined ? `the member \`${key.field}\` of the body` : `the header \`${key.header}\``;
  const rows = [
    ["The key goes into", `${place}, ${key.length[0]} to ${key.length[1]} characters${key.form === "uuid" ? ", as a UUID" : ""}`],
    ["Remembered for", window === 0 ? remembered(profile) : `${remembered(profile)}, of which the last ${spanOf(margin)} are not used`],
    ...(profile.windows ?? []).map(({ path, window_ms: own }) => [`Remembered for, below \`${path}\``, spanOf(own)]),
    ["A query is believed after", spanOf(quarantine)],
    ["Carried out by `createPayments`", operationsOf(profile).join(", ") || "nothing: use its own client through `createFetch`"],
    ["Asked about by itself", asked.join(", ") || "nothing"],
    ["Guarded by `createFetch`", calls === undefined ? "every method that does not read" : `${calls.methods?.map((method) => `\`${method}\``).join(", ") ?? "its own calls"} to paths that move money`],
  ];
  return `| Profile | \`${name}\` |\n| --- | --- |\n${rows.map(([what, is]) => `| ${what} | ${is} |`).join("\n")}\n`;
}

function remembered({ window_ms: window }) {
  return window === 0 ? "not known" : spanOf(window);
}

/** Milliseconds in the largest unit that is whole. */
function spanOf(milliseconds) {
  if (milliseconds === 0) return "no time";
  const units = [["days", 86_400_000], ["h", 3_600_000], ["min", 60_000], ["s", 1_000]];
  const [name, unit] = units.find(([, size]) => milliseconds % size === 0 && milliseconds >= (size === 86_400_000 ? 2 * size : size)) ?? ["ms", 1];
  return `${milliseconds / unit} ${name}`;
}

/** Lines to begin with: the client of Tillproof where it can charge, else the provider's own over a safe `fetch`. */
function program({ name, dialect }, baseUrl) {
  if (dialect?.operations?.charge !== undefined) {
    return `\`\`\`js shop.mjs
import { createPayments } from "tillproof/payments";

/** \`store\` is where your orders are, such as postgresStore(pool). */
export const createShop = (store) =>
  createPayments({
    provider: {
      profile: "${name}",
      baseUrl: "${baseUrl}",
      merchantId: "your account",
      headers: { authorization: \`Bearer \${process.env.API_KEY}\` },
    },
    store,
    secret: process.env.KEY_SECRET, // keys are made from it: keep it
  });
\`\`\`

Then \`await shop.charge({ reference, amount, currency })\`, safe to repeat after anything: [payments](../payments.md).
`;
  }
  return `\`\`\`js shop.mjs
import { createFetch } from "tillproof/payments";

/** A \`fetch\` for the provider's own client. \`store\` is where your orders are, such as postgresStore(pool). */
export const createShop = (store) =>
  createFetch({
    provider: { profile: "${name}", baseUrl: "${baseUrl}", merchantId: "your account" },
    store,
    secret: process.env.KEY_SECRET, // keys are made from it: keep it
  });
\`\`\`

How it goes into the client you have, and how a call is named: [createFetch](../create-fetch.md).
`;
}

function webhooks(title, schemes) {
  if (schemes.length === 0) return `No signature of ${title} is known here: take a webhook as a hint, and fetch the object it names before you act on it.\n`;
  const rows = schemes.map(({ name, headers, algorithm, signsTime, eventIdIsSigned, retryWindowHours: hours }) => {
    const cells = [`\`${name}\``, headers.map((header) => `\`${header}\``).join(", ") || "in the body", algorithm, signsTime ? "yes" : "no", eventIdIsSigned ? "yes" : "**no**", hours === undefined || hours === null ? "not known" : `${hours} h`];
    return `| ${cells.join(" | ")} |`;
  });
  const unsigned = schemes.some(({ eventIdIsSigned }) => !eventIdIsSigned);
  const first = schemes[0].name;
  const lines = [
    "| Scheme | Headers | Signed by | Time is signed | Event id is signed | Repeats for |",
    "| --- | --- | --- | --- | --- | --- |",
    ...rows,
    "",
    `\`createVerifier({ scheme: "${first}", secrets })\` with the secret of the endpoint; the route in ten lines: [your framework](../frameworks/README.md);`,
    "what a signature proves: [webhooks](../webhooks.md).",
    ...(unsigned ? ["", "Where the event id is not signed, who captured one delivery can send it again as another event: fetch the object before you act on it."] : []),
    "",
    "```sh",
    `npx tillproof doctor --endpoint https://shop.example/webhooks --scheme ${first} --secret-env WEBHOOK_SECRET`,
    "```",
    "",
  ];
  return lines.join("\n");
}

function sourcesOf({ name, sources }) {
  const rows = ["key", "window_ms", "calls", "answers"].flatMap((field) => {
    const found = sources[field];
    if (found === undefined) return [];
    // Notes of ours, which a reader of the page does not have.
    const source = found.source.split("; ").filter((one) => !one.startsWith("reference/")).join("; ");
    return [`* \`${name}\`, ${field}: ${source} (${found.checked})${found.note === undefined ? "" : `: ${found.note}`}`];
  });
  return `${rows.join("\n")}\n`;
}

/** What the package itself says of profiles and schemes. */
async function told() {
  const folder = mkdtempSync(join(tmpdir(), "tillproof-pages-"));
  try {
    const program = `export { providerProfiles } from "tillproof/payments";\nexport { schemes } from "tillproof/webhooks/full";\n`;
    writeFileSync(join(folder, "told.mjs"), program);
    await buildPrograms({ entryPoints: [join(folder, "told.mjs")], outdir: join(folder, "built") });
    const { providerProfiles, schemes } = await import(pathToFileURL(join(folder, "built/told.mjs")).href);
    return [providerProfiles(), schemes()];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (process.argv[1] === import.meta.filename) {
  await main(async () => {
    mkdirSync(at("docs/providers"), { recursive: true });
    for (const [file, page] of providerPages(...(await told()))) writeFileSync(at("docs/providers", file), page);
  });
}
