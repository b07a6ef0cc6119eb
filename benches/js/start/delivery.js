/** One signed delivery, without a library, so that signing costs every contender nothing. */
export const body = '{"id":"evt_1","type":"charge.succeeded"}';
export const secret = "whsec_start";
/** Signed at the first second of 2026; each contender is told to accept that age. */
export const header = "t=1767225600,v1=bc4d10eb07f89a253d2c7343fe54c72008d1bd98c0b9b54e6bd0c08a200441cc";
export const toleranceSeconds = 1e9;
