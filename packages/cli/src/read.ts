import { once } from 'node:events'
import { type BarColumn, BarkeepError, type Interval, intervals } from '@barkeep/core'
import { readOwner } from '@barkeep/server'
import { readConfig, withClient } from './serve.js'
import type { Flags } from './setting-flags.js'

export function printBars(instruments: string, options: Flags, flags: Flags): Promise<void> {
  return withClient(flags, async (client) => {
    const format = (['csv', 'ndjson', 'arrow'] as const).find((name) => name === options.format)
    if (format === undefined) {
      throw new BarkeepError('INVALID_PARAMETER', {
        message: `format: '${options.format}' is none of csv, ndjson, arrow.`,
      })
    }
    const chunks = client.barsText(instruments.split(','), {
      interval: readInterval(options.interval),
      ...(options.start !== undefined && { start: options.start }),
      ...(options.end !== undefined && { end: options.end }),
      ...(options.adjust !== undefined && { adjust: readAdjust(options.adjust) }),
      ...(options.source !== undefined && { source: options.source }),
      ...(options.adjustAsOf !== undefined && { adjustAsOf: options.adjustAsOf }),
      ...(options.columns !== undefined && { columns: options.columns.split(',') as BarColumn[] }), // the server checks names
      format,
    })
    for await (const chunk of chunks) if (!process.stdout.write(chunk)) await once(process.stdout, 'drain')
  })
}

export function printInstruments({ exchange }: Flags, flags: Flags): Promise<void> {
  return withClient(flags, async (client) => {
    for await (const row of client.instruments(exchange === undefined ? {} : { exchange })) {
      console.log([row.instrument, row.kind, row.name].join('\t'))
    }
  })
}

export function printExchanges(flags: Flags): Promise<void> {
  return withClient(flags, async (client) => {
    for await (const { code, name, timeZone, currency } of client.exchanges()) {
      console.log([code, name, timeZone, currency].join('\t'))
    }
  })
}

export function printDatasets(flags: Flags): Promise<void> {
  return withClient(flags, async (client) => {
    for await (const { name, key, columns, title } of client.datasets()) {
      console.log([name, `key ${key.join(',')}`, `${columns.length} columns`, title].join('\t'))
    }
  })
}

export function printCalendar(exchange: string, { start, end }: Flags, flags: Flags): Promise<void> {
  return withClient(flags, async (client) => {
    const dates = await client.calendar(exchange, {
      ...(start !== undefined && { start }),
      ...(end !== undefined && { end }),
    })
    for (const date of dates) console.log(date)
  })
}

export async function printStatus(flags: Flags): Promise<void> {
  const { data } = readConfig(flags)
  const owner = readOwner(data)
  console.log(
    owner === undefined
      ? `No server owns ${data}.`
      : `Process ${owner.pid} owns ${data}, at ${owner.url ?? '(starting)'}.`,
  )
  await withClient(flags, async (client) => {
    let count = 0
    for await (const _ of client.instruments({})) count++
    console.log(`${count} instruments.`)
  })
}

function readAdjust(text: string): 'none' | 'split' | 'all' {
  const adjust = (['none', 'split', 'all'] as const).find((candidate) => candidate === text)
  if (adjust !== undefined) return adjust
  throw new BarkeepError('INVALID_PARAMETER', { message: `adjust: '${text}' is none of none, split, all.` })
}

function readInterval(text = ''): Interval {
  const interval = intervals.find((candidate) => candidate === text)
  if (interval !== undefined) return interval
  throw new BarkeepError('INVALID_PARAMETER', { message: `interval: '${text}' is none of ${intervals.join(', ')}.` })
}
