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
