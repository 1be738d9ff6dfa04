import { appendFile, utimes } from 'node:fs/promises'
import { gzipSync } from 'node:zlib'
import { builtInExchanges, isAbsence, type JsonObject, type Page, type Task } from '@barkeep/core'
import { describe, expect, it } from 'vitest'
import { fakeContext } from '../fake-context.contract.js'
import { file } from './connector.js'
import { useFolder } from './file-reading.contract.js'
import { folderSettings } from './folders.js'

const { path: folder, put } = useFolder()
const header = 'ts,open,high,low,close,volume'
const day = (date: string, close = 10) => `${date},10,${close + 1},9,${close},1000`

/** Runs a plan to its end as the engine does, one task after the other; `kept` is what the store has of files. */
async function crawl(
  settings: Readonly<Record<string, unknown>>,
  options: Readonly<Record<string, string>> = {},
  {
    kept = new Map<string, JsonObject>(),
    plan = 'daily-bars',
    start = '1990-01-01',
    end = '2100-01-01',
    before = async (_task: string): Promise<void> => {},
  } = {},
) {
  const read = Object.fromEntries(
    folderSettings.map(({ name, read: ofSetting }) => [name, ofSetting(settings[name], name)]),
  )
  const local = {
    setting: (name: string) => read[name],
    exchanges: builtInExchanges,
    kept: async (_: string, keys: readonly string[]) =>
      new Map(
        keys.flatMap((key) => [[key, kept.get(key)] as const]).flatMap(([key, row]) => (row ? [[key, row]] : [])),
      ),
  }
  const context = { ...fakeContext({ now: '2026-11-22T00:00:00Z' }), local }
  const request = { instruments: [], start, end, options, settings: read, nowMs: context.now() }
  const tasks: Task[] = [...(file.crawls[plan]?.tasks(request) ?? [])]
  const pages: Page[] = []
  const asked: string[] = []
  for (let task = tasks.shift(); task !== undefined; task = tasks.shift()) {
    const name =
      `${task.handler} ${String(task.params.path ?? task.params.folder)} ${String(task.params.part ?? '')}`.trim()
    asked.push(name)
    await before(name)
    const result = await file.handlers[task.handler]?.(task, context)
    if (result === undefined || isAbsence(result.data)) throw new Error(`no page of ${task.handler}`)
    pages.push(result.data)
    tasks.push(...result.nextTasks)
    for (const { rows } of result.data.rows ?? []) for (const row of rows) kept.set(String(row.file), row)
  }
  const bars = pages.flatMap((page) => page.bars ?? []).flatMap((some) => some.bars)
  return {
    bars,
    asked,
    kept,
    refused: pages.flatMap(({ refused = [] }) => refused),
    covers: pages.flatMap(({ covers }) => covers),
  }
}

const folders = (more: object = {}) => ({
  folders: { mine: { path: folder(), format: 'own', interval: '1d', ...more } },
  formats: {
    own: {
      title: 'Own',
      kind: 'csv',
      path: ['{exchange}/{symbol}.csv'],
      dateStyle: 'iso',
      columns: ['ts', 'open', 'high', 'low', 'close', 'volume'],
    },
  },
})

describe('a folder of MultiCharts', () => {
  const multicharts = { path: '', format: 'multicharts', exchange: 'TWSE', volumeUnit: 1000 }
  const crawlOf = (more: object) =>
    crawl({ folders: { mine: { ...multicharts, path: folder(), ...more } } }, {}, { plan: 'minute-bars' })

  it('is read with what the folder tells of its files', async () => {
    await put('2330-Minute-Trade.txt', '11/20/2026,13:30:00,10,11,9,10,5')
    const { bars } = await crawlOf({ dateStyle: 'mdy' })
    expect(bars).toMatchObject([{ instrument: 'TWSE:2330', ts: '2026-11-20T05:29:00Z', volume: 5000 }])
    const { refused } = await crawlOf({})
    expect(refused).toMatchObject([{ reason: expect.stringContaining('tell dateStyle') }])
  })

  it('needs what no file tells, and settings that can be', async () => {
    await put('2330-Minute-Trade.txt', '2026/11/20,13:30:00,10,11,9,10,5')
    await expect(crawlOf({ volumeUnit: undefined })).rejects.toThrow(/nothing tells its volumeUnit/)
    await expect(crawlOf({ label: 'end' })).rejects.toThrow(/mine\.label: "end" is not one of left, right/)
  })
})

