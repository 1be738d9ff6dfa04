import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { type FileFormat, shippedFormats } from '@barkeep/connectors'
import { BarkeepError, builtInExchanges, type IngestReport } from '@barkeep/core'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type ImportJob, importFiles } from './import.js'
import { findFormat, importFormatsHelp } from './import-formats.js'
import { REFUSED_SHOWN_MAX } from './refused-file.js'
import { runCommand } from './run-command.contract.js'

const home = process.cwd()
let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'barkeep-import-'))
  process.chdir(folder)
})
afterEach(() => {
  process.chdir(home)
  rmSync(folder, { recursive: true, force: true })
})

function put(name: string, content: string | Uint8Array): string {
  mkdirSync(dirname(name), { recursive: true })
  writeFileSync(name, content)
  return name
}

const header = 'instrument,ts,open,high,low,close,volume,turnover,trades\n'
const rowAt = (minute: number, trades = 1) =>
  `TWSE:2330,2026-11-20T01:${String(minute).padStart(2, '0')}:00Z,1,1,1,1,1,,${trades}`
const generic = shippedFormats.find(({ id }) => id === 'generic') as FileFormat // it is shipped

/** A server that keeps bars by instrument and time, and refuses those with more trades than fit, up to `namedMax` at once. */
function createFakeServer({ tradesMax = 100, namedMax = 2 } = {}) {
  const kept = new Map<string, string>()
  const bodies: string[] = []
  return {
    kept,
    bodies,
    async createBars(interval: '1m' | '1h' | '1d', body: unknown): Promise<IngestReport> {
      bodies.push(String(body))
      const rows = String(body).trimEnd().split('\n').slice(1)
      const faults = rows.flatMap((row, index) =>
        Number(row.split(',')[8]) > tradesMax
          ? [
              {
                code: 'INVALID_ROWS' as const,
                message: 'trades is too large',
                resource: 'bars',
                field: 'trades',
                index,
              },
            ]
          : [],
      )
      if (faults.length > 0)
        throw new BarkeepError('INVALID_ROWS', { message: 'Nothing was written', errors: faults.slice(0, namedMax) })
      const keys = rows.map((row) => row.split(',').slice(0, 2).join())
      const replaced = keys.filter((key) => kept.has(key)).length
      for (const [index, key] of keys.entries()) kept.set(key, rows[index] ?? '')
      return { interval, rows: rows.length, replaced, created_instruments: [] }
    },
  }
}

/** Runs an import; gives what it reported and showed, and the error where it failed. */
async function importInto(
  server: ReturnType<typeof createFakeServer>,
  paths: string[],
  given: Partial<ImportJob['given']> = {},
) {
  const report: string[] = []
  let shown = ''
  const job: ImportJob = {
    paths,
    format: generic,
    given: { exchanges: builtInExchanges, interval: '1m', ...given },
    refusedPath: 'refused.csv',
    output: {
      write: (text: string) => {
        shown += text
      },
    },
    report: (line) => report.push(line),
  }
  const error = await importFiles(server, job).then(
    () => undefined,
    (cause: unknown) => cause,
  )
  return { report, shown, error }
}

