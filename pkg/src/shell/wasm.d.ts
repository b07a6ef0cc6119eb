/** What the subpath imports of package.json resolve `#wasm/<artefact>` to; see bytes.ts for the three forms. */
declare module "#wasm/*" {
  const source: import("./bytes.js").ModuleSource;
  export default source;
}