describe('a crawl of a folder', () => {
  it('brings the bars of its files, and passes over those that are no part of it', async () => {
    await put('TWSE/1101.csv', `${header}\n${day('2026-11-19')}\n${day('2026-11-20', 11)}\n`)
    await put('NASDAQ/ACME.csv.gz', gzipSync(`${header}\n${day('2026-11-19')}\n`))
    await put('notes.txt', 'not for reading')
    const { bars, asked, covers } = await crawl(folders())
    expect(bars.map(({ instrument, ts, close }) => [instrument, ts, close])).toEqual([
      ['NASDAQ:ACME', '2026-11-19T14:30:00Z', 10],
      ['TWSE:1101', '2026-11-19T01:00:00Z', 10],
      ['TWSE:1101', '2026-11-20T01:00:00Z', 11],
    ])
    expect(bars[0]).toEqual({
      ...{ instrument: 'NASDAQ:ACME', ts: '2026-11-19T14:30:00Z', open: 10, high: 11, low: 9, close: 10 },
      ...{ volume: 1_000, turnover: null, trades: null },
    })
    expect(asked).toEqual([
      'folder mine',
      'file NASDAQ/ACME.csv.gz 0',
      'file TWSE/1101.csv 0',
      'file NASDAQ/ACME.csv.gz 1',
      'file TWSE/1101.csv 1',
    ])
    // What a file lacks may still have happened.
    expect(covers).toEqual([])
  })

  it('reads again only what changed, and everything where that is wanted', async () => {
    await put('TWSE/1101.csv', `${header}\n${day('2026-11-19')}\n`)
    const path = await put('TWSE/1102.csv', `${header}\n${day('2026-11-19')}\n`)
    const { kept } = await crawl(folders())
    expect((await crawl(folders(), {}, { kept })).asked).toEqual(['folder mine'])
    expect((await crawl(folders(), { again: 'yes' }, { kept })).bars).toHaveLength(2)

    await put('TWSE/1102.csv', `${header}\n${day('2026-11-20')}\n`)
    await utimes(path, 1, 1)
    const changed = await crawl(folders(), {}, { kept })
    expect(changed.bars.map(({ instrument, ts }) => [instrument, ts])).toEqual([['TWSE:1102', '2026-11-20T01:00:00Z']])
    // Read in another way, the same bytes are other bars.
    const inLots = { ...folders(), formats: { own: { ...folders().formats.own, volumeUnit: 1_000 } } }
    expect((await crawl(inLots, {}, { kept })).bars.map(({ volume }) => volume)).toEqual([1_000_000, 1_000_000])
  })

  it('leaves out other dates, and reads the file again for them alone', async () => {
    await put('TWSE/1101.csv', `${header}\n${day('2026-11-18')}\n${day('2026-11-19')}\n${day('2026-11-20')}\n`)
    const { bars, kept } = await crawl(folders(), {}, { start: '2026-11-19', end: '2026-11-20' })
    expect(bars.map(({ ts }) => ts)).toEqual(['2026-11-19T01:00:00Z'])
    expect((await crawl(folders(), {}, { kept, start: '2026-11-19', end: '2026-11-20' })).bars).toEqual([])
    expect((await crawl(folders(), {}, { kept })).bars).toHaveLength(3)
    // All of it was wanted, so no later date makes it another file.
    expect((await crawl(folders(), {}, { kept, end: '2200-01-01' })).asked).toEqual(['folder mine'])
  })

  it('reads a long file in parts, whose lines are each kept or refused once', async () => {
    const minutes = Array.from({ length: 25_000 }, (_, index) => {
      const ts = new Date(Date.UTC(2026, 0, 5, 1) + index * 60_000).toISOString().replace('.000', '')
      return `${ts},10,11,9,${index === 7 ? 99 : 10},1000`
    })
    await put('TWSE/1101.csv', `${header}\n${minutes.join('\n')}\n`)
    const { bars, refused, asked, kept } = await crawl(folders({ interval: '1m' }), {}, { plan: 'minute-bars' })
    expect(asked).toEqual(['folder mine', ...[0, 1, 2, 3, 4, 5].map((part) => `file TWSE/1101.csv ${part}`)])
    const row = kept.get('mine/TWSE/1101.csv')
    expect(row).toMatchObject({ lines: 25_000, kept: bars.length, refused: refused.length, start: null, end: null })
    expect(refused).toContainEqual({
      row: expect.stringMatching(/^TWSE\/1101\.csv:9: 2026-01-05T01:07:00Z/),
      reason: 'close is outside low and high',
    })
    expect(new Set(bars.map(({ ts }) => ts)).size).toBe(bars.length)
    expect(bars.length + refused.length).toBe(25_000)
  })

  it('asks a file for one interval only', async () => {
    await put('TWSE/1101.csv', `${header}\n${day('2026-11-19')}\n`)
    expect((await crawl(folders(), {}, { plan: 'minute-bars' })).asked).toEqual(['folder mine'])
    const untold = folders({ interval: undefined })
    await expect(crawl(untold)).rejects.toMatchObject({
      code: 'INVALID_SETTING',
      message: expect.stringContaining('1m, 1h or 1d'),
    })
  })

  it('tells no path in what fails', async () => {
    await put('TWSE/1101.csv.gz', 'this was never packed')
    const failure = await crawl(folders()).catch((error: unknown) => error)
    expect(failure).toMatchObject({
      code: 'UNREADABLE_FILE',
      message: expect.stringMatching(/^mine\/TWSE\/1101\.csv\.gz/),
    })
    expect(String(failure)).not.toContain(folder())
    const gone = { ...folders(), folders: { mine: { path: `${folder()}/gone`, format: 'own' } } }
    const missing = await crawl(gone).catch((error: unknown) => error)
    expect(missing).toMatchObject({ code: 'UNREADABLE_FILE', message: "The folder 'mine' cannot be read." })
  })

  it('leaves a file that changes while it is read, for the next crawl', async () => {
    const path = await put('TWSE/1101.csv', `${header}\n${day('2026-11-19')}\n`)
    const kept = new Map<string, JsonObject>()
    const before = async (asked: string) => {
      if (asked === 'file TWSE/1101.csv 1') await appendFile(path, `${day('2026-11-20')}\n`)
    }
    expect(await crawl(folders(), {}, { kept, before })).toMatchObject({
      refused: [{ row: 'TWSE/1101.csv', reason: 'the file changed while it was read' }],
    })
    expect(kept.size).toBe(0)
    expect((await crawl(folders(), {}, { kept })).bars).toHaveLength(2)
  })

  it('never leaves its folder, whoever made the task', async () => {
    await put('inner/TWSE/1101.csv', `${header}\n${day('2026-11-19')}\n`)
    const outside = await put('TWSE/1102.csv', `${header}\n${day('2026-11-19')}\n`)
    const settings = { ...folders(), folders: { mine: { path: `${folder()}/inner`, format: 'own', interval: '1d' } } }
    const read = Object.fromEntries(
      folderSettings.map(({ name, read: ofSetting }) => [name, ofSetting(Reflect.get(settings, name), name)]),
    )
    const context = {
      ...fakeContext({ now: '2026-11-22T00:00:00Z' }),
      local: { setting: (name: string) => read[name], exchanges: builtInExchanges, kept: async () => new Map() },
    }
    for (const path of ['../TWSE/1102.csv', outside]) {
      const task = { connector: 'file', handler: 'file', params: { folder: 'mine', path, version: '', part: 0 } }
      await expect(file.handlers.file?.(task, context)).rejects.toMatchObject({
        message: expect.stringContaining('it is not in its folder'),
      })
    }
  })
})

