/** Paste a webhook and its secret: is it genuine, and if not, why not? */

import { useEffect, useState } from "preact/hooks";
import type { SchemeInfo } from "tillproof/webhooks";

import type { Finding, Pasted } from "../desk/desk.worker.js";
import { EXAMPLE_URL, EXAMPLES, type ExampleKind } from "../desk/example.js";
import { Section } from "../shell/section.js";
import { useSeen } from "../shell/use-seen.js";
import { messageOf } from "../shell/use-work.js";
import { desk } from "../shell/workers.js";
import { FindingView } from "./finding-view.js";

const NOTHING: Pasted = { scheme: "stripe-v1", secret: "", headers: "", body: "", url: "", options: "" };

export function WebhookSection() {
  const [ref, seen] = useSeen<HTMLElement>();
  const [schemes, setSchemes] = useState<readonly SchemeInfo[]>([]);
  const [pasted, setPasted] = useState(NOTHING);
  const [finding, setFinding] = useState<Finding | undefined>();
  const [trouble, setTrouble] = useState("");
  const scheme = schemes.find(({ name }) => name === pasted.scheme);
  const change = (part: Partial<Pasted>): void => {
    setPasted({ ...pasted, ...part });
    // What was said is about another delivery.
    setFinding(undefined);
  };
  const explain = (delivery: Pasted): void => {
    desk().explain(delivery).then(setFinding, (error: unknown) => setTrouble(messageOf(error)));
  };
  const show = async (kind: ExampleKind): Promise<void> => {
    const example = await desk().example(kind, pasted.scheme);
    if ("message" in example) return setFinding({ verdict: "unreadable", code: "no_example", message: example.message });
    const delivery = { ...pasted, ...example, url: scheme?.signsUrl === true ? EXAMPLE_URL : "" };
    setPasted(delivery);
    explain(delivery);
  };
  useEffect(() => {
    if (seen) desk().schemes().then(setSchemes, (error: unknown) => setTrouble(messageOf(error)));
  }, [seen]);
  return (
    <Section
      id="webhook"
      title="Why was my webhook refused?"
      lead="Paste a delivery and its secret. The check and the diagnosis run in this page; nothing is sent anywhere."
      innerRef={ref}
    >
      <div class="desk">
        <form
          class="panel form"
          onSubmit={(event) => {
            event.preventDefault();
            explain(pasted);
          }}
        >
          <fieldset class="examples">
            <legend>Try one, signed just now</legend>
            {EXAMPLES.map(({ kind, label }) => (
              <button key={kind} type="button" data-example={kind} onClick={() => void show(kind).catch((error: unknown) => setTrouble(messageOf(error)))}>
                {label}
              </button>
            ))}
          </fieldset>
          <div class="pair">
            <label>
              <span>Scheme</span>
              <select name="scheme" value={pasted.scheme} onChange={(event) => change({ scheme: event.currentTarget.value })}>
                {schemes.length === 0 && <option>{pasted.scheme}</option>}
                {schemes.map(({ name, provider }) => (
                  <option key={name} value={name}>
                    {provider}: {name}
                  </option>
                ))}
              </select>
            </label>
            <label>
              <span>Secret</span>
              <input name="secret" value={pasted.secret} autocomplete="off" spellcheck={false} onInput={(event) => change({ secret: event.currentTarget.value })} />
            </label>
          </div>
          {scheme?.signsUrl === true && (
            <label>
              <span>URL, as the provider calls it</span>
              <input name="url" value={pasted.url} spellcheck={false} onInput={(event) => change({ url: event.currentTarget.value })} />
            </label>
          )}
          <label>
            <span>Headers, one a line</span>
            <textarea name="headers" rows={3} spellcheck={false} value={pasted.headers} onInput={(event) => change({ headers: event.currentTarget.value })} />
          </label>
          <label>
            <span>Body, exactly as it arrived</span>
            <textarea name="body" rows={6} spellcheck={false} value={pasted.body} onInput={(event) => change({ body: event.currentTarget.value })} />
          </label>
          <details>
            <summary>Options beside the secret</summary>
            <label>
              <span>One a line, such as toleranceSeconds=600; a key with all its lines, as publicKeyPem=… or jwk=…</span>
              <textarea name="options" rows={3} spellcheck={false} value={pasted.options} onInput={(event) => change({ options: event.currentTarget.value })} />
            </label>
          </details>
          <button class="primary">Verify and explain</button>
        </form>
        <FindingView finding={finding} trouble={trouble} scheme={scheme} />
      </div>
    </Section>
  );
}
