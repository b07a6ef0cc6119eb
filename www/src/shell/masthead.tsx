/** The top of the page: what this is, and where everything is. */

/** The parts of the page, in their order. */
const PARTS = [
  ["order", "Order"],
  ["hour", "Busy hour"],
  ["books", "Books"],
  ["day", "Settlement"],
  ["webhook", "Webhook"],
  ["files", "Your files"],
  ["storm", "Storm"],
] as const;

export function Masthead() {
  return (
    <>
      <a class="skip" href="#order">
        Skip to the first story
      </a>
      <header class="masthead">
        <nav aria-label="Parts of this page">
          <strong>Tillproof</strong>
          <ul>
            {PARTS.map(([id, label]) => (
              <li key={id}>
                <a href={`#${id}`}>{label}</a>
              </li>
            ))}
          </ul>
        </nav>
        <h1>The merchant’s side of a payment, provable to the cent</h1>
        <div class="pitch">
          <p class="promise">
            The answer to a charge gets lost. Was the card charged? Most shops guess, and some customers pay twice. Below, a shop, a gateway and the network
            between them run in this page, in WebAssembly. Nothing leaves your machine.
          </p>
          <p class="install">
            <code>npm install tillproof</code> <span>No dependencies. Node, Bun, Deno, Workers and browsers.</span>
          </p>
        </div>
      </header>
    </>
  );
}
