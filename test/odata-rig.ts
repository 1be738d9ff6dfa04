import { beforeAll } from 'vitest'
import { testServer } from './test-server.js'

/** One of each type, each but the key without a value once, and a whole number that JSON would round. */
export const birds = [
  { No: '3', Seen: '2013-06-21', At: '2013-06-21T01:00:00Z', Place: '玉山', Lon: 120.93, Count: 2, Wild: true },
  {
    No: '1',
    Seen: '2013-06-20',
    At: '2013-06-20T01:00:00.250Z',
    Place: "it's \\ here",
    Lon: 120.5,
    Count: 1,
    Wild: false,
  },
  { No: '2', Seen: '2013-06-20', At: '2013-06-20T23:00:00Z', Place: '玉山', Lon: null, Count: 7, Wild: null },
  { No: '9', Seen: null, At: null, Place: null, Lon: -0.5, Count: '9007199254740993', Wild: null },
]

/** An OData service with birds, a dataset of two keys, and bars of two instruments on three days. */
export function odataServer() {
  const server = testServer({ 'api.rowsPerPageMax': '100' })
  beforeAll(async () => {
    const csv = [
      'No,Seen,At,Place,Lon,Count,Wild',
      ...birds.map((bird) =>
        Object.values(bird)
          .map((value) => (value === null ? '' : `"${value}"`))
          .join(','),
      ),
    ].join('\n')
    await server.post('/v1/datasets/birds/rows?key=No', `${csv}\n`, 'text/csv')
    await server.post(
      '/v1/datasets/two-keys/rows?key=code,day',
      'code,day,面積²\n0050,2026-11-20,1\n2330,2026-11-20,2\n',
      'text/csv',
    )
    const bars = [1, 2, 3].flatMap((day) =>
      ['TWSE:2330', 'TWSE:2409'].map((name) => `${name},2026-11-1${day + 1}T01:00:00Z,1,2,1,2,${day}00,,`),
    )
    await server.post(
      '/v1/bars/1d',
      `instrument,ts,open,high,low,close,volume,turnover,trades\n${bars.join('\n')}\n`,
      'text/csv',
    )
  })
  const get = (path: string, headers: Record<string, string> = {}) => server.ask(`/odata/v4${path}`, { headers })
  const getJson = async (path: string, headers = {}) => JSON.parse(await (await get(path, headers)).text())
  return {
    get root() {
      return `${server.url}/odata/v4`
    },
    post: server.post,
    get,
    getJson,
    /** Numbers of the birds that a query finds, in order. */
    async found(query: string, headers = {}): Promise<string[]> {
      const body = await getJson(`/birds?${encodeQuery(query)}`, headers)
      if (body.error !== undefined) throw new Error(body.error.message)
      return body.value.map((bird: { No: number }) => String(bird.No))
    },
  }
}

export function encodeQuery(query: string): string {
  return query
    .split('&')
    .map((part) => part.replace(/(?<==).*/, (value) => encodeURIComponent(value)))
    .join('&')
}
