/**
 * The public types under review: pkg/api has one report for each entry, and the API reference is made of the same.
 *
 * Invariant: a report is what API Extractor reads from the declarations of this commit. Whoever changes a public type
 * changes a report, and the diff of that file is what is reviewed: a line that is gone or changed breaks somebody.
 *
 * `node scripts/api-report.mjs` writes the reports; with `--reference` also the reference as pages, in target/reference.
 */

import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { at, Failure, main, run } from "./command.mjs";
import { documentTool, ensureDocumentTools } from "./document-tools.mjs";
import { ENTRIES, SLIM_ENTRIES } from "./entries.mjs";
import { ensureNpm, npmBin } from "./tools.mjs";

const PROJECT = at("target/api");

/** Where the reports are kept. */
export const REPORTS = "pkg/api";

/** The file of an entry. `tillproof` itself is `index`; slim entries have the types of the others. */
const ROWS = [...ENTRIES, ...SLIM_ENTRIES.filter(({ name }) => name === "slim")].map(({ name, source }) => ({
  entry: name === "" ? "tillproof" : `tillproof/${name}`,
  file: `${(name || "index").replaceAll("/", "-")}.api.md`,
  declaration: source.replace(/\.ts$/, ".d.ts"),
}));

/** Every report by the name of its file. */
export async function apiReports() {
  await prepare();
  const extractor = documentTool("@microsoft/api-extractor");
  const folder = join(PROJECT, "reports");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const configs = ROWS.map((row) => ({ ...row, config: configOf(extractor, row, folder) }));
  const points = configs.map(({ config }) => config.mainEntryPointFilePath);
  const compilerState = extractor.CompilerState.create(configs[0].config, { additionalEntryPoints: points });
  const reports = new Map();
  for (const { entry, file, config } of configs) {
    const problems = [];
    const messageCallback = (message) => {
      if (message.logLevel === "error") problems.push(message.text);
      message.handled = true;
    };
    extractor.Extractor.invoke(config, { localBuild: true, compilerState, messageCallback });
    if (problems.length > 0) throw new Failure(`${entry}: ${problems.join("; ")}`);
    const report = readFileSync(join(folder, file), "utf8").replaceAll("\r\n", "\n");
    reports.set(file, report.replace('## API Report File for "tillproof"', `## API Report File for "${entry}"`));
  }
  return reports;
}

/** Declarations of this commit, as a project of their own. */
async function prepare() {
  await ensureNpm();
  await ensureDocumentTools();
  rmSync(PROJECT, { recursive: true, force: true });
  mkdirSync(join(PROJECT, "node_modules"), { recursive: true });
  for (const name of ["@types/node", "undici-types"]) cpSync(at("pkg/node_modules", name), join(PROJECT, "node_modules", name), { recursive: true });
  cpSync(at("pkg/package.json"), join(PROJECT, "package.json"));
  await run(process.execPath, [npmBin("tsc"), "--project", at("pkg/tsconfig.json"), "--outDir", join(PROJECT, "types")]);
  const compilerOptions = {
    target: "ES2022",
    lib: ["ES2022", "DOM", "DOM.Iterable"],
    types: ["node"],
    module: "NodeNext",
    moduleResolution: "NodeNext",
    strict: true,
    skipLibCheck: true,
    noEmit: true,
  };
  // API Extractor looks for globals among values only, and NodeJS is a namespace of types.
  writeFileSync(join(PROJECT, "globals.d.ts"), "declare const NodeJS: unknown;\n");
  writeFileSync(join(PROJECT, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["types", "globals.d.ts"] }));
}

function configOf({ ExtractorConfig }, { file, declaration }, folder) {
  const silent = { default: { logLevel: "none" } };
  return ExtractorConfig.prepare({
    configObjectFullPath: join(PROJECT, "api-extractor.json"),
    packageJsonFullPath: join(PROJECT, "package.json"),
    configObject: {
      projectFolder: PROJECT,
      mainEntryPointFilePath: join(PROJECT, "types", declaration),
      compiler: { tsconfigFilePath: join(PROJECT, "tsconfig.json") },
      apiReport: {
        enabled: true,
        reportFolder: folder,
        reportTempFolder: join(folder, "temp"),
        reportFileName: file.replace(/\.api\.md$/, ""),
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      newlineKind: "lf",
      // Types that cannot be resolved are errors of the compiler; what is left are questions of style.
      messages: { compilerMessageReporting: { default: { logLevel: "error" } }, extractorMessageReporting: silent, tsdocMessageReporting: silent },
    },
  });
}

/** The reference as pages, in target/reference. */
async function writeReference() {
  const typedoc = documentTool.resolve("typedoc/package.json");
  await run(process.execPath, [
    join(typedoc, "../bin/typedoc"),
    ...["--tsconfig", join(PROJECT, "tsconfig.json"), "--out", at("target/reference"), "--name", "tillproof", "--readme", at("README.md")],
    // Sources are not published beside it, and a type that an entry keeps to itself is no mistake.
    ...["--disableSources", "--hideGenerator", "--skipErrorChecking", "--logLevel", "Error"],
    ...ROWS.flatMap(({ declaration }) => ["--entryPoints", join(PROJECT, "types", declaration)]),
  ]);
}

if (process.argv[1] === import.meta.filename) {
  await main(async () => {
    const reports = await apiReports();
    rmSync(at(REPORTS), { recursive: true, force: true });
    mkdirSync(at(REPORTS), { recursive: true });
    for (const [file, report] of reports) writeFileSync(at(REPORTS, file), report);
    if (process.argv.includes("--reference")) await writeReference();
  });
}
