/** What the subpath imports of package.json resolve `#wasm/<artefact>` to; see bytes.ts for the three forms. */
declare module "#wasm/*" {
  const source: import("./bytes.js").ModuleSource;
  export default source;
}

/** What is said of refusals, by the lines of the engine's tables: sentences for servers, bare facts for bundles. */
declare module "#sentences" {
  /** Each with what stands in braces, such as `{found}`. */
  type Lines = readonly (readonly [code: string, sentence: string])[];
  export const refusals: Lines;
  /** Of secrets that could not be decoded. */
  export const reasons: Lines;
}
