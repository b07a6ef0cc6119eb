/**
 * The style and the script of a report's page, and the hashes by which its policy allows them.
 *
 * Invariant: a hash is that of its text (a test compares them), so that nothing else runs on a page that came by mail.
 */

/** Light and dark, on screens and on paper. */
export const STYLE = `:root{color-scheme:light dark;--ink:#1b1f24;--paper:#fff;--faint:#5b6470;--line:#d4d9e0;--bar:#2f6fb7;--less:#b3472f}
@media (prefers-color-scheme:dark){:root{--ink:#e6e9ee;--paper:#14171b;--faint:#a4adb8;--line:#3a424c;--bar:#6aa5e3;--less:#e58a73}}
*{box-sizing:border-box}body{margin:0 auto;max-width:75rem;padding:1rem 1.5rem;font:1rem/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper)}
h1{font-size:1.6rem;margin:0}h2{font-size:1.2rem;margin:2rem 0 .5rem}p{margin:.3rem 0}small,caption{color:var(--faint)}
.cards{display:flex;flex-wrap:wrap;gap:.75rem;margin:0}.cards div{border:1px solid var(--line);border-radius:.4rem;padding:.5rem .9rem}.cards dt{color:var(--faint)}.cards dd{margin:0;font-size:1.4rem;font-variant-numeric:tabular-nums}
table{border-collapse:collapse;width:100%}th,td{border-bottom:1px solid var(--line);padding:.35rem .6rem;text-align:left;vertical-align:top}th{font-weight:600}thead th{position:sticky;top:0;background:var(--paper)}
caption{text-align:left;padding:.2rem 0}.n{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}.bar{width:50%}.bar svg{width:100%;height:1rem;display:block}.total{fill:var(--bar)}.less{fill:var(--less)}
#breaks td,#breaks th{overflow-wrap:break-word}#breaks td:last-child{min-width:18rem}.wide{overflow-x:auto}input,select{font:inherit;color:inherit;background:var(--paper);border:1px solid var(--faint);border-radius:.3rem;padding:.2rem .4rem}label{margin-right:1rem}
@media print{body{max-width:none;padding:0;font-size:.8rem}#filter{display:none}.wide{overflow:visible}#breaks td,#breaks th{overflow-wrap:anywhere}#breaks td:last-child{min-width:0}thead{display:table-header-group}thead th{position:static}tr{break-inside:avoid}.total,.less{print-color-adjust:exact}}`;

/** Shows the rows that hold every word, of one kind where one is chosen. */
export const SCRIPT = `(()=>{const $=id=>document.getElementById(id),rows=[...$("breaks").tBodies[0].rows],texts=rows.map(r=>r.textContent.toLowerCase());const show=()=>{const w=$("words").value.toLowerCase().split(" ").filter(Boolean),k=$("kind").value;let n=0;rows.forEach((r,i)=>{const on=(!k||r.dataset.kind===k)&&w.every(x=>texts[i].includes(x));r.hidden=!on;if(on)n++});$("shown").value=n+" of "+rows.length};$("words").addEventListener("input",show);$("kind").addEventListener("change",show);$("filter").hidden=false;show()})()`;

/** As a policy names it. */
export const STYLE_HASH = "sha256-cA98FcBRcUukeYozecZC5UeRk7nTB5/4iowKOJrgcYA=";

/** As a policy names it. */
export const SCRIPT_HASH = "sha256-4rFflMJs8YOuo3m82nNpecm4KQKepZXH5Ieoy1UpQo8=";
