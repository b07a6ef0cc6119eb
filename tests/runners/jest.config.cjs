// One suite at a time: the naive one has to fail.
module.exports = { testMatch: [`**/${process.env.SUITE}.jest.cjs`], testTimeout: 600_000 };
