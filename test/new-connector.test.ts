import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
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

test('the page makes a connector that is listed, checked and tested', () => {
  const page = readFileSync(join(root, 'ADD_A_CONNECTOR.md'), 'utf8')
  expect(page).toContain('npm run new:connector -- acme')
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const [command, ...args] = scripts['new:connector'].split(' ')
  run(command, [...args, 'acme'])

  const list = readFileSync(join(copy, 'packages/connectors/src/shipped-connectors.ts'), 'utf8')
  expect(list).toContain("import { acme } from './acme/index.js'")
  expect(list).toMatch(/\[[^\]]*, acme\]/)
  for (const file of page.matchAll(/^\| `([a-z-]+\.(?:ts|md))`/gm)) {
    expect(() => readFileSync(join(copy, 'packages/connectors/src/acme', file[1] ?? ''))).not.toThrow()
  }
  run(join(root, 'node_modules/.bin/tsc'), ['-p', 'packages/connectors', '--noEmit', '--customConditions', 'source'])
  expect(page).toContain('npx vitest run packages/connectors/src/acme')
  run(join(root, 'node_modules/.bin/vitest'), ['run', 'packages/connectors/src/acme'])
})

test('an id that cannot be is refused, and nothing is made', () => {
  const script = 'packages/connectors/scripts/new-connector.mjs'
  expect(() => run('node', [script, 'Acme Corp'])).toThrow(/no id of a connector/)
  expect(() => run('node', [script, 'twse'])).toThrow(/there already/)
})
