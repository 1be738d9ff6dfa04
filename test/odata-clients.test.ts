import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { loadConfig, type RunningServer, startServer } from '@barkeep/server'
import { OData } from '@odata/client'
import type { FetchProxy } from '@odata/client/lib/types.js'
import { FetchClient } from '@odata2ts/http-client-fetch'
import { o } from 'o.js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const require = createRequire(import.meta.url)
let directory: string
let server: RunningServer
let root: string

/** No client here doubles quotes in the texts it puts into a filter, so none is asked for such a text. */
const birds = Array.from({ length: 25 }, (_, index) => ({
  No: `b${String(index).padStart(2, '0')}`,
  Place: index % 2 === 0 ? '玉山' : "it's here",
  Count: index,
  Lon: index / 4,
  Seen: `2026-11-${String((index % 5) + 10)}`,
}))

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'barkeep-odata-clients-'))
  server = await startServer(loadConfig({ flags: { data: directory, port: '0', 'api.rowsPerPageMax': '10' } }))
  root = `${server.url}/odata/v4/`
  const answer = await fetch(`${server.url}/v1/datasets/birds/rows?key=No`, {
    method: 'POST',
    body: JSON.stringify(birds),
    headers: { 'content-type': 'application/json' },
  })
  if (!answer.ok) throw new Error(await answer.text())
})

afterAll(async () => {
  await server.close()
  rmSync(directory, { recursive: true })
})

const numbers = (rows: readonly { No: string }[]) => rows.map(({ No }) => No)

describe('o.js', () => {
  test('reads, filters, orders and selects', async () => {
    const client = o(root)
    expect(numbers(await client.get('birds').query({ $filter: "Place eq '玉山' and Count gt 20" }))).toEqual([
      'b22',
      'b24',
    ])
    expect(await client.get('birds').query({ $orderby: 'Count desc', $top: 2, $select: 'No' })).toEqual([
      { No: 'b24' },
      { No: 'b23' },
    ])
  })

  test('finds one by its key, and is told when there is none', async () => {
    expect(await o(root).get("birds('b03')").query()).toMatchObject({
      No: 'b03',
      Place: "it's here",
      Seen: '2026-11-13',
    })
    await expect(o(root).get("birds('none')").query()).rejects.toMatchObject({ status: 404 })
  })
})

describe('@odata/client', () => {
  const set = () =>
    OData.New4({ serviceEndpoint: root, fetchProxy: plainFetch }).getEntitySet<(typeof birds)[number]>('birds')

  test('queries with the filters it builds', async () => {
    const filter = OData.newFilter().property('Place').eq('玉山').property('Count').gt(20)
    expect(numbers(await set().query(filter))).toEqual(['b22', 'b24'])
    const options = OData.newOptions<(typeof birds)[number]>().orderby('Count', 'desc').top(3).skip(1)
    expect(numbers(await set().query(options))).toEqual(['b23', 'b22', 'b21'])
  })

  test('counts, and finds one by its key', async () => {
    expect(await set().count(OData.newFilter().property('Count').lt(5))).toBe(5)
    expect(await set().retrieve('b07')).toMatchObject({ No: 'b07', Count: 7 })
  })
})

/** The client's own way to fetch predates the one of Node. */
const plainFetch: FetchProxy = async (url, init) => {
  const headers = init.headers as Record<string, string> // the client makes them as a plain object
  const response = await fetch(url, { method: init.method ?? 'GET', headers })
  const text = await response.text()
  const isJson = response.headers.get('content-type')?.includes('json') === true
  return { content: isJson ? JSON.parse(text) : text, response }
}

/** As much of what is generated as the test uses; the compiler knows none of it. */
interface Builder {
  select(name: string): Builder
  filter(...conditions: unknown[]): Builder
  orderBy(order: unknown): Builder
}
type Field = Record<'eq' | 'gt' | 'desc', (value?: unknown) => unknown>
interface Generated {
  readonly data: { readonly value: readonly (typeof birds)[number][]; readonly '@odata.nextLink'?: string }
}

describe('odata2ts, out of $metadata', () => {
  test('generates a client that reads what the model has', async () => {
    const model = join(directory, 'metadata.xml')
    writeFileSync(model, await (await fetch(`${root}$metadata`)).text())
    const compilerOptions = { module: 'commonjs', moduleResolution: 'node', target: 'es2022' }
    writeFileSync(join(directory, 'tsconfig.json'), JSON.stringify({ compilerOptions }))
    // So that what is generated finds the packages it imports.
    symlinkSync(new URL('../node_modules', import.meta.url).pathname, join(directory, 'node_modules'))
    const cli = require.resolve('@odata2ts/odata2ts/lib/run-cli.js')
    const options = ['-s', model, '-o', join(directory, 'client'), '-m', 'all', '-e', 'js']
    // The generator wants enums of a TypeScript before 7; the one that its own ts-morph carries has them.
    const preload = join(directory, 'typescript-of-ts-morph.cjs')
    writeFileSync(
      preload,
      `const Module = require('node:module')
      const load = Module._load
      Module._load = (name, ...rest) => name === 'typescript' ? require('@ts-morph/common').ts : load(name, ...rest)`,
    )
    await promisify(execFile)(process.execPath, ['-r', preload, cli, ...options], { cwd: directory })
    const { BarkeepService } = require(join(directory, 'client', 'BarkeepService.js'))
    const service = new BarkeepService(new FetchClient(), root.slice(0, -1))

    const page: Generated = await service.birds().query()
    expect(page.data.value).toEqual(birds.slice(0, 10))
    expect(page.data['@odata.nextLink']).toContain('$skiptoken=')
    const found: Generated = await service
      .birds()
      .query((builder: Builder, bird: Record<string, Field>) =>
        builder.select('No').filter(bird.Place?.eq('玉山'), bird.Count?.gt(20)).orderBy(bird.Count?.desc()),
      )
    expect(found.data.value).toEqual([{ No: 'b24' }, { No: 'b22' }])
    const one: { data: unknown } = await service.birds('b07').query()
    expect(one.data).toMatchObject({ No: 'b07', Count: 7 })
  })
})