describe('an order for a folder', () => {
  it.each([
    ['without any', {}, {}, 'INVALID_SETTING', 'names no folder'],
    [
      'that is none',
      { broker: { path: '/data', format: 'lean' } },
      { folder: 'brokr' },
      'INVALID_PARAMETER',
      "Did you mean 'broker'?",
    ],
    [
      'of a format that is none',
      { broker: { path: '/data', format: 'leen' } },
      {},
      'INVALID_SETTING',
      "Did you mean 'lean'?",
    ],
  ])('%s is refused', async (_, declared, options, code, message) => {
    await expect(crawl({ folders: declared }, options)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message),
    })
  })

  it.each([
    ['[]', 'it must be an object of folders by name'],
    ['{"A b": {}}', 'A b: name it with small letters'],
    ['{"a": {"format": "lean"}}', 'a.path: it must be a folder'],
    ['{"a": {"path": "/data", "format": "lean", "intervall": "1m"}}', "Did you mean 'interval'?"],
    ['{"a": {"path": "/data", "format": "lean", "interval": "5m"}}', '1m, 1h, 1d'],
    ['{"a": ', 'connectors.file.folders: \'{"a": \' is not JSON'],
  ])('that is declared as %s fails as the settings are read', (declared, message) => {
    expect(() => folderSettings[0]?.read(declared, 'connectors.file.folders')).toThrow(message)
  })
})
