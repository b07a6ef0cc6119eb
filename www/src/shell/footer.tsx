/** The end of the page: where to go on, and how to hand a story on. */

import { useState } from "preact/hooks";

export function Footer() {
  const [copied, setCopied] = useState("");
  const copy = (): void => {
    navigator.clipboard.writeText(location.href).then(
      () => setCopied("Copied."),
      () => setCopied("The browser did not allow it: copy the address above."),
    );
  };
  return (
    <footer id="end">
      <p>
        Seed, orders, mishaps and drift stand in the address of this page: whoever opens it sees the same run, to the byte.{" "}
        <button type="button" class="link" onClick={copy}>
          Copy the link to this story
        </button>{" "}
        <span role="status">{copied}</span>
      </p>
      <p>
        Run it against your own code: <code>npx tillproof demo</code> proves 500 orders through a hostile gateway; <code>hostile()</code> from{" "}
        <code>tillproof/testing</code> does it in your test suite.
      </p>
      <p>
        Read on in the package you installed: <code>node_modules/tillproof/docs/README.md</code>, beginning with the quick start. <code>npx tillproof help</code> has
        every command with examples.
      </p>
    </footer>
  );
}
