import { verify } from "@octokit/webhooks-methods";

import { body, secret } from "./delivery.js";

const signature = "sha256=f9430aae7bd3495ede48a191d97ff5c47e47cf3be09d9db61671a3c071866cf3";
if (!(await verify(secret, body, signature))) throw new Error("refused");
