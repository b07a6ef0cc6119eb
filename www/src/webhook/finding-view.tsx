/** What there is to say of a delivery: genuine, or what happened to it and what to do. */

import type { ComponentChildren } from "preact";
import type { SchemeInfo } from "tillproof/webhooks";

import type { Finding } from "../desk/desk.worker.js";
import { withCode } from "../shell/code.js";

interface Props {
  readonly finding: Finding | undefined;
  readonly trouble: string;
  readonly scheme: SchemeInfo | undefined;
}

export function FindingView({ finding, trouble, scheme }: Props) {
  return (
    <div class="finding panel" role="status" data-verdict={finding?.verdict ?? "none"}>
      {trouble !== "" && <p class="trouble">This did not work: {trouble}. Reload the page to try again.</p>}
      {finding === undefined ? <About scheme={scheme} /> : <Said finding={finding} />}
    </div>
  );
}

function Said({ finding }: { readonly finding: Finding }) {
  if (finding.verdict === "genuine") {
    return (
      <>
        <h3>Genuine</h3>
        <p>The signature covers exactly these bytes.</p>
        <ul>
          {finding.events.map(({ id, type }) => (
            <li key={id}>
              <code>{type}</code> with the id <code>{id}</code>
            </li>
          ))}
        </ul>
      </>
    );
  }
  if (finding.verdict === "unreadable") {
    return (
      <>
        <h3>Cannot be checked</h3>
        <p>{sentence(finding.message)}</p>
        <p class="code">{finding.code}</p>
      </>
    );
  }
  const { diagnosis, message, code } = finding;
  return (
    <>
      <h3>Refused</h3>
      <p>{sentence(message)}</p>
      {diagnosis !== undefined && (
        <dl>
          <dt>What happened{diagnosis.confidence === "proven" ? ", proven" : ", most likely"}</dt>
          <dd>{sentence(diagnosis.sentence)}</dd>
          <dt>What to do</dt>
          <dd>{sentence(diagnosis.fix)}</dd>
        </dl>
      )}
      <p class="code">
        {code}
        {diagnosis !== undefined && diagnosis.code !== code ? ` · ${diagnosis.code}` : ""}
      </p>
    </>
  );
}

/** Before anything was asked: what the scheme is. */
function About({ scheme }: { readonly scheme: SchemeInfo | undefined }) {
  if (scheme === undefined) return <p class="hint">What the check finds is told here.</p>;
  return (
    <>
      <h3>{scheme.provider}</h3>
      <dl>
        <dt>What is signed</dt>
        <dd>
          <code>{scheme.signedContent}</code>
        </dd>
        <dt>Where the signature stands</dt>
        <dd>
          <code>{scheme.headers[0] ?? "in the body"}</code>
        </dd>
        <dt>How long the provider repeats an event</dt>
        <dd>{scheme.retryWindowHours} hours</dd>
        <dt>Is the event's id signed?</dt>
        <dd>{scheme.eventIdIsSigned ? "Yes" : "No"}</dd>
      </dl>
    </>
  );
}

/** Messages of the package are written to follow a name; here they stand alone. */
function sentence(text: string): ComponentChildren {
  const begun = text.charAt(0).toUpperCase() + text.slice(1);
  return withCode(/[.!?]$/.test(begun) ? begun : `${begun}.`);
}
