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

// The list of shipped connectors names each one: an import, in the order of their names, and a last place in the array.
const list = join(source, 'shipped-connectors.ts')
const lines = readFileSync(list, 'utf8').split('\n')
const line = `import { ${id} } from './${id}/index.js'`
const isImport = (one) => one.startsWith('import { ')
const before = lines.findIndex((one) => isImport(one) && one.split("'")[1] > line.split("'")[1])
lines.splice(before === -1 ? lines.findLastIndex(isImport) + 1 : before, 0, line)
lines.splice(lines.lastIndexOf(']'), 0, `  ${id},`)
writeFileSync(list, lines.join('\n'))

console.log(`${folder} is a working connector for an upstream that does not exist yet.
Next: ADD_A_CONNECTOR.md, step 2. Its tests: npx vitest run packages/connectors/src/${id}`)

function stop(message) {
  console.error(message)
  process.exit(1)
}
