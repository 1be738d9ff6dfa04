import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadConfig, type RunningServer, startServer } from '@barkeep/server'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runCommand } from './run-command.contract.js'

const home = process.cwd()
let folder: string
let server: RunningServer

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'barkeep-multicharts-'))
  process.chdir(folder)
  mkdirSync('files')
  server = await startServer(loadConfig({ flags: { data: 'data', port: '0' } }))
})
afterAll(async () => {
  await server?.close()
  process.chdir(home)
  rmSync(folder, { recursive: true, force: true })
})

const header = '"Date","Time","Open","High","Low","Close","TotalVolume"'

/** A session as QuoteManager writes it: ends of minutes in Taipei, none while the closing auction gathers, its print at 13:30. */
const ends = [...Array.from({ length: 265 }, (_, minute) => 541 + minute), 810]
const clockOf = (minute: number) =>
  [Math.floor(minute / 60), minute % 60, 0].map((part) => String(part).padStart(2, '0')).join(':')
const session = ends.map(
  (end, index) => `2026/11/20,${clockOf(end)},1400.000000,1405.000000,1395.000000,1400.500000,${index + 1}`,
)

function put(name: string, lines: readonly string[]): string {
  writeFileSync(join('files', name), `${lines.join('\r\n')}\r\n`)
  return `files/${name}`
}

const importing = (path: string, flags: string) => runCommand(`barkeep import ${path} --format multicharts ${flags}`)
const barsOf = async (instrument: string, interval: string) =>
  (await runCommand(`barkeep bars ${instrument} --interval ${interval}`)).trimEnd().split('\n').slice(1)

describe('the example of the guide', () => {
  const guide = readFileSync(new URL('../../../docs/guide/import-files.md', import.meta.url), 'utf8')
  const section = guide.slice(guide.indexOf('## MultiCharts'))
  const [file = '', commands = '', report = '', bars = ''] = [...section.matchAll(/```\w+\n(.*?)```/gs)].map(
    ([, text = '']) => text,
  )

  test('does what it says', async () => {
    const [importing = '', reading = ''] = commands
      .trimEnd()
      .split('\n')
      .map((line) => line.replace('npx ', ''))
    writeFileSync(importing.split(' ')[2] ?? '', file)
    expect([await runCommand(importing), await runCommand(reading)]).toEqual([report, bars])
  })

  test('has a folder with settings that can be', () => {
    const config = JSON.parse(/```json\n(.*?)```/s.exec(section)?.[1] ?? '')
    writeFileSync('guide.config.json', JSON.stringify(config))
    expect(loadConfig({ file: 'guide.config.json' }).connectors.file).toMatchObject({
      settings: { folders: { multicharts: { volumeUnit: 1000, exchange: 'TWSE' } } },
    })
  })
})

