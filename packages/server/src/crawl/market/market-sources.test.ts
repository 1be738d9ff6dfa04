import { describe, expect, test } from 'vitest'
import type { BackfillOffer } from '../gaps/backfill.js'
import { chooseSources, type SourceState } from './market-sources.js'

const nowMs = 1_000_000
const minuteMs = 60_000

interface Row {
  readonly connector: string
  readonly minutes?: number
  readonly bytes?: number
  readonly unreached?: number
  readonly requests?: number
  readonly canRun?: boolean
  readonly state?: Partial<SourceState>
}

function choose(rows: readonly Row[], declared: readonly string[] = []): string[] {
  const offers = rows.map(
    ({ connector, minutes = 1, bytes = 1, unreached = 0, requests = 1, canRun = true }): BackfillOffer => ({
      connector,
      canRun,
      plans: ['days'],
      unreached,
      estimates: [
        { requests, bytes, durationMs: minutes * minuteMs, isCut: false, bindingLimit: `limit of ${connector}` },
      ],
    }),
  )
  const stateOf = (connector: string) => ({
    blockedUntilMs: null,
    stoppedBy: null,
    ...rows.find((row) => row.connector === connector)?.state,
  })
  return chooseSources({ offers, declared, stateOf, nowMs, patienceMs: 10 * minuteMs }).map(
    ({ connector, role }) => `${connector} ${role}`,
  )
}

const blocked = (minutes: number) => ({ blockedUntilMs: nowMs + minutes * minuteMs })

describe('who is asked for a market', () => {
  test.each<[string, readonly Row[], readonly string[], readonly string[]]>([
    [
      'the quickest of those that bring all',
      [
        { connector: 'slow', minutes: 90 },
        { connector: 'quick', minutes: 33 },
      ],
      [],
      ['quick first', 'slow fall-back'],
    ],
    [
      'who brings more, though it takes longer',
      [
        { connector: 'month', minutes: 5, unreached: 900 },
        { connector: 'years', minutes: 5_000 },
      ],
      [],
      ['years first', 'month fall-back'],
    ],
    [
      'of two that take as long the one that sends less',
      [
        { connector: 'wide', bytes: 9_000 },
        { connector: 'narrow', bytes: 20 },
      ],
      [],
      ['narrow first', 'wide fall-back'],
    ],
    [
      'the declared one, though it is slower and brings less',
      [{ connector: 'quick' }, { connector: 'official', minutes: 90, unreached: 5 }],
      ['official', 'quick'],
      ['official first', 'quick fall-back'],
    ],
    [
      'those that are not named behind those that are, by cost',
      [
        { connector: 'b', minutes: 2 },
        { connector: 'a', minutes: 3 },
        { connector: 'official', minutes: 90 },
      ],
      ['official', 'live'],
      ['official first', 'b fall-back', 'a fall-back'],
    ],
    [
      'those that are not named where * stands',
      [{ connector: 'last' }, { connector: 'other' }, { connector: 'official' }],
      ['official', '*', 'last'],
      ['official first', 'other fall-back', 'last fall-back'],
    ],
    [
      'the next one while the first is blocked for long',
      [{ connector: 'official', state: blocked(60) }, { connector: 'other' }],
      ['official', 'other'],
      ['other first', 'official blocked'],
    ],
    [
      'the first one all the same when it is blocked for a little while',
      [{ connector: 'official', state: blocked(10) }, { connector: 'other' }],
      ['official', 'other'],
      ['official first', 'other fall-back'],
    ],
    [
      'nobody who stopped, lacks a credential or has nothing',
      [
        { connector: 'a', state: { stoppedBy: 'UPSTREAM_CHANGED' } },
        { connector: 'b', canRun: false },
        { connector: 'c', requests: 0 },
      ],
      [],
      ['a stopped', 'b no-credential', 'c nothing'],
    ],
  ])('is %s', (_, rows, declared, expected) => {
    expect(choose(rows, declared)).toEqual(expected)
  })

  test('plans of one source share its limits: their requests, bytes and times add up', () => {
    const estimate = (requests: number, durationMs: number, bindingLimit: string) => ({
      ...{ requests, durationMs, bindingLimit },
      ...{ bytes: requests * 10, isCut: false },
    })
    const estimates = [estimate(2, 100, 'short'), estimate(30, 4_000, 'long')]
    const offers = [{ connector: 'a', canRun: true, plans: ['days', 'months'], unreached: 3, estimates }]
    const [source] = chooseSources({ offers, declared: [], stateOf: () => undefined, nowMs, patienceMs: 0 })
    expect(source).toMatchObject({ requests: 32, bytes: 320, durationMs: 4_100, bindingLimit: 'long', unreached: 3 })
  })
})
