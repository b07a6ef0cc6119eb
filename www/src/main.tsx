/** Puts the page up. Everything heavy (the wasm of both shops and the gateway) is fetched once the visitor does something. */

import { render } from "preact";

import { Page } from "./page.js";

const root = document.querySelector("#page");
if (root !== null) {
  // The first view stands there as text already, for who waits for this script; both are painted as one, and nothing moves.
  root.replaceChildren();
  render(<Page />, root);
}
