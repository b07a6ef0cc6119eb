module.exports = { testMatch: ["**/hostile.jest.cjs"], testTimeout: 60_000 };
