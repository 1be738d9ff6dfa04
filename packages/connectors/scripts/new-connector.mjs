// Makes the folder of a new connector: `npm run new:connector -- <id>`. ADD_A_CONNECTOR.md says how to go on.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { connectorFiles } from './connector-template.mjs'

const [id = '', source = fileURLToPath(new URL('../src/', import.meta.url))] = process.argv.slice(2)

if (!/^[a-z][a-z0-9]{1,31}$/.test(id)) {
  stop(
    `'${id}' is no id of a connector. Write 2 to 32 small letters and digits, a letter first: npm run new:connector -- acme`,
  )
}
const folder = join(source, id)
if (existsSync(folder)) stop(`${folder} is there already.`)

for (const [name, content] of Object.entries(connectorFiles(id))) {
  mkdirSync(join(folder, name, '..'), { recursive: true })
  writeFileSync(join(folder, name), content)
}

// The list of shipped connectors names each one: an import and a place in the array.
const list = join(source, 'shipped-connectors.ts')
const text = readFileSync(list, 'utf8')
writeFileSync(
  list,
  text
    .replace(
      "import type { Connector } from '@barkeep/core'\n",
      (line) => `${line}import { ${id} } from './${id}/index.js'\n`,
    )
    .replace(/\[(.*)\]\s*$/s, (_, names) => `[${names.trim().replace(/,$/, '')}, ${id}]\n`),
)

console.log(`${folder} is a working connector for an upstream that does not exist yet.
Next: ADD_A_CONNECTOR.md, step 2. Its tests: npx vitest run packages/connectors/src/${id}`)

function stop(message) {
  console.error(message)
  process.exit(1)
}
