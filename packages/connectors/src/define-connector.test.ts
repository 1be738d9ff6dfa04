import type { CrawlRequest, Handler, JsonObject } from '@barkeep/core'
import { describe, expect, it } from 'vitest'
import { type ConnectorDefinition, defineConnector } from './define-connector.js'

type DayParams = { readonly date: string }
const day: Handler<DayParams> = async (task) => ({ task, data: { absence: 'holiday', covers: [] }, nextTasks: [] })

const sound: ConnectorDefinition<{ day: DayParams }> = {
  id: 'example',
  title: 'Example',
  homepage: 'https://example.com/',
  limits: [{ requests: 3, perMs: 5_000, per: 'host' }],
  credentials: [],
  datasets: [
    {
      name: 'example_rows',
      title: 'Rows',
      licence: null,
      source: 'https://example.com/',
      key: ['date'],
      columns: [
        { name: 'date', type: 'date', nullable: false },
        { name: 'value', type: 'number', nullable: true },
      ],
    },
  ],
  handlers: { day },
  crawls: {
    days: {
      title: 'Days',
      of: '1d',
      exchanges: ['TWSE'],
      per: 'exchange',
      since: null,
      bytesPerPage: 1_000,
      handler: 'day',
      *params({ start }) {
        yield { date: start }
      },
    },
  },
}

const [dataset] = sound.datasets
const plan = sound.crawls.days
if (dataset === undefined || plan === undefined) throw new Error('the sound connector lost its parts')

describe('a connector', () => {
  it('makes the tasks of its plans', () => {
    const request = { instruments: [], start: '2024-03-06', end: '2024-03-07', options: {}, nowMs: 0 }
    expect([...(defineConnector(sound).crawls.days?.tasks(request) ?? [])]).toEqual([
      { connector: 'example', handler: 'day', params: { date: '2024-03-06' } },
    ])
  })

  it('asks what comes first only where many tasks follow', () => {
    const first = { handler: 'day', from: 3, params: () => ({ date: 'first' }) } as const
    const params = function* ({ options }: CrawlRequest) {
      for (let number = 0; number < Number(options.days); number++) yield { date: String(number) }
    }
    const { crawls } = defineConnector({ ...sound, crawls: { days: { ...plan, first, params } } })
    const datesOf = (days: string) => {
      const request = { instruments: [], start: '2024-03-06', end: '2024-03-07', options: { days }, nowMs: 0 }
      return [...(crawls.days?.tasks(request) ?? [])].map((task) => task.params.date)
    }
    expect(datesOf('2')).toEqual(['0', '1'])
    expect(datesOf('3')).toEqual(['first', '0', '1', '2'])
    expect(() =>
      // Callers in JavaScript are not held by the type.
      defineConnector({ ...sound, crawls: { days: { ...plan, first: { ...first, handler: 'week' as 'day' } } } }),
    ).toThrow("the handler 'week'")
  })

  it.each<[string, Partial<ConnectorDefinition<{ day: DayParams }>>, string]>([
    ['an id in capitals', { id: 'TWSE' }, 'lower-case'],
    ['no limit', { limits: [] }, 'at least one limit'],
    ['a limit although it asks nobody', { isLocal: true }, 'it asks nobody'],
    ['a setting that all have', { settings: [{ name: 'limits', help: '', read: () => null }] }, "setting 'limits'"],
    ['a limit of nothing', { limits: [{ perMs: 1_000, per: 'host' }] }, 'not positive'],
    ['a limit of zero', { limits: [{ requests: 0, perMs: 1_000, per: 'host' }] }, 'not positive'],
    ['a limit in half milliseconds', { limits: [{ requests: 1, perMs: 0.5, per: 'host' }] }, 'not positive'],
    ['a dataset that cannot be kept', { datasets: [{ ...dataset, name: 'Rows!' }] }, 'no name for a dataset'],
    ['a key that is no column', { datasets: [{ ...dataset, key: ['id'] }] }, 'not in its columns'],
    ['a key that may be null', { datasets: [{ ...dataset, key: ['value'] }] }, 'nullable'],
    ['a column twice', { datasets: [{ ...dataset, columns: [...dataset.columns, ...dataset.columns] }] }, 'twice'],
    ['a plan of an unknown dataset', { crawls: { days: { ...plan, of: 'birds' } } }, "covers 'birds'"],
    ['a plan without a size', { crawls: { days: { ...plan, bytesPerPage: 0 } } }, 'needs bytesPerPage'],
  ])('with %s is refused as it is loaded', (_, change, message) => {
    expect(() => defineConnector({ ...sound, ...change })).toThrow(message)
  })

  it('whose plan names no handler, or has params of another, does not compile', () => {
    const define = (): unknown[] => [
      // @ts-expect-error there is no handler of that name
      defineConnector({ ...sound, crawls: { days: { ...plan, handler: 'month' } } }),
      // @ts-expect-error the handler takes a date
      defineConnector({ ...sound, crawls: { days: { ...plan, params: () => [{ month: '2024-03' }] } } }),
    ]
    // The first is caught once more as it is loaded.
    expect(define).toThrow("the handler 'month'")
    const handlers: Readonly<Record<string, Handler<JsonObject>>> = defineConnector(sound).handlers
    expect(Object.keys(handlers)).toEqual(['day'])
  })
})