describe('an import', () => {
  test('that is repeated replaces every bar and doubles none', async () => {
    const server = createFakeServer()
    const path = put('bars.csv', `${header}${rowAt(0)}\n${rowAt(1)}\n${rowAt(2)}\n`)
    expect((await importInto(server, [path])).report).toEqual(['read 3, kept 3 (of which 0 replaced), refused 0'])
    expect((await importInto(server, [path])).report).toEqual(['read 3, kept 3 (of which 3 replaced), refused 0'])
    expect([...server.kept.values()]).toEqual([rowAt(0), rowAt(1), rowAt(2)])
  })

  test('of a file that is named twice over, as it is and packed, replaces too', async () => {
    const text = `${header}${rowAt(0)}\n${rowAt(1)}\n`
    const { report } = await importInto(createFakeServer(), [put('a.csv', text), put('b.csv.gz', gzipSync(text))])
    expect(report).toEqual(['read 4, kept 4 (of which 2 replaced), refused 0'])
  })

  test('says file, line and reason of what it refuses, and goes on', async () => {
    const path = put('bars.csv', `${header}${rowAt(0)}\n${rowAt(0)}\nnonsense\n${rowAt(1)}\n`)
    const { report, shown } = await importInto(createFakeServer(), [path])
    expect(shown).toContain(`bars.csv:3: date repeats: ${rowAt(0)}\nbars.csv:4: missing column: ts: nonsense\n`)
    expect(report).toEqual([
      'read 4, kept 2 (of which 0 replaced), refused 2',
      '  date repeats: 1',
      '  missing column: ts: 1',
    ])
    expect(() => readFileSync('refused.csv')).toThrow(/ENOENT/)
  })

  test('writes all refused rows to a file when they are too many to show', async () => {
    const lines = Array.from({ length: REFUSED_SHOWN_MAX + 5 }, (_, index) => `"line", ${index}`)
    const path = put('bars.csv', `${header}${lines.join('\n')}\n`)
    const { report, shown } = await importInto(createFakeServer(), [path])
    expect(report.at(-1)).toBe('All refused rows with their reasons: refused.csv')
    expect(shown.match(/bars\.csv:\d+:/g)).toHaveLength(REFUSED_SHOWN_MAX)
    const written = readFileSync('refused.csv', 'utf8').trimEnd().split('\n')
    expect(written).toHaveLength(lines.length + 1)
    expect(written[1]).toBe('"bars.csv","2","missing column: open","""line"", 0"')
    expect(written.at(-1)).toContain(`"${lines.length + 1}"`)
  })

  test('fails when the refused rows cannot be written, and says how to mend it', async () => {
    mkdirSync('refused.csv')
    const path = put('bars.csv', `${header}${'nonsense\n'.repeat(REFUSED_SHOWN_MAX + 1)}`)
    const { error } = await importInto(createFakeServer(), [path])
    expect(error).toMatchObject({ code: 'INVALID_PARAMETER', message: expect.stringContaining('--refused') })
  })

  test('leaves out the rows that the server refuses, names their lines, and keeps the rest', async () => {
    const server = createFakeServer()
    const rows = [rowAt(0), 'nonsense', rowAt(1, 101), rowAt(2, 102), rowAt(3), rowAt(4, 103)]
    const { report, shown } = await importInto(server, [put('bars.csv', `${header}${rows.join('\n')}\n`)])
    expect(shown).toContain(`bars.csv:4: trades is too large: ${rowAt(1, 101)}\n`)
    expect(shown).toContain(`bars.csv:5: trades is too large: ${rowAt(2, 102)}\n`)
    expect(shown).toContain(`bars.csv:7: trades is too large: ${rowAt(4, 103)}\n`)
    expect(report[0]).toBe('read 6, kept 2 (of which 0 replaced), refused 4')
    expect(server.bodies.map((body) => body.trimEnd().split('\n').length - 1)).toEqual([5, 3, 2])
    expect([...server.kept.values()]).toEqual([rowAt(0), rowAt(3)])
  })

  test('of which nothing is kept fails, so that a script does not go on', async () => {
    const { report, error } = await importInto(createFakeServer(), [put('bars.csv', `${header}${rowAt(0, 101)}\n`)])
    expect(error).toMatchObject({ code: 'INVALID_ROWS', message: expect.stringContaining('Of 1 lines none was kept') })
    expect(report[0]).toBe('read 1, kept 0 (of which 0 replaced), refused 1')
  })

  test('gives up on a batch of which the server refuses one row after the other, naming file and line', async () => {
    const rows = Array.from({ length: 40 }, (_, minute) => rowAt(minute, 101))
    const { error, report } = await importInto(createFakeServer({ namedMax: 1 }), [
      put('bars.csv', header + rows.join('\n')),
    ])
    expect(error).toMatchObject({
      code: 'INVALID_ROWS',
      message: expect.stringMatching(/^bars\.csv, line 21: the server refuses it/),
    })
    expect(report[0]).toBe('read 0, kept 0 (of which 0 replaced), refused 0')
  })

  test('that is strict stops at the first row that the reader or the server refuses', async () => {
    const byReader = put('a.csv', `${header}${rowAt(0)}\nnonsense\n${rowAt(1)}\n`)
    const first = await importInto(createFakeServer(), [byReader], { strict: true })
    expect(first.error).toMatchObject({
      code: 'INVALID_ROWS',
      message: expect.stringContaining('a.csv, line 3: missing column'),
    })
    expect(first.report).toEqual(['read 1, kept 1 (of which 0 replaced), refused 0'])

    const byServer = put('b.csv', `${header}${rowAt(0)}\n${rowAt(1, 101)}\n`)
    const second = await importInto(createFakeServer(), [byServer], { strict: true })
    expect(second.error).toMatchObject({
      code: 'INVALID_ROWS',
      message: expect.stringContaining('b.csv, line 3: the server refuses it'),
    })
  })

  test('that fails says what was kept until then', async () => {
    const server = createFakeServer()
    const broken = put('b.csv.gz', gzipSync(header + rowAt(5)).subarray(0, 30))
    const { report, error } = await importInto(server, [put('a.csv', `${header}${rowAt(0)}\n`), broken])
    expect(error).toMatchObject({ code: 'UNREADABLE_FILE', message: expect.stringContaining('b.csv.gz') })
    expect(report).toEqual(['read 1, kept 1 (of which 0 replaced), refused 0'])
  })

  test('passes on what else the server says', async () => {
    const error = new BarkeepError('OVER_CAPACITY', { message: 'Later.' })
    const server = { ...createFakeServer(), createBars: () => Promise.reject(error) }
    expect((await importInto(server, [put('a.csv', `${header}${rowAt(0)}\n`)])).error).toBe(error)
  })
})

