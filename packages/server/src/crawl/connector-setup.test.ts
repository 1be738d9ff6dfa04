import { describe, expect, it } from 'vitest'
import { type HostLimit, limitsAt, setUpConnector } from './connector-setup.js'

const here: HostLimit = { key: 'host:exchange.example', host: 'exchange.example', requests: 3, perMs: 5_000 }
const there: HostLimit = { key: 'host:other.example', host: 'other.example', requests: 1, perMs: 1_000 }
const anywhere: HostLimit = { key: 'account:acme:main', bytes: 1_000, perMs: 86_400_000 }

describe('the limits of an account', () => {
  it('have a key each where they are counted by path, so that a pause of one is not that of another', () => {
    const limits = [
      { requests: 60, perMs: 60_000, per: 'credential', path: '/history/' },
      { requests: 300, perMs: 60_000, per: 'credential', path: '/today/' },
      { requests: 9, perMs: 1_000, per: 'credential' },
    ] as const
    const connector = {
      id: 'acme',
      title: '',
      homepage: '',
      limits,
      credentials: [],
      datasets: [],
      handlers: {},
      crawls: {},
    }
    const config = { baseUrl: '', limits: undefined, accounts: { mine: {}, yours: {} }, settings: {} }
    const keys = setUpConnector(connector, config).accounts.flatMap((account) => account.limits.map(({ key }) => key))
    expect(keys.slice(0, 3)).toEqual(['account:acme:mine:/history/', 'account:acme:mine:/today/', 'account:acme:mine'])
    expect(new Set(keys).size).toBe(6)
  })
})

describe('the limits that a request counts against', () => {
  it.each<[string, string, HostLimit[]]>([
    ['of its host', 'https://exchange.example/day', [here, anywhere]],
    ['of a host above its own', 'https://www.exchange.example/day', [here, anywhere]],
    ['of another host when it goes there', 'https://api.other.example/list', [there, anywhere]],
    ['of no host alone, where that is another one', 'https://notexchange.example/', [anywhere]],
  ])('are those %s', (_, url, expected) => {
    expect(limitsAt([here, there, anywhere], url)).toEqual(expected)
  })

  it('are those of its path, besides those of all paths', () => {
    const history: HostLimit = { key: 'account:acme:main:/v1/history', path: '/v1/history', requests: 1, perMs: 60_000 }
    expect(limitsAt([history, anywhere], 'https://acme.example/v1/history/2330?day=1')).toEqual([history, anywhere])
    expect(limitsAt([history, anywhere], 'https://acme.example/v1/quotes')).toEqual([anywhere])
  })

  it('are all of them where none is of its host, or where nobody knows what was asked', () => {
    expect(limitsAt([here, there], 'https://elsewhere.example/')).toEqual([here, there])
    expect(limitsAt([here, there], undefined)).toEqual([here, there])
  })
})
