/** The responses of a gateway to `fetch`: those of the platform in all they say and do, at a tenth of the price. */

/**
 * A response whose text is here already: read as a text or as JSON it needs no stream, which takes the platform as long as
 * the engine takes for the answer. It behaves as any other one, also after it was read.
 */
export class WholeResponse extends Response {
  readonly #text: string;
  #isRead = false;

  constructor(text: string, init: ResponseInit) {
    super(text, init);
    this.#text = text;
  }

  override get bodyUsed(): boolean {
    return this.#isRead || super.bodyUsed;
  }

  override get body(): Response["body"] {
    this.#spend();
    return super.body;
  }

  override text(): Promise<string> {
    if (this.bodyUsed) return this.#refused(() => super.text());
    this.#isRead = true;
    return Promise.resolve(this.#text);
  }

  override json(): Promise<unknown> {
    if (this.bodyUsed) return this.#refused(() => super.json() as Promise<unknown>);
    this.#isRead = true;
    return new Promise((resolve) => resolve(JSON.parse(this.#text)));
  }

  override arrayBuffer(): Promise<ArrayBuffer> {
    return this.#refused(() => super.arrayBuffer());
  }

  override blob(): Promise<Blob> {
    return this.#refused(() => super.blob());
  }

  override formData(): Promise<FormData> {
    return this.#refused(() => super.formData());
  }

  override clone(): Response {
    this.#spend();
    return super.clone();
  }

  /** What the platform does, which refuses it where the body was read. */
  #refused<T>(ask: () => T): T {
    this.#spend();
    return ask();
  }

  /** Lets the platform know that the body was read, so that it says itself what it says of such a body. */
  #spend(): void {
    if (this.#isRead && !super.bodyUsed) void super.text();
  }
}

/**
 * Makes all members that a class does not have of its own those of the platform's object behind it: also what later
 * platforms add. Nothing may be asked of the empty object that the class extends.
 */
function forwardOthers<T extends object, W extends T>(base: { prototype: T }, own: { prototype: W }, behind: (waiting: W) => T): void {
  for (const [name, { get }] of Object.entries(Object.getOwnPropertyDescriptors(base.prototype))) {
    if (Object.getOwnPropertyDescriptor(own.prototype, name) !== undefined) continue;
    const property = {
      get(this: W): unknown {
        return Reflect.get(behind(this), name) as unknown;
      },
    };
    const method = {
      value(this: W, ...given: unknown[]): unknown {
        const object = behind(this);
        return Reflect.apply(Reflect.get(object, name) as (...given: unknown[]) => unknown, object, given);
      },
      writable: true,
    };
    Object.defineProperty(own.prototype, name, { ...(get === undefined ? method : property), configurable: true, enumerable: true });
  }
}

/** Headers that the platform makes only where more is asked of them than to be gone through. */
class WaitingHeaders extends Headers {
  static {
    forwardOthers(Headers, WaitingHeaders, (waiting) => waiting.#whole);
  }

  readonly #list: readonly (readonly [name: string, value: string])[];
  #made: Headers | undefined;

  /** Each name once, in lower case. */
  constructor(list: readonly (readonly [name: string, value: string])[]) {
    super();
    this.#list = list;
  }

  get #whole(): Headers {
    return (this.#made ??= new Headers(this.#list.map(([name, value]): [string, string] => [name, value])));
  }

  /** In the order of their names. Whoever changes them on the way meets what is there then, as on the platform. */
  override *entries(): ReturnType<Headers["entries"]> {
    const sorted = [...this.#list].sort(([one], [other]) => (one < other ? -1 : 1));
    for (let place = 0; ; place += 1) {
      const pair = this.#made === undefined ? sorted[place] : [...this.#made][place];
      if (pair === undefined) return;
      yield [pair[0], pair[1]];
    }
  }

  override [Symbol.iterator](): ReturnType<Headers["entries"]> {
    return this.entries();
  }
}

/**
 * A response that the platform makes only where more is asked of it than its status, its headers and its text. The official
 * client asks for nothing else, and making a response takes the platform longer than the engine takes for the answer.
 *
 * For the official client alone: a platform that is handed a response, as the answer to an event of `fetch`, looks behind what
 * its members say. The client has read the answer by then, and no platform takes a response that was read.
 */
export class WaitingResponse extends Response {
  static {
    forwardOthers(Response, WaitingResponse, (waiting) => waiting.#whole);
  }

  readonly #text: string;
  readonly #status: number;
  readonly #list: [name: string, value: string][];
  #headers: Headers | undefined;
  #isRead = false;
  #made: WholeResponse | undefined;

  constructor(text: string, status: number, headers: [name: string, value: string][]) {
    super();
    this.#text = text;
    this.#status = status;
    this.#list = headers;
  }

  override get status(): number {
    return this.#status;
  }

  override get ok(): boolean {
    return this.#status >= 200 && this.#status < 300;
  }

  override get headers(): Headers {
    return (this.#headers ??= new WaitingHeaders(this.#list));
  }

  override get bodyUsed(): boolean {
    return this.#made?.bodyUsed ?? this.#isRead;
  }

  override text(): Promise<string> {
    if (this.#made !== undefined || this.#isRead) return this.#whole.text();
    this.#isRead = true;
    return Promise.resolve(this.#text);
  }

  override json(): Promise<unknown> {
    if (this.#made !== undefined || this.#isRead) return this.#whole.json();
    this.#isRead = true;
    return new Promise((resolve) => resolve(JSON.parse(this.#text)));
  }

  /** The response itself, as far read as this one. */
  get #whole(): WholeResponse {
    if (this.#made === undefined) {
      this.#made = new WholeResponse(this.#text, { status: this.#status, headers: this.#list });
      if (this.#isRead) void this.#made.text();
    }
    return this.#made;
  }

  /** With the headers as they are by now. */
  override clone(): Response {
    const { body } = this.#whole.clone();
    return new Response(body, { status: this.#status, headers: this.headers });
  }
}
