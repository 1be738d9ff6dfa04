import type { Client, StreamMessage, StreamOptions } from '@barkeep/client'
import { BarkeepError, barColumns, isTopic, type LiveBar, type Topic, topics } from '@barkeep/core'
import { withClient } from './serve.js'
import type { Flags } from './setting-flags.js'

export const tailFormats = ['table', 'csv', 'json'] as const
export type TailFormat = (typeof tailFormats)[number]

/** Prints bars of a topic as they are committed until Ctrl-C, or those of a past day to its end; what the connection does goes to stderr. */
export function tail(topicName: string, instruments: string | undefined, options: Flags, flags: Flags): Promise<void> {
  const topic = readTopic(topicName)
  const format = readFormat(options.format)
  return withClient(flags, async (client) => {
    const controller = new AbortController()
    const stop = () => controller.abort()
    process.once('SIGINT', stop)
    process.once('SIGTERM', stop)
    try {
      await print(client, topic, instruments?.split(','), format, {
        ...(options.since !== undefined && { since: options.since }),
        ...(options.building !== undefined && { final: false }),
        ...(options.replay !== undefined && { replay: { date: options.replay, speed: readSpeed(options.speed) } }),
        signal: controller.signal,
      })
    } catch (error) {
      if (!controller.signal.aborted) throw error
    } finally {
      process.off('SIGINT', stop)
      process.off('SIGTERM', stop)
    }
  })
}

async function print(
  client: Client,
  topic: Topic,
  instruments: readonly string[] | undefined,
  format: TailFormat,
  options: StreamOptions,
): Promise<void> {
  const onState: StreamOptions['onState'] = (state, reason) =>
    console.error(`… ${state}${reason === undefined ? '' : `: ${reason.message}`}`)
  if (format === 'csv') console.log([...barColumns, 'final', 'source', 'known_at'].join(','))
  for await (const message of client.stream(topic, instruments, { ...options, onState })) {
    for (const line of tailLines(message, format)) console.log(line)
  }
}

/** A message as lines: JSON has one for each message, the others one for each bar. CSV is bars only. */
export function tailLines(message: StreamMessage, format: TailFormat): string[] {
  if (format === 'json') return [JSON.stringify(message)]
  if (message.kind !== 'done')
    return message.bars.map((bar) => (format === 'csv' ? csvOf(bar) : rowOf(message.kind, bar)))
  if (format === 'csv') return []
  const { ts, exchange, instruments, missing } = message
  const absent = missing.length === 0 ? '' : `, missing ${missing.join(' ')}`
  return [`${ts}  ${exchange} done: ${instruments} instruments${absent}`]
}

function csvOf(bar: LiveBar): string {
  const { final, source, known_at } = bar
  return [...barColumns.map((name) => bar[name] ?? ''), final, source, known_at].join(',')
}

function rowOf(kind: 'bars' | 'corrections', bar: LiveBar): string {
  const prices = [bar.open, bar.high, bar.low, bar.close].map((price) => String(price).padStart(9)).join(' ')
  const mark = kind === 'corrections' ? ' corrected' : bar.final ? '' : ' building'
  return `${bar.ts}  ${bar.instrument.padEnd(12)} ${prices} ${String(bar.volume).padStart(12)}${mark}`
}

function readTopic(name: string): Topic {
  if (isTopic(name)) return name
  throw new BarkeepError('INVALID_PARAMETER', { message: `topic: '${name}' is none of ${topics.join(', ')}.` })
}

function readSpeed(text = '1'): number {
  const speed = text === 'max' ? 0 : Number(text)
  if (speed > 0 || text === 'max') return speed
  throw new BarkeepError('INVALID_PARAMETER', { message: `speed: '${text}' is neither a number such as 60 nor max.` })
}

function readFormat(name = 'table'): TailFormat {
  const format = tailFormats.find((known) => known === name)
  if (format !== undefined) return format
  throw new BarkeepError('INVALID_PARAMETER', { message: `format: '${name}' is none of ${tailFormats.join(', ')}.` })
}
