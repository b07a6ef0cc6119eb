// One suite at a time: the naive one has to fail.
export default { test: { include: [`${process.env.SUITE}.vitest.js`], testTimeout: 600_000 } };
