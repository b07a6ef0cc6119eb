/**
 * Reads answers of a shape that was seen before without the parser.
 *
 * Invariant: {@link AnswerReader.read} gives what `JSON.parse` gives, member for member and in the same order, and a value
 * of its own at each call. By a known shape it reads only a text in which everything between the texts and numbers that
 * may differ is the same, letter by letter; every other one goes to the parser.
 *
 * A shop's tests ask for the same few kinds of objects again and again, and to parse one takes as long as everything else
 * the official client does for a request.
 */

/** Longer texts are parsed: they are lists, whose shape hardly comes again. */
const TEXT_LENGTH_MAX = 8_192;

/** How many lengths of text are remembered, and how many shapes of one length. */
const LENGTHS_MAX = 64;
const SHAPES_OF_A_LENGTH = 4;
/** How often the closest shape of a length is drawn anew. */
const CLOSER_MAX = 8;

/** A text or a number that may differ from one answer to the next. */
interface Hole {
  /** What stands in front of it, behind the hole before. */
  readonly before: string;
  readonly length: number;
  readonly isText: boolean;
  readonly model?: undefined;
}

/** How an object or a list of an answer is made: a copy of the model, into which holes and inner parts are put in order. */
interface Part {
  readonly model: Readonly<Record<string, unknown>> | readonly unknown[];
  readonly filled: readonly Filled[];
}

/** A member, by its name or position, that no two answers may share. */
interface Filled {
  readonly name: string;
  readonly by: Hole | Part;
}

interface Shape {
  readonly root: Part;
  /** What stands behind the last hole. */
  readonly end: string;
  /** Where its holes are, and the text it was seen in. */
  readonly holes: ReadonlySet<number>;
  readonly seenIn: string;
}

/** What is known of the texts of one length. */
interface Known {
  /**
   * A shape whose holes are only what has differed so far, which takes half the time of the others: of one kind of objects
   * it is the ids and moments, and no amount or state. It is drawn anew, with more holes, where one of the others fits.
   */
  closest: Shape | undefined;
  /** How often that may still happen. */
  closerLeft: number;
  readonly shapes: Shape[];
}

/** The reader of the answers of one gateway. */
export class AnswerReader {
  /** By the length of the text, since ids, keys and moments have one length each. */
  readonly #known = new Map<number, Known>();

  /** The value of a text that is JSON. Throws a `SyntaxError` for every other one. */
  read(text: string): unknown {
    const { length } = text;
    // With a backslash in it, a text does not mean its letters.
    if (length > TEXT_LENGTH_MAX || text.includes("\\")) return JSON.parse(text);
    const known = this.#known.get(length);
    if (known !== undefined) {
      const { closest } = known;
      if (closest !== undefined) {
        const filling = new Filling(text);
        // Copied here and below, and nowhere else: a place that copies few kinds of objects takes a tenth of the time.
        const value = filling.fill({ ...closest.root.model }, closest.root.filled);
        if (filling.endsWith(closest.end)) return value;
      }
      for (const shape of known.shapes) {
        const filling = new Filling(text);
        const value = filling.fill({ ...shape.root.model }, shape.root.filled);
        if (!filling.endsWith(shape.end)) continue;
        draw(known, shape, text);
        return value;
      }
    }
    const parsed: unknown = JSON.parse(text);
    // The caller may change what it is given, so the model is another one.
    const shape = shapeOf(text, JSON.parse(text), () => true);
    if (shape !== undefined) this.#remember(length, shape, known);
    return parsed;
  }

  #remember(length: number, shape: Shape, known: Known | undefined): void {
    if (known !== undefined) {
      if (known.shapes.length === SHAPES_OF_A_LENGTH) known.shapes.shift();
      known.shapes.push(shape);
      return;
    }
    const [oldest] = this.#known.keys();
    if (oldest !== undefined && this.#known.size === LENGTHS_MAX) this.#known.delete(oldest);
    this.#known.set(length, { closest: undefined, closerLeft: CLOSER_MAX, shapes: [shape] });
  }
}

/** Draws the closest shape of a length: its holes are those it had, and where this text is another than the one it was seen in. */
function draw(known: Known, general: Shape, text: string): void {
  if (known.closerLeft === 0) return;
  known.closerLeft -= 1;
  const { closest } = known;
  const before = closest?.holes;
  const { seenIn } = closest ?? general;
  const differs = (begin: number, written: string): boolean => (before?.has(begin) ?? false) || !seenIn.startsWith(written, begin);
  known.closest = shapeOf(text, JSON.parse(text), differs);
}

/** Digits of a natural number that is no more than a safe integer. */
const DIGITS_MAX = 15;

/** Makes a value of a shape and a text of its length. What it made counts only where it comes to the end of the text. */
class Filling {
  readonly #text: string;
  /** How far the text is as the shape wants it; `NaN` where it is not. */
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  endsWith(end: string): boolean {
    return this.#text.slice(this.#at) === end && this.#at + end.length === this.#text.length;
  }

