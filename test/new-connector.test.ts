import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { shippedConnectors } from '@barkeep/connectors'
import { afterAll, beforeAll, expect, test } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))
let copy: string

/** The steps of ADD_A_CONNECTOR.md are followed in a copy of what they touch, inside the repository for its modules. */
beforeAll(() => {
  copy = mkdtempSync(join(root, 'node_modules/.new-connector-'))
  for (const path of ['packages/connectors', 'tsconfig.base.json', 'vitest.config.ts']) {
    cpSync(join(root, path), join(copy, path), {
      recursive: true,
      filter: (source) => !/\/(dist|node_modules)$|tsbuildinfo$/.test(source),
    })
  }
  symlinkSync(join(root, 'packages/core'), join(copy, 'packages/core'))
})

afterAll(() => rmSync(copy, { recursive: true }))

const run = (command: string, args: readonly string[]) =>
  execFileSync(command, args, { cwd: copy, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })

/** What the formatter and the linter make of a text; the copy itself lies where they do not look. */
const tidied = (name: string, text: string) =>
  execFileSync(
    join(root, 'node_modules/.bin/biome'),
    ['check', '--write', `--stdin-file-path=packages/connectors/src/${name}`],
    { cwd: root, encoding: 'utf8', input: text, stdio: ['pipe', 'pipe', 'pipe'] },
  )

test('the page makes a connector that is listed, tidy, checked and tested', () => {
  const page = readFileSync(join(root, 'ADD_A_CONNECTOR.md'), 'utf8')
  expect(page).toContain('npm run new:connector -- acme')
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const [command, ...args] = scripts['new:connector'].split(' ')
  run(command, [...args, 'acme'])

  const list = readFileSync(join(copy, 'packages/connectors/src/shipped-connectors.ts'), 'utf8')
  expect(list).toContain("import { acme } from './acme/index.js'")
  expect(list).toMatch(/\n {2}acme,\n\]\n$/)
  expect(tidied('shipped-connectors.ts', list)).toBe(list)
  for (const file of page.matchAll(/^\| `([a-z-]+\.(?:ts|md))`/gm)) {
    expect(() => readFileSync(join(copy, 'packages/connectors/src/acme', file[1] ?? ''))).not.toThrow()
  }
  const made = readdirSync(join(copy, 'packages/connectors/src/acme')).filter((name) => name.endsWith('.ts'))
  const linesOf = (names: readonly string[]) =>
    names
      .map((name) => readFileSync(join(copy, 'packages/connectors/src/acme', name), 'utf8').split('\n').length - 1)
      .reduce((sum, lines) => sum + lines, 0)
  const tests = made.filter((name) => name.endsWith('.test.ts'))
  const code = made.filter((name) => !tests.includes(name))
  expect(page).toContain(`${linesOf(code)} lines of code, ${linesOf(tests)} of tests`)
  run(join(root, 'node_modules/.bin/tsc'), ['-p', 'packages/connectors', '--noEmit', '--customConditions', 'source'])
  expect(page).toContain('npx vitest run packages/connectors/src/acme')
  run(join(root, 'node_modules/.bin/vitest'), ['run', 'packages/connectors/src/acme'])
})

test('what the page says is there, is there', () => {
  const page = readFileSync(join(root, 'ADD_A_CONNECTOR.md'), 'utf8')
  const source = join(root, 'packages/connectors/src')
  const helpers = [...page.matchAll(/^\| [^|`]+ \| ((?:`\w+`(?:, )?)+) \| ((?:`[^`]+`(?:, )?)+) \|$/gm)]
  expect(helpers.length).toBeGreaterThan(8)
  for (const [, names = '', places = ''] of helpers) {
    const texts = [...places.matchAll(/`([^`]+)`/g)].map(([, place = '']) =>
      readFileSync(place === '@barkeep/core' ? join(root, 'packages/core/src/index.ts') : join(source, place), 'utf8'),
    )
    for (const [, name = ''] of names.matchAll(/`(\w+)`/g)) {
      const isThere = texts.some((text) =>
        new RegExp(`export (?:function\\*? ${name}\\b|\\{[^}]*\\b${name}\\b)`).test(text),
      )
      expect([name, isThere]).toEqual([name, true])
    }
  }
  for (const [, target = ''] of page.matchAll(/\]\((?!https?:)([^)#]+)/g)) {
    expect([target, existsSync(join(root, target))]).toEqual([target, true])
  }
  for (const { id } of shippedConnectors) expect(page).toContain(`\n| \`${id}\` | `)
})

test.each(['ab', 'zz', 'a'.repeat(32)])('all that is made for %s is tidy, however long the id is', (id) => {
  const script = 'packages/connectors/scripts/new-connector.mjs'
  const folder = join(copy, `made-${id}`)
  mkdirSync(folder)
  cpSync(join(root, 'packages/connectors/src/shipped-connectors.ts'), join(folder, 'shipped-connectors.ts'))
  run('node', [script, id, folder])
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => /\.(ts|json)$/.test(name))
  expect(files.length).toBeGreaterThan(5)
  for (const name of files) {
    const text = readFileSync(join(folder, name), 'utf8')
    expect(tidied(name, text), name).toBe(text)
  }
})

test('an id that cannot be is refused, and nothing is made', () => {
  const script = 'packages/connectors/scripts/new-connector.mjs'
  expect(() => run('node', [script, 'Acme Corp'])).toThrow(/no id of a connector/)
  expect(() => run('node', [script, 'twse'])).toThrow(/there already/)
})
