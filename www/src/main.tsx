/** Puts the page up. Everything heavy (the wasm of both shops and the gateway) is fetched after the first view is painted. */

import { render } from "preact";

import { Page } from "./page.js";

const root = document.querySelector("#page");
if (root !== null) render(<Page />, root);