  /** Puts into the copy of a model what the text says. */
  fill<T extends object>(copy: T, filled: readonly Filled[]): T {
    for (const { name, by } of filled) {
      (copy as Record<string, unknown>)[name] = by.model === undefined ? this.#hole(by) : this.#part(by);
    }
    return copy;
  }

  #part({ model, filled }: Part): object {
    return this.fill(Array.isArray(model) ? [...(model as unknown[])] : { ...model }, filled);
  }

  #hole({ before, length, isText }: Hole): unknown {
    const text = this.#text;
    const begin = this.#at + before.length;
    const end = begin + length;
    // A cut and a comparison: `startsWith` goes letter by letter, and takes as long as the parser.
    const isThere = text.slice(this.#at, begin) === before;
    this.#at = isThere ? end : Number.NaN;
    if (!isText) return this.#natural(begin, end);
    // The quote in the next piece ends it, and no other may stand inside.
    if (isThere && text.indexOf('"', begin) !== end) this.#at = Number.NaN;
    return text.slice(begin, end);
  }

  /** A number without a sign, a point or zeros in front; nothing else may stand there. */
  #natural(begin: number, end: number): number {
    let number = 0;
    for (let at = begin; at < end; at += 1) {
      const digit = this.#text.charCodeAt(at) - 48;
      if (digit < 0 || digit > 9 || (at > begin && number === 0)) this.#at = Number.NaN;
      number = number * 10 + digit;
    }
    return number;
  }
}

/** Words of the interface, such as `requires_capture`, are part of a shape: whoever holds one is treated alike. */
const WORDS = /^[A-Za-z_ ]{0,32}$/;

/** Names that an assignment does not mean as they are, or that JavaScript puts in an order of its own. */
const STRANGE_NAME = /^(?:__proto__|\d+)$/;

/** Whether what stands at a place may differ. */
type MayDiffer = (begin: number, written: string) => boolean;

/** The shape of a text and what it was parsed to; `undefined` for a text that is written otherwise than the engine does. */
function shapeOf(text: string, parsed: unknown, mayDiffer: MayDiffer): Shape | undefined {
  const outline = new Outline(text, mayDiffer);
  const root = outline.made(parsed);
  // A list is no object, and would be copied as one.
  if (root?.model === undefined || Array.isArray(root.model)) return undefined;
  const { at, begin, holes } = outline;
  return at === text.length ? { root, end: text.slice(begin), holes, seenIn: text } : undefined;
}

/** Goes through a text and its value side by side. Where they do not agree it comes to no end. */
class Outline {
  at = 0;
  /** Where the piece begins that the next hole ends. */
  begin = 0;
  /** Where holes are. */
  readonly holes = new Set<number>();
  readonly #text: string;
  readonly #mayDiffer: MayDiffer;

  constructor(text: string, mayDiffer: MayDiffer) {
    this.#text = text;
    this.#mayDiffer = mayDiffer;
  }

  /** Goes past a value, and says how it is made; `undefined` for one that is always the same. */
  made(value: unknown): Hole | Part | undefined {
    if (typeof value === "string") return this.#letters(value);
    if (typeof value !== "object" || value === null) return this.#sign(value);
    const isList = Array.isArray(value);
    const filled: Filled[] = [];
    let separator = isList ? "[" : "{";
    for (const [name, member] of Object.entries(value)) {
      if (!isList && STRANGE_NAME.test(name)) this.at = Number.NaN;
      this.#past(isList ? separator : `${separator}"${name}":`);
      separator = ",";
      const by = this.made(member);
      if (by !== undefined) filled.push({ name, by });
    }
    if (separator !== ",") this.#past(separator);
    this.#past(isList ? "]" : "}");
    return { model: value as Part["model"], filled };
  }

  #letters(value: string): Hole | undefined {
    this.#past('"');
    const hole = WORDS.test(value) ? undefined : this.#hole(value, true);
    if (hole === undefined) this.#past(value);
    this.#past('"');
    return hole;
  }

  #sign(value: unknown): Hole | undefined {
    const written = String(value);
    const isNatural = typeof value === "number" && Number.isInteger(value) && value >= 0 && written.length <= DIGITS_MAX;
    if (isNatural) return this.#hole(written, false);
    this.#past(written);
    return undefined;
  }

  #hole(written: string, isText: boolean): Hole | undefined {
    if (!this.#mayDiffer(this.at, written)) {
      this.#past(written);
      return undefined;
    }
    this.holes.add(this.at);
    const before = this.#text.slice(this.begin, this.at);
    this.#past(written);
    this.begin = this.at;
    return { before, length: written.length, isText };
  }

  #past(piece: string): void {
    this.at = this.#text.startsWith(piece, this.at) ? this.at + piece.length : Number.NaN;
  }
}
