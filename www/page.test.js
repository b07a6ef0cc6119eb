// The page as static files below a path, under its policy, used in Chromium and Firefox the way a visitor would.
import "./test/address.js";
import "./test/examples.js";
import "./test/firefox.js";
import "./test/first-view.js";
import "./test/options.js";
import "./test/reach.js";
import "./test/readings.js";
import "./test/stories.js";
import "./test/trouble.js";
import "./test/types.js";
