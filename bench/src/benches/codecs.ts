import { join } from 'node:path'
import { barsQuery } from '../bars-table.js'
import type { Bench, BenchContext } from '../bench.js'
import { runTask } from '../child.js'
import { columnCandidates } from '../column-candidates.js'
import { layouts, layoutTable } from '../layouts.js'
import { barStructure, instrumentNumber, writeMarket } from '../market.js'
import { realMinutes } from '../real-minutes.js'
import { rounded } from '../report.js'
import { engine, type Outcome, type Statement } from '../tasks/engine.js'

const COPIES = 2
export const bench: Bench = {
  name: 'codecs',
  summary: 'column types and codecs of the minute bars: size, scan and insert, each alone and as whole tables',
  async run(context) {
    const csv = await writeMarket(join(context.directory, 'market.csv'))
    const simulated = `SELECT ${instrumentNumber} + copy * 100 AS instrument, toDateTime(ts, 'UTC') AS ts, open, high, low, close, volume, turnover, trades
      FROM file('${csv}', 'CSVWithNames', $$${barStructure}$$) ARRAY JOIN range(${COPIES}) AS copy ORDER BY instrument, ts`
    await compareColumns(context, 'simulated exchange', simulated, { isTimed: true })
    const real = await realMinutes(context.directory)
    if (real !== undefined) await compareColumns(context, 'real US minutes', real, { isTimed: false })
    await compareExactness(context, simulated, real)
    await compareLayouts(context, simulated)
  },
}

/** Each column by itself: bytes a row after a merge, and on the simulated bars the time of a scan and of an insert. */
async function compareColumns(
  { report, rounds, directory }: BenchContext,
  title: string,
  bars: string,
  { isTimed }: { isTimed: boolean },
) {
  const all = Object.entries(columnCandidates).flatMap(([column, ways]) => ways.map((way) => ({ column, way })))
  const table = (at: number) => `column_${at}`
  const head = [
    `CREATE TABLE bars ENGINE = Memory AS ${bars}`,
    'SELECT count() FROM bars',
    ...all.map(
      ({ way }, at) =>
        `CREATE TABLE ${table(at)} (value ${typeOf(way)} CODEC(${codecOf(way)})) ENGINE = MergeTree ORDER BY tuple() SETTINGS min_bytes_for_wide_part = 0, allow_suspicious_codecs = 1`,
    ),
  ]
  const round = all.flatMap(({ column, way }, at) => [
    `TRUNCATE TABLE ${table(at)} SYNC`,
    `INSERT INTO ${table(at)} SELECT ${storedValue(column, way)} FROM bars SETTINGS max_threads = 1, max_insert_threads = 1`,
    `OPTIMIZE TABLE ${table(at)} FINAL`,
    `SELECT count() FROM ${table(at)} WHERE NOT ignore(value) SETTINGS max_threads = 1`,
    `SELECT sum(data_compressed_bytes) FROM system.parts WHERE active AND table = '${table(at)}'`,
  ])
  const timed = isTimed ? rounds : 1
  const statements = [...head, ...Array.from({ length: timed }, () => round).flat()].map((sql) => ({ sql }))
  const { output } = await runTask(engine, { directory: join(directory, `columns-${isTimed}`), statements })
  const rows = Number(output[1]?.text)
  const nanoseconds = (outcomes: readonly (Outcome | undefined)[]) => rounded((leastCpu(outcomes) * 1e9) / rows)
  const at = (candidate: number, step: number) =>
    Array.from({ length: timed }, (_, one) => output[head.length + one * round.length + candidate * 5 + step])
  report.table(
    `Columns, ${title}, ${rows.toLocaleString('en')} rows`,
    ['column', 'type and codec', 'bytes a row', ...(isTimed ? ['scan, CPU ns a row', 'insert, CPU ns a row'] : [])],
    all.map(({ column, way }, index) => [
      column,
      way,
      rounded(Number(at(index, 4)[0]?.text) / rows),
      ...(isTimed ? [nanoseconds(at(index, 3)), nanoseconds(at(index, 1))] : []),
    ]),
  )
}