describe('a file of MultiCharts that is imported', () => {
  test('has minutes that start a minute before their stamps, the closing auction in the last', async () => {
    const path = put('2412-Feed-TSE-Stocks-Minute-Trade.txt', [header, ...session])
    expect(await importing(path, '--exchange TWSE --volume-unit 1000')).toBe(
      'read 266, kept 266 (of which 0 replaced), refused 0\nnew instruments: TWSE:2412\n',
    )
    const minutes = await barsOf('TWSE:2412', '1m')
    expect(minutes).toHaveLength(266)
    expect(minutes[0]).toBe('"TWSE:2412","2026-11-20T01:00:00Z",1400,1405,1395,1400.5,1000,,')
    expect(minutes.slice(-2)).toEqual([
      '"TWSE:2412","2026-11-20T05:24:00Z",1400,1405,1395,1400.5,265000,,',
      '"TWSE:2412","2026-11-20T05:29:00Z",1400,1405,1395,1400.5,266000,,',
    ])
    const halves = await barsOf('TWSE:2412', '30m')
    expect(halves).toHaveLength(9)
    const lots = Array.from({ length: 266 - 240 }, (_, index) => 241 + index).reduce((sum, lot) => sum + lot, 0)
    // Its other minutes are not there, so it may still grow.
    expect(halves.at(-1)).toBe(`"TWSE:2412","2026-11-20T05:00:00Z",1400,1405,1395,1400.5,${lots * 1000},,,false`)
    expect(await importing(path, '--exchange TWSE --volume-unit 1000')).toBe(
      'read 266, kept 266 (of which 266 replaced), refused 0\n',
    )
  })

  test('has days, whose bars start with the session', async () => {
    const path = put('2317-Day-Trade.txt', [
      header,
      '11/19/2026,13:30:00,200,210,190,205,30',
      '11/20/2026,13:30:00,205,215,200,210,40',
    ])
    await importing(path, '--exchange TWSE --volume-unit 1000 --date-style mdy')
    expect(await barsOf('TWSE:2317', '1d')).toEqual([
      '"TWSE:2317","2026-11-19T01:00:00Z",200,210,190,205,30000,,',
      '"TWSE:2317","2026-11-20T01:00:00Z",205,215,200,210,40000,,',
    ])
  })

  test('goes to a server of another data directory where it is told', async () => {
    const path = put('1301-Day-Trade.txt', [header, '2026/11/20,00:00:00,50,51,49,50,7'])
    const flags = `--exchange TWSE --volume-unit 1 --data elsewhere --server ${server.url}`
    expect(await importing(path, flags)).toContain('read 1, kept 1')
    expect(existsSync('elsewhere')).toBe(false)
    expect(await barsOf('TWSE:1301', '1d')).toHaveLength(1)
  })

  test('has futures by day and by night, whose half hours are of the day alone', async () => {
    const lines = [
      '2026/11/19 15:01',
      '2026/11/20 00:00',
      '2026/11/20 05:00',
      '2026/11/20 08:46',
      '2026/11/20 13:45',
    ].map(
      (stamp, index) => `${stamp.replace(' ', ';')};27000.000000;27010.000000;26990.000000;27005.000000;${index + 1}`,
    )
    const path = put('chart.txt', ['<Date>;<Time>;<Open>;<High>;<Low>;<Close>;<Volume>', ...lines])
    expect(await importing(path, '--exchange TAIFEX --symbol TXF1 --interval 1m --volume-unit 1')).toContain(
      'kept 5 (of which 0 replaced), refused 0\nnew instruments: TAIFEX:TXF1',
    )
    const starts = ['2026-11-19T07:00', '2026-11-19T15:59', '2026-11-19T20:59', '2026-11-20T00:45', '2026-11-20T05:44']
    expect(await barsOf('TAIFEX:TXF1', '1m')).toEqual(
      starts.map((start, index) => `"TAIFEX:TXF1","${start}:00Z",27000,27010,26990,27005,${index + 1},,`),
    )
    expect((await barsOf('TAIFEX:TXF1', '30m')).map((row) => row.split(',')[1])).toEqual([
      '"2026-11-20T00:45:00Z"',
      '"2026-11-20T05:15:00Z"',
    ])
  })

  test.each<[string, string, string]>([
    [
      '--exchange TWSE',
      '2330-Minute-Trade.txt',
      'UNREADABLE_FILE: files/2330-Minute-Trade.txt: nothing tells its volumeUnit. Give the shares in one unit (--volume-unit): 1 for shares or contracts, 1000 for lots of 1,000.',
    ],
    [
      '--volume-unit 1',
      '2330-Minute-Trade.txt',
      'UNREADABLE_FILE: files/2330-Minute-Trade.txt: nothing tells its exchange. Give one (--exchange).',
    ],
    [
      '--exchange TWSE --volume-unit 1 --symbol 2330',
      'bars.txt',
      'UNREADABLE_FILE: files/bars.txt: nothing tells the interval of its bars. Give one (--interval): 1m, 1h or 1d.',
    ],
    [
      '--exchange TWSE --volume-unit lots',
      '2330-Minute-Trade.txt',
      'INVALID_SETTING: --volume-unit: "lots" is not a number above zero.',
    ],
    [
      '--exchange TWSE --volume-unit 1 --label end',
      '2330-Minute-Trade.txt',
      'INVALID_SETTING: --label: "end" is not one of left, right, likely-right.',
    ],
    [
      '--exchange TWSE --volume-unit 1 --time-zone Taipei',
      '2330-Minute-Trade.txt',
      'INVALID_SETTING: --time-zone: "Taipei" is not an IANA time zone such as Asia/Taipei.',
    ],
  ])('with %s alone is an error that says what to do', async (flags, name, message) => {
    const path = put(name, [header, ...session])
    expect((await importing(path, flags)).trimEnd().split('\n').at(-1)).toBe(message)
  })

  test('in another order of day and month than is told is refused line by line', async () => {
    const path = put('2454-Minute-Trade.txt', [header, '5/1/2026,09:01:00,1,1,1,1,1', '2026/1/5,09:01:00,1,1,1,1,1'])
    expect(await importing(path, '--exchange TWSE --volume-unit 1')).toBe(
      `${path}:2: a date that may begin with its day or its month: tell dateStyle (--date-style), mdy or dmy: 5/1/2026,09:01:00,1,1,1,1,1
read 2, kept 1 (of which 0 replaced), refused 1
new instruments: TWSE:2454
  a date that may begin with its day or its month: tell dateStyle (--date-style), mdy or dmy: 1
`,
    )
  })
})
