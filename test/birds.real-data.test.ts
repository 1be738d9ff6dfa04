import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@barkeep/client'
import { loadConfig, type RunningServer, startServer } from '@barkeep/server'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { dataIsThere, dataRoot } from './real-data-files.js'

const there = dataIsThere('birds')
const file = `${dataRoot}/birds/birds.json`

interface Bird {
  readonly BirdNo: string
  readonly Location: string
}

let directory: string
let server: RunningServer

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'barkeep-birds-'))
  server = await startServer(loadConfig({ flags: { data: directory, port: '0' } }))
})

afterAll(async () => {
  await server.close()
  rmSync(directory, { recursive: true })
})

test.skipIf(!there)('the survey is published from its file and read back row by row', async () => {
  const text = readFileSync(file, 'utf8')
  const survey: Bird[] = JSON.parse(text)
  let requests = 0
  const client = createClient({
    url: server.url,
    fetch: (input, init) => {
      requests += 1
      return fetch(input, init)
    },
  })
  const birds = client.dataset<Bird>('birds')
  const report = await birds.insert(text, { contentType: 'application/json', key: ['BirdNo'], title: 'Breeding birds' })
  expect(report).toEqual({ dataset: 'birds', rows: 1_000, replaced: 0, created: true })

  requests = 0
  expect(await birds.rows({ limit: 5 }).toArray()).toEqual(survey)
  expect(requests).toBe(200)

  requests = 0
  const seen: string[] = []
  for await (const { BirdNo } of birds.rows({ limit: 5 })) {
    seen.push(BirdNo)
    if (BirdNo === '40250') break
  }
  expect([seen.length, requests]).toEqual([49, 10])

  const lodge = await birds.rows({ where: { Location: '玉山排雲山莊' } }).toArray()
  expect(lodge).toEqual(survey.filter(({ Location }) => Location === '玉山排雲山莊'))
  expect(lodge.length).toBe(110)
  expect(await birds.row('40250')).toEqual(survey.find(({ BirdNo }) => BirdNo === '40250'))
  expect(await birds.rows().total()).toBe(1_000)
})

test.skipIf(!there)(
  'the survey is walked through by the plain paged API, and its numbers and dates can be typed',
  async () => {
    const survey: Bird[] = JSON.parse(readFileSync(file, 'utf8'))
    let requests = 0
    const client = createClient({
      url: server.url,
      fetch: (input, init) => {
        requests += 1
        return fetch(input, init)
      },
    })
    const options = { contentType: 'application/json', key: ['BirdNo'], types: 'auto' } as const
    await client.dataset('typed-birds').insert(readFileSync(file), options)
    const { columns } = await client.dataset('typed-birds').info()
    expect(columns.flatMap(({ name, type }) => (type === 'string' ? [] : [`${name}:${type}`]))).toEqual([
      'BirdNo:integer',
      'SurveyDate:date',
      'WGS84Lon:number',
      'WGS84Lat:number',
      'TaiBNETCode:integer',
      'Quantity:integer',
    ])
    const typed = await client.dataset<Record<string, unknown>>('typed-birds').rows({ where: { Quantity: { gt: 9 } } })
    expect(typed.length).toBe(survey.filter((bird) => Number(Reflect.get(bird, 'Quantity')) > 9).length)

    await client.dataset('plain-birds').insert(readFileSync(file), { ...options, types: {} })
    requests = 0
    const read: unknown[] = []
    for await (const bird of client.plain('plain-birds', { take: 5 })) read.push(bird)
    expect([read, requests]).toEqual([survey, 200])
    requests = 0
    let seen = 0
    for await (const _ of client.plain('plain-birds', { take: 5 })) if (++seen === 50) break
    expect(requests).toBe(10)
  },
)

test.skipIf(!there)('every column of the survey is text, though half of them look like numbers and dates', async () => {
  const { data } = await (await fetch(`${server.url}/v1/datasets/birds`)).json()
  const columns: { name: string; type: string }[] = data.columns
  expect([columns.length, new Set(columns.map(({ type }) => type))]).toEqual([12, new Set(['string'])])
})
