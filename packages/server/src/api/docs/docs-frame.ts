/** A page of the documentation. */
export interface DocsPage {
  readonly title: string
  /** HTML; text in it is escaped by who wrote it. */
  readonly body: string
  /** Added to the head. */
  readonly head?: string
}

/** The frame of all pages: one look in light and dark, on a wide screen and on a phone, and nothing from elsewhere. */
export function docsFrame({ title, body, head = '' }: DocsPage): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(title)}</title>
<link rel="icon" href="data:,">
${head}<style>${style}</style>
</head>
<body>
<header><nav><a class="home" href="/docs">Barkeep</a><a href="/docs#api">API</a><a href="/docs#data">Data</a><a href="/docs/errors">Errors</a><a href="/openapi.json">OpenAPI</a></nav></header>
<main>
${body}
</main>
<script>${script}</script>
</body>
</html>
`
}

export function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}

/** Text of the catalogue, in which code stands between backticks. */
export function inlineHtml(text: string): string {
  return escapeHtml(text).replaceAll(/`([^`]+)`/g, '<code>$1</code>')
}

export function codeBlock(code: string): string {
  return `<pre><code>${escapeHtml(code)}</code></pre>`
}

/** A read that one can try: its command for the shell, and a button that shows the answer under it. */
export function runnable(path: string, origin: string, what: string): string {
  const shell = `curl '${origin}${path.replaceAll("'", '%27')}'`
  return `<div class="run"><p>${inlineHtml(what)}</p>${codeBlock(shell)}<button type="button" data-run="${escapeHtml(path)}">Run</button></div>`
}

const style = `
:root{--ink:#1d2430;--soft:#5b6675;--paper:#fff;--card:#f5f7f9;--line:#dde3ea;--link:#0b6bcb;--accent:#0f7b5f}
@media(prefers-color-scheme:dark){:root{--ink:#e6e9ee;--soft:#a2adba;--paper:#16191d;--card:#1f242a;--line:#343c46;--link:#74b5ff;--accent:#4fc3a1}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,sans-serif}
main,nav{max-width:68rem;margin:0 auto;padding:0 1.25rem}
header{border-bottom:1px solid var(--line)}
nav{display:flex;flex-wrap:wrap;gap:.2rem 1.25rem;padding-top:.8rem;padding-bottom:.8rem}
.home{font-weight:700;color:var(--ink)}
a{color:var(--link);text-decoration:none}a:hover{text-decoration:underline}
h1{font-size:1.9rem;line-height:1.2;margin:1.8rem 0 .5rem}h2{font-size:1.25rem;margin:2.2rem 0 .6rem}h3{font-size:1.05rem;margin:1.8rem 0 .3rem}
.lead{font-size:1.1rem;color:var(--soft);max-width:46rem;margin:.3rem 0 1.2rem}
.soft{color:var(--soft)}
code{font:.875em/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;overflow-wrap:anywhere}
pre{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:.75rem .9rem;margin:.4rem 0;overflow-x:auto}
pre code{overflow-wrap:normal}
pre.answer{font-size:.82rem;max-height:22rem;border-left:3px solid var(--accent)}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,20rem),1fr));gap:1rem}
.card{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:.9rem 1.1rem}
.card h3{margin:0 0 .3rem}.card p{margin:.2rem 0}.card ul{margin:.3rem 0;padding-left:1.1rem}
.run{display:grid;grid-template-columns:minmax(0,1fr) auto;gap:0 .6rem;align-items:center;margin:0 0 .8rem}.run p,.run .answer{grid-column:1/-1;margin:0}
button[data-run]{font:inherit;font-size:.9rem;color:var(--paper);background:var(--accent);border:0;border-radius:6px;padding:.3rem .9rem;min-height:2.1rem;cursor:pointer}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:.95rem}th,td{text-align:left;vertical-align:top;padding:.4rem .9rem .4rem 0;border-bottom:1px solid var(--line)}th{color:var(--soft);font-weight:600}
.toc{columns:16rem;padding-left:1.1rem;font-size:.9rem}
.status{display:inline-block;min-width:2.6rem;color:var(--soft)}
section.code{border-top:1px solid var(--line);padding:.2rem 0 .8rem;scroll-margin-top:1rem}
section.code:target{border-top:3px solid var(--accent)}
`

/** Shows the answer to the request of a button, as text. */
const script = `
for (const button of document.querySelectorAll('button[data-run]')) button.addEventListener('click', async () => {
  const shown = button.nextElementSibling ?? button.parentElement.appendChild(document.createElement('pre'))
  shown.className = 'answer'
  shown.textContent = 'Asking …'
  try {
    const started = performance.now()
    const answer = await fetch(button.dataset.run)
    const text = await answer.text()
    const told = answer.status + ' ' + answer.statusText + ', ' + Math.round(performance.now() - started) + ' ms\\n\\n'
    const isJson = (answer.headers.get('content-type') ?? '').includes('json')
    shown.textContent = told + (isJson ? JSON.stringify(JSON.parse(text), null, 2) : text).slice(0, 20000)
  } catch (error) {
    shown.textContent = String(error)
  }
})
`
