/** The visitor's own files, reconciled where they are: books, provider and, if there is one, bank. */

import { useState } from "preact/hooks";

import { BreakTable } from "../day/break-table.js";
import type { Reconciled } from "../desk/desk.worker.js";
import type { Day } from "../play/day.js";
import { withCode } from "../shell/code.js";
import { Section } from "../shell/section.js";
import { messageOf } from "../shell/use-work.js";
import { desk } from "../shell/workers.js";
import { DropField } from "./drop-field.js";
import { exampleFiles } from "./example-files.js";
import { FileCard } from "./file-card.js";
import { Outcome } from "./outcome.js";
import { missingIn, SIDES, wantedOf, type Reading, type Side } from "./reading.js";
import { useReadings, type Known, type Readings } from "./use-readings.js";

const PLACES = {
  ledger: { title: "Your books", hint: "Ledger.toCsv(), or a table of your shop" },
  settlement: { title: "Your provider", hint: "The report of Stripe, Adyen, PayPal…" },
  bank: { title: "Your bank, if you like", hint: "camt, MT940, BAI2, OFX or a table" },
} as const;

export function FilesSection({ day }: { readonly day: Day | undefined }) {
  const { readings, add, replace, change, encode, remove } = useReadings();
  const [answer, setAnswer] = useState<Reconciled | undefined>();
  const fail = (error: unknown): void => setAnswer({ ok: false, message: messageOf(error) });
  const edit = (work: () => void | Promise<void>): void => {
    // What was said is about other files.
    setAnswer(undefined);
    void Promise.resolve(work()).catch(fail);
  };
  const run = (files: Readings): void => {
    const wanted = (side: Side) => files[side].flatMap((reading) => wantedOf(reading) ?? []);
    desk().reconcile({ ledger: wanted("ledger"), settlement: wanted("settlement"), bank: wanted("bank") }).then(setAnswer, fail);
  };
  const open = async (files: Promise<Readonly<Record<Side, readonly Known[]>>>): Promise<void> => {
    const laid = await replace(await files);
    if (isComplete(laid)) run(laid);
  };
  return (
    <Section
      id="files"
      title="Your own files, reconciled here"
      lead="Drop your books, your provider's settlement report and, if you like, your bank statement. They are read and compared in this page and never leave it."
    >
      <div class="panel controls">
        <div class="drops">
          {SIDES.map((side) => (
            <DropField key={side} side={side} {...PLACES[side]} take={(files) => edit(() => add(side, files))} refuse={(message) => setAnswer({ ok: false, message })}>
              {readings[side].map((reading) => (
                <FileCard
                  key={reading.file.name}
                  side={side}
                  reading={reading}
                  change={(part) => edit(() => change(side, reading, part))}
                  encode={(encoding) => edit(() => encode(side, reading, encoding))}
                  remove={() => edit(() => remove(side, reading))}
                />
              ))}
            </DropField>
          ))}
        </div>
        <div class="actions">
          <button type="button" class="primary" disabled={!isComplete(readings)} onClick={() => run(readings)}>
            Reconcile
          </button>
          <button type="button" onClick={() => edit(() => open(exampleFiles()))}>
            Try an Adyen report and a German bank
          </button>
          <button type="button" disabled={day === undefined} onClick={() => day && edit(() => open(filesOf(day)))}>
            Use the files of the week above
          </button>
        </div>
        <p class="hint" role="status">{toDo(readings)}</p>
      </div>
      <div class="answer" role="status">
        {answer !== undefined && !answer.ok && <p class="trouble panel">{withCode(answer.message)}</p>}
        {answer?.ok === true && <Outcome {...answer} />}
      </div>
      {answer?.ok === true && <BreakTable report={answer.report} withPlaces />}
    </Section>
  );
}

/** Whether there is something to compare, and every file can be read. */
function isComplete(readings: Readings): boolean {
  return readings.ledger.length > 0 && readings.settlement.length > 0 && SIDES.flatMap((side) => readings[side]).every((reading) => missingIn(reading).length === 0);
}

/** What keeps the button from working, in words. */
function toDo(readings: Readings): string {
  const absent = (["ledger", "settlement"] as const).filter((side) => readings[side].length === 0).map((side) => PLACES[side].title.toLowerCase());
  if (absent.length > 0) return `Still needed: ${absent.join(" and ")}.`;
  const open = SIDES.flatMap((side) => readings[side]).filter((reading) => missingIn(reading).length > 0);
  if (open.length === 0) return "Ready.";
  return `Still to be said: ${open.map((reading: Reading) => `${missingIn(reading).map((name) => WORDS[name]).join(" and ")} of ${reading.file.name}`).join(", ")}.`;
}

const WORDS = { format: "the format", currency: "the currency", dateOrder: "the order of dates", decimal: "the decimal sign" } as const;

async function filesOf({ ledgerCsv, settlementCsv, statementCsv }: Day): Promise<Readonly<Record<Side, readonly Known[]>>> {
  const file = (name: string, text: string): readonly Known[] => [{ name, data: new TextEncoder().encode(text) }];
  return { ledger: file("ledger.csv", ledgerCsv), settlement: file("settlement.csv", settlementCsv), bank: file("statement.csv", statementCsv) };
}
