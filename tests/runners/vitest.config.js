export default { test: { include: ["hostile.vitest.js"], testTimeout: 60_000 } };