describe('the format of an import', () => {
  test('that is unknown is refused with all that there are, and the nearest', () => {
    expect(() => findFormat(shippedFormats, 'yahoo-cvs')).toThrow(
      expect.objectContaining({
        code: 'UNKNOWN_FORMAT',
        message:
          "'yahoo-cvs' is not a format. There are taiwan-daily, lean, yahoo-csv, multicharts, generic. Did you mean 'yahoo-csv'?",
      }),
    )
  })

  test('that is not told is asked for', () => {
    expect(() => findFormat(shippedFormats, undefined)).toThrow(/^--format is missing: .* There are taiwan-daily,/)
  })

  test('may be one’s own, which the help lists with the others', () => {
    put('barkeep.config.json', JSON.stringify({ formats: { mine: { ...generic, id: 'mine', title: 'My own' } } }))
    const lines = importFormatsHelp().split('\n')
    expect(lines).toContain('  mine          My own')
    expect(lines).toContain('  taiwan-daily  Daily bars of Taiwan, one headerless CSV per code, ROC dates')
  })

  test('that cannot be right is refused with its place in the file', () => {
    put('barkeep.config.json', JSON.stringify({ formats: { mine: { ...generic, id: 'mine', label: 'end' } } }))
    expect(importFormatsHelp).toThrow(
      'barkeep.config.json: formats.mine.label: "end" is not one of left, right, likely-right.',
    )
  })
})

describe('the worked example of the README', () => {
  const readme = fileURLToPath(new URL('../../connectors/src/file/README.md', import.meta.url))
  const section = /## Declare your own\n(.*?)\n\| field/s.exec(readFileSync(readme, 'utf8'))?.[1] ?? ''
  const blocks = [...section.matchAll(/```\w+\n(.*?)```/gs)].map(([, text = '']) => text)
  const [config = '', file = '', commands = '', report = '', bars = ''] = blocks

  test('does what it says, from the config file to the bars', async () => {
    put('barkeep.config.json', config)
    put('data-of-my-broker/TWSE/2330.txt', file)
    const answers: string[] = []
    for (const line of commands.trimEnd().split('\n')) answers.push(await runCommand(line))
    expect(answers).toEqual([report, bars])
  })
})
