// What a visitor is told when the page cannot do its work.
import assert from "node:assert/strict";
import { test } from "node:test";

import { expectAccessible, keepPicture, textOf, visit } from "./browser.js";
import { openSite } from "./site.js";

test("a wasm file that cannot be fetched is named", async () => {
  const site = await openSite({ without: [/simulator-.*\.wasm$/] });
  const { page, leave } = await visit(site.url, { expected: [/404/] });
  await page.keyboard.press("Shift");
  await page.waitForSelector('#order .status[data-state="error"]');
  assert.match(await textOf(page, "#order .status"), /simulator-.*\.wasm was answered with 404/);
  await expectAccessible(page);
  await keepPicture(page, "desktop-light-trouble", "order");
  await leave();
  await site.close();
});