/** How many prices come back as the very number that was sent: those of the market, and the same after an adjustment. */
async function compareExactness({ report, directory }: BenchContext, simulated: string, real: string | undefined) {
  const kept = ['close', 'toFloat32(close)', 'toDecimal64(close, 4)', 'toInt64(round(close * 10000)) / 10000']
  const sources = [
    ['simulated', simulated],
    ['simulated, adjusted by 0.9731', `SELECT close * 0.9731 AS close FROM (${simulated})`],
    ...(real === undefined ? [] : [['real US minutes', real]]),
  ]
  const statements = sources.map(([, bars]) => ({
    sql: `SELECT ${kept.map((value) => `round(100 * avg(toFloat64(${value}) = close), 3)`).join(', ')} FROM (${bars})`,
  }))
  const { output } = await runTask(engine, { directory: join(directory, 'exactness'), statements })
  report.table(
    'Prices that come back exactly, %',
    ['prices', 'Float64', 'Float32', 'Decimal(18, 4)', 'Int64 of 1/10,000'],
    sources.map(([name = ''], at) => [name, ...(output[at]?.text.trim().split(',').map(Number) ?? [])]),
  )
}

/** Whole tables of bars: insert, size after a merge, all of it as an Arrow stream, and hours made of the minutes. */
async function compareLayouts({ report, rounds, directory }: BenchContext, bars: string) {
  const head = [
    `CREATE TABLE bars ENGINE = Memory AS ${bars}`,
    'SELECT count() FROM bars',
    ...layouts.map((layout, at) => layoutTable(`layout_${at}`, layout)),
  ].map((sql) => ({ sql }))
  const round: Statement[] = layouts.flatMap(({ settings = '' }, at) => [
    { sql: `TRUNCATE TABLE layout_${at} SYNC` },
    {
      sql: `INSERT INTO layout_${at} SELECT instrument, ts, open, high, low, close, volume, turnover, trades, 'file', true, now64(3) FROM bars SETTINGS max_insert_threads = 2${settings}`,
    },
    { sql: `OPTIMIZE TABLE layout_${at} FINAL` },
    {
      sql: barsQuery(`layout_${at}`),
      isStreamed: true,
    },
    {
      sql: `SELECT instrument, toStartOfHour(ts) AS hour, argMin(open, ts), max(high), min(low), argMax(close, ts), sum(volume) FROM layout_${at} FINAL GROUP BY instrument, hour FORMAT Null`,
    },
    { sql: `SELECT sum(bytes_on_disk), count() FROM system.parts WHERE active AND table = 'layout_${at}'` },
  ])
  const statements = [...head, ...Array.from({ length: rounds }, () => round).flat()]
  const { output } = await runTask(engine, { directory: join(directory, 'layouts'), statements })
  const rows = Number(output[1]?.text)
  const at = (layout: number, step: number) =>
    Array.from({ length: rounds }, (_, one) => output[head.length + one * round.length + layout * 6 + step])
  const cpuOf = (layout: number, step: number) => rounded((leastCpu(at(layout, step)) * 1e9) / rows)
  report.table(
    `Tables, simulated exchange, ${rows.toLocaleString('en')} rows; processor time in ns a row`,
    ['table', 'bytes a row', 'insert', 'merge', 'Arrow stream', 'hours'],
    layouts.map(({ name }, index) => [
      name,
      rounded(Number(at(index, 5)[0]?.text.split(',')[0]) / rows),
      cpuOf(index, 1),
      cpuOf(index, 2),
      cpuOf(index, 3),
      cpuOf(index, 4),
    ]),
  )
}

/** Processor time instead of the clock: others may use the machine, and here everything runs in one process. */
function leastCpu(outcomes: readonly (Outcome | undefined)[]): number {
  return Math.min(...outcomes.map((outcome) => outcome?.cpuSeconds ?? Number.NaN))
}

/** `Nullable(UInt32) T64, LZ4` → type and codec. */
const typeOf = (way: string) => /^(\w+(?:\([^)]*\))?) /.exec(way)?.[1] ?? ''
const codecOf = (way: string) => way.slice(typeOf(way).length + 1)

/** Scaled integers hold four decimals. */
const storedValue = (column: string, way: string) =>
  column === 'close' && way.startsWith('Int64') ? `toInt64(round(${column} * 10000))` : column
