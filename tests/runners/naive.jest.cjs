// A shop that charges twice, in jest: this suite has to fail, and its report is what a merchant sees.
const { hostile } = require("tillproof/testing");
const { FAULTS, naive } = require("./shop/native.cjs");

test("the naive shop keeps its books", async () => {
  await hostile(naive, { seeds: 100, faults: FAULTS });
});
