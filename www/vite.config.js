/** How the page is built: relative addresses, so that it can be served from any path, and files that never change. */

import { defineConfig } from "vite";

import { firstView } from "./build/first-view.js";

export default defineConfig({
  base: "./",
  plugins: [firstView()],
  worker: { format: "es" },
  // What is inlined as `data:` would need a looser policy than the page has.
  build: { target: "es2022", assetsInlineLimit: 0, modulePreload: { polyfill: false }, rolldownOptions: { checks: { pluginTimings: false } } },
});
