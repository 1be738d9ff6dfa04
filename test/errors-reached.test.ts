import { readdirSync, readFileSync } from 'node:fs'
import { errorCatalogue } from '@barkeep/core'
import { expect, test } from 'vitest'

const root = new URL('..', import.meta.url)
/** Where codes stand because they are the catalogue's, and not because something led to them. */
const itself = /(?:errors|errors-reached)\.test\.ts$/

const tests = ['packages', 'test', 'testing'].flatMap((folder) =>
  readdirSync(new URL(folder, root), { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.(?:test|contract)\.ts$/.test(path) && !/node_modules|dist\//.test(path) && !itself.test(path))
    .map((path) => readFileSync(new URL(`${folder}/${path}`, root), 'utf8')),
)

test.each(Object.keys(errorCatalogue))('%s is reached by a test', (code) => {
  expect(tests.some((text) => text.includes(`'${code}'`) || text.includes(`"code":"${code}"`))).toBe(true)
})
