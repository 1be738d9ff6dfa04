import type { Client, GapReason, GapsOptions } from '@barkeep/client'
import { BarkeepError, type KeptInterval, keptIntervals } from '@barkeep/core'
import { withClient } from './serve.js'
import type { Flags } from './setting-flags.js'

const reasons: readonly GapReason[] = [
  'market-day',
  'never-asked',
  'failed',
  'upstream-hole',
  'zeros',
  'no-trade',
  'halted',
  'not-listed',
]

/** Each page makes the server look anew. */
const ROWS_PER_PAGE = 10_000

/** Prints what is missing, one run a line, and how much of what kind to the terminal. */
export function printGaps(options: Flags, flags: Flags): Promise<void> {
  return withClient(flags, async (client) => {
    const counts = new Map<string, number>()
    for await (const { scope, interval, start, end, from, to, reason } of client.gaps({
      ...gapsOptions(options),
      limit: ROWS_PER_PAGE,
    })) {
      console.log([scope, interval, start, end, from === null ? '' : `${from}-${to}`, reason].join('\t'))
      counts.set(reason, (counts.get(reason) ?? 0) + 1)
    }
    const told = [...counts].map(([reason, count]) => `${count} ${reason}`).join(', ')
    console.error(told === '' ? 'Nothing is missing.' : `Runs of sessions: ${told}.`)
  })
}

/** Prints what was asked of upstreams and what came back. */
export function printCoverage({ scope, of, start, end }: Flags, flags: Flags): Promise<void> {
  return withClient(flags, async (client: Client) => {
    const query = {
      limit: ROWS_PER_PAGE,
      ...(scope !== undefined && { scope }),
      ...(of !== undefined && { of }),
      ...(start !== undefined && { start }),
      ...(end !== undefined && { end }),
    }
    for await (const row of client.coverage(query)) {
      console.log([row.scope, row.of, row.start, row.end, row.connector, row.outcome, row.known_at].join('\t'))
    }
  })
}

/** Where gaps are looked for, from the options of a command. Throws INVALID_PARAMETER. */
export function gapsOptions({ exchange, instruments, interval, start, end, reasons: named }: Flags): GapsOptions {
  return {
    ...(exchange !== undefined && { exchange }),
    ...(instruments !== undefined && { instruments: instruments.split(',') }),
    ...(interval !== undefined && { interval: oneOf<KeptInterval>('interval', interval, keptIntervals) }),
    ...(start !== undefined && { start }),
    ...(end !== undefined && { end }),
    ...(named !== undefined && { reasons: named.split(',').map((name) => oneOf('reasons', name, reasons)) }),
  }
}

function oneOf<Choice extends string>(name: string, value: string, choices: readonly Choice[]): Choice {
  const choice = choices.find((candidate) => candidate === value)
  if (choice !== undefined) return choice
  throw new BarkeepError('INVALID_PARAMETER', { message: `${name}: '${value}' is none of ${choices.join(', ')}.` })
}
