// Prints the table of lines in ADD_A_CONNECTOR.md: `node packages/connectors/scripts/count-lines.mjs`.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const source = fileURLToPath(new URL('../src/', import.meta.url))
const emulator = fileURLToPath(new URL('../../../testing/emulator/src/', import.meta.url))
const isTest = (file) => /\.(test|contract)\.ts$/.test(file)
const isFixture = (file) => file.includes('/fixtures/')

/** The lines of the files of a folder that are of one kind. */
function lines(folder, isOfKind) {
  if (!existsSync(folder)) return 0
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
  return files.filter(isOfKind).reduce((sum, file) => sum + readFileSync(file, 'utf8').split('\n').length - 1, 0)
}

const isCode = (file) => file.endsWith('.ts') && !isTest(file) && !isFixture(file)
const ids = readdirSync(source).filter((name) => existsSync(join(source, name, 'index.ts')))
console.log('| connector | code | tests | fixtures | emulator |\n| --- | ---: | ---: | ---: | ---: |')
for (const id of ids) {
  const counts = [isCode, isTest, isFixture].map((isOfKind) => lines(join(source, id), isOfKind))
  console.log(
    `| \`${id}\` | ${[...counts, lines(join(emulator, id), isCode)].map((count) => count || '–').join(' | ')} |`,
  )
}
