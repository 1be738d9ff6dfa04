import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadConfig, type RunningServer, startServer } from '@barkeep/server'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

let directory: string
let server: RunningServer
let root: string

const birds = [
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

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'barkeep-odata-'))
  server = await startServer(loadConfig({ flags: { data: directory, port: '0', 'api.rowsPerPageMax': '100' } }))
  root = `${server.url}/odata/v4`
  const csv = [
    'No,Seen,At,Place,Lon,Count,Wild',
    ...birds.map((bird) =>
      Object.values(bird)
        .map((value) => (value === null ? '' : `"${value}"`))
        .join(','),
    ),
  ].join('\n')
  await post('/v1/datasets/birds/rows?key=No', `${csv}\n`, 'text/csv')
  await post(
    '/v1/datasets/two-keys/rows?key=code,day',
    'code,day,面積²\n0050,2026-11-20,1\n2330,2026-11-20,2\n',
    'text/csv',
  )
  const bars = [1, 2, 3].flatMap((day) =>
    ['TWSE:2330', 'TWSE:2409'].map((name) => `${name},2026-11-1${day + 1}T01:00:00Z,1,2,1,2,${day}00,,`),
  )
  await post(
    '/v1/bars/1d',
    `instrument,ts,open,high,low,close,volume,turnover,trades\n${bars.join('\n')}\n`,
    'text/csv',
  )
})

afterAll(async () => {
  await server.close()
  rmSync(directory, { recursive: true })
})

async function post(path: string, body: string, type: string): Promise<void> {
  const answer = await fetch(server.url + path, { method: 'POST', body, headers: { 'content-type': type } })
  if (!answer.ok) throw new Error(await answer.text())
}

const get = (path: string, headers: Record<string, string> = {}) => fetch(`${root}${path}`, { headers })
const getJson = async (path: string, headers = {}) => JSON.parse(await (await get(path, headers)).text())
/** Numbers of the birds that a query finds, in order. */
async function found(query: string, headers = {}): Promise<string[]> {
  const body = await getJson(`/birds?${encodeQuery(query)}`, headers)
  if (body.error !== undefined) throw new Error(body.error.message)
  return body.value.map((bird: { No: number }) => String(bird.No))
}
const encodeQuery = (query: string) =>
  query
    .split('&')
    .map((part) => part.replace(/(?<==).*/, (value) => encodeURIComponent(value)))
    .join('&')

describe('the service tells what it has', () => {
  test('in a service document', async () => {
    const answer = await get('/')
    expect(answer.headers.get('odata-version')).toBe('4.0')
    expect(answer.headers.get('content-type')).toMatch(/^application\/json;odata.metadata=minimal/)
    const body = await answer.json()
    expect(body['@odata.context']).toBe(`${root}/$metadata`)
    expect(body.value).toContainEqual({ name: 'birds', kind: 'EntitySet', url: 'birds' })
    expect(body.value.map(({ name }: { name: string }) => name)).toEqual([
      'birds',
      'bars_1m',
      'bars_1h',
      'bars_1d',
      'instruments',
      'exchanges',
      'adjustments',
      'coverage',
      'crawls',
      'pages',
      'two_keys',
    ])
  })

  test('in a model, as XML and as JSON', async () => {
    const xml = await (await get('/$metadata')).text()
    expect(xml).toContain(
      '<EntityType Name="birds"><Key><PropertyRef Name="No"/></Key><Property Name="No" Type="Edm.Int64" Nullable="false"/>',
    )
    expect(xml).toContain('<Property Name="At" Type="Edm.DateTimeOffset" Precision="3"/>')
    expect(xml).toContain('Name="面積_x00B2_"')
    const json = await getJson('/$metadata', { accept: 'application/json' })
    expect(json).toEqual(await getJson('/$metadata?$format=json'))
    expect(json.Barkeep.birds).toMatchObject({
      $Kind: 'EntityType',
      $Key: ['No'],
      Lon: { $Type: 'Edm.Double', $Nullable: true },
    })
    expect(json.Barkeep.two_keys.$Key).toEqual(['code', 'day'])
  })
})

describe('$filter', () => {
  test.each([
    ["Place eq '玉山'", '3 2'],
    ["Place eq 'it''s \\ here'", '1'],
    ["Place ne '玉山'", '1 9'],
    ['Place eq null', '9'],
    ['null ne Place', '3 1 2'],
    ['Wild', '3'],
    ['not Wild', '1'],
    ['Wild eq null', '2 9'],
    ['not (Wild eq true)', '1 2 9'],
    ['Lon gt 120.5', '3'],
    ['Lon ge 120.5', '3 1'],
    ['Lon lt 0', '9'],
    ['Lon le Lon', '3 1 2 9'],
    ['Count gt 9007199254740992', '9'],
    ['Count eq 9007199254740993', '9'],
    ['Count eq 9007199254740992', ''],
    ['Count add 1 mul 2 eq 4', '3'],
    ['Count mod 2 eq 1 and No lt 9', '1 2'],
    ['Count div 2 eq 3', '2'],
    ['Count divby 2 eq 3.5', '2'],
    ['Count div 0 eq null', '3 1 2 9'],
    ['-Count eq -7', '2'],
    ['Count mul 9223372036854775807 eq null', '3 2 9'],
    ['No in (1, 2)', '1 2'],
    ['not No in (1,2)', '3 9'],
    ["Place in ('玉山', null)", '3 2 9'],
    ['Lon in (1, 120.5)', '1'],
    ['Seen eq 2013-06-20', '1 2'],
    ['At gt 2013-06-20T09:00:00.250+08:00', '3 2'],
    ['At eq 2013-06-20T01:00:00.25Z', '1'],
    ['year(Seen) eq 2013 and day(At) eq 20', '1 2'],
    ['hour(At) eq 1 and minute(At) eq 0 and second(At) eq 0', '3 1'],
    ['fractionalseconds(At) eq 0.25', '1'],
    ['date(At) eq Seen', '3 1 2 9'],
    ['At lt now()', '3 1 2'],
    ['At gt mindatetime() and At lt maxdatetime()', '3 1 2'],
    ["contains(Place,'s') and startswith(Place,'it') and endswith(Place,'here')", '1'],
    ["indexof(Place,'山') eq 1", '3 2'],
    ['length(Place) eq 2', '3 2'],
    ["substring(Place,1) eq '山'", '3 2'],
    ["substring(Place,0,1) eq '玉'", '3 2'],
    ["substring(Place,-1) eq '山'", '3 2'],
    ["substring(Place,20) eq ''", '3 1 2'],
    ["toupper(Place) eq 'IT''S \\ HERE'", '1'],
    ["concat(Place,'!') eq '玉山!'", '3 2'],
    ["trim(concat(' ',Place)) eq '玉山'", '3 2'],
    ['round(Lon) eq -1', '9'],
    [`${'round('.repeat(30)}Lon${')'.repeat(30)} eq -1`, '9'],
    ['floor(Lon) eq 120 and ceiling(Lon) eq 121', '3 1'],
    ['case(Count gt 5:1,Count gt 1:2.5) eq 2.5', '3'],
    ['$it/No eq 1', '1'],
    ['No EQ 1 OR No Eq 2', '1 2'],
    ['true', '3 1 2 9'],
    ['1 gt 2', ''],
    ['No eq @no&@no=2', '2'],
    ['Lon gt -INF and Lon lt INF and Lon ne NaN', '3 1 9'],
  ])('%s finds %s', async (filter, expected) => {
    expect((await found(`$filter=${filter}`)).join(' ')).toBe(expected)
    const count = await get(`/birds/$count?${encodeQuery(`$filter=${filter}`)}`)
    expect(await count.text()).toBe(String(expected.split(' ').filter((one) => one !== '').length))
  })
})

describe('lists', () => {
  test.each([
    ['$orderby=Count', '1 3 2 9'],
    ['$orderby=Count desc', '9 2 3 1'],
    ['$orderby=Place,No desc', '9 1 3 2'],
    ['$orderby=Wild desc', '3 1 2 9'],
    ['$orderby=Lon', '2 9 1 3'],
    ['$orderby=At desc,No', '3 2 1 9'],
    ['$orderby=Seen,length(Place) desc', '9 1 2 3'],
    ['$orderby=round(Lon)', '2 9 3 1'],
    ['$orderby=No sub 3 mul 2 desc', '9 3 2 1'],
    ['$search=玉山', '3 2'],
    ['$search=NOT 玉山 AND here', '1'],
    ['$search=HERE OR 玉', '3 1 2'],
    ['$top=2', '3 1'],
    ['$skip=3', '9'],
    ['$top=2&$skip=1', '1 2'],
    ['$top=0', ''],
    ['$filter=Count lt 9&$orderby=Count desc&$top=2', '2 3'],
    ['top=1&orderby=No', '1'],
  ])('%s is %s, whatever the size of the pages', async (query, expected) => {
    expect((await found(query)).join(' ')).toBe(expected)
    for (const rows of [1, 2, 3]) {
      const all: number[] = []
      let url: string | undefined = `${root}/birds?${encodeQuery(query)}`
      for (let pages = 0; url !== undefined && pages < 9; pages++) {
        // Only the first request says how large a page is to be.
        const prefer = pages === 0 ? { prefer: `odata.maxpagesize=${rows}` } : undefined
        const answer: Response = await fetch(url, prefer === undefined ? {} : { headers: prefer })
        if (pages === 0) expect(answer.headers.get('preference-applied')).toBe(`odata.maxpagesize=${rows}`)
        const page = await answer.json()
        expect(page.value.length).toBeLessThanOrEqual(rows)
        all.push(...page.value.map((bird: { No: number }) => bird.No))
        url = page['@odata.nextLink']
      }
      expect(all.join(' ')).toBe(expected)
    }
  })

  test('a long text that rows are ordered by does not make a long link', async () => {
    const rows = [1, 2, 3].map((key) => ({ key, text: String(key).repeat(5_000) }))
    await post('/v1/datasets/long/rows?key=key', JSON.stringify(rows), 'application/json')
    const keys: number[] = []
    let url: string | undefined = `${root}/long?$orderby=text%20desc&$skip=1&$select=key`
    while (url !== undefined) {
      const page: { value: { key: number }[]; '@odata.nextLink'?: string } = await (
        await fetch(url, { headers: { prefer: 'maxpagesize=1' } })
      ).json()
      keys.push(...page.value.map(({ key }) => key))
      url = page['@odata.nextLink']
      expect(url?.length ?? 0).toBeLessThan(1_000)
    }
    expect(keys).toEqual([2, 1])
  })

  test('tell how many there are over all pages', async () => {
    const body = await getJson('/birds?$count=true&$top=1&$filter=No%20lt%209')
    expect([body['@odata.count'], body.value.length]).toEqual([3, 1])
  })

  test('have values as their types want them', async () => {
    const [first] = (await getJson('/birds?$filter=No%20eq%203')).value
    expect(first).toEqual({ ...birds[0], No: 3, At: '2013-06-21T01:00:00.000Z' })
  })

  test('carry whole numbers as text where that is asked for, else with all their digits', async () => {
    const accept = 'application/json;odata.metadata=none;IEEE754Compatible=true'
    const answer = await get('/birds?$select=Count&$filter=No%20eq%209&$count=true', { accept })
    expect(await answer.text()).toBe('{"@odata.count":"1","value":[{"Count":"9007199254740993"}]}')
    expect(answer.headers.get('content-type')).toContain('IEEE754Compatible=true')
    expect(await (await get('/birds?$select=Count&$filter=No%20eq%209')).text()).toContain('{"Count":9007199254740993}')
    expect(await (await get('/birds(9)?$select=Count')).text()).toContain('"Count":9007199254740993}')
    expect(await (await get('/birds(9)?$select=Count', { accept })).text()).toBe('{"Count":"9007199254740993"}')
  })

  test('name what was selected in their context', async () => {
    const body = await getJson('/birds?$select=Place,No&$top=1')
    expect(body).toEqual({ '@odata.context': `${root}/$metadata#birds(Place,No)`, value: [{ Place: '玉山', No: 3 }] })
  })

  test('answer HEAD without a body', async () => {
    const answer = await fetch(`${root}/birds`, { method: 'HEAD' })
    expect([answer.status, await answer.text()]).toEqual([200, ''])
  })
})

describe('one entity', () => {
  test('is found by its key', async () => {
    expect(await getJson('/birds(1)')).toMatchObject({
      '@odata.context': `${root}/$metadata#birds/$entity`,
      No: 1,
      Count: 1,
    })
    expect(await getJson('/birds(No=@k)?@k=1&$select=No')).toEqual({
      '@odata.context': `${root}/$metadata#birds(No)/$entity`,
      No: 1,
    })
    const two = await getJson("/two_keys(code='0050',day=2026-11-20)")
    expect(two).toMatchObject({ code: '0050', 面積_x00B2_: 1 })
  })

  test('may have a long key', async () => {
    const code = 'x'.repeat(1_000)
    await post('/v1/datasets/two-keys/rows', `code,day,面積²\n${code},2026-11-20,3\n`, 'text/csv')
    expect(await getJson(`/two_keys(code='${code}',day=2026-11-20)?$select=day`)).toMatchObject({ day: '2026-11-20' })
  })

  test('shows its properties one by one', async () => {
    expect(await getJson('/birds(3)/Place')).toEqual({
      '@odata.context': `${root}/$metadata#birds(3)/Place`,
      value: '玉山',
    })
    expect(await (await get('/birds(3)/Place/$value')).text()).toBe('玉山')
    expect((await get('/birds(9)/Place')).status).toBe(204)
  })
})

describe('$apply', () => {
  test.each([
    ['aggregate($count as n,Count with min as least)', [{ n: 4, least: 1 }]],
    ['aggregate(Lon with sum as Lon,Lon with average as mean)', [{ Lon: 240.93, mean: 80.31 }]],
    [
      'filter(No lt 9)/groupby((Place),aggregate(Count with sum as total))',
      [
        { Place: "it's \\ here", total: 1 },
        { Place: '玉山', total: 9 },
      ],
    ],
    ['groupby((Wild))', [{ Wild: null }, { Wild: false }, { Wild: true }]],
    ['groupby((Place),aggregate($count as n))/filter(n gt 1)', [{ Place: '玉山', n: 2 }]],
    ['groupby((Place),aggregate($count as n))/aggregate(n with max as most)', [{ most: 2 }]],
    [
      'aggregate(Place with countdistinct as places,At with max as last)',
      [{ places: 3, last: '2013-06-21T01:00:00.000Z' }],
    ],
  ])('%s', async (apply, expected) => {
    expect((await getJson(`/birds?$apply=${encodeURIComponent(apply)}`)).value).toEqual(expected)
    const rows: unknown[] = []
    let url: string | undefined = `${root}/birds?$apply=${encodeURIComponent(apply)}`
    while (url !== undefined) {
      const page = await (await fetch(url, { headers: { prefer: 'maxpagesize=1' } })).json()
      rows.push(...page.value)
      url = page['@odata.nextLink']
    }
    expect(rows).toEqual(expected)
  })

  test('leaves rows that can be ordered and counted', async () => {
    const apply = encodeURIComponent('groupby((Place),aggregate(Count with sum as total))')
    const body = await getJson(`/birds?$apply=${apply}&$orderby=total&$count=true&$select=total&$top=2`)
    expect(body).toMatchObject({ '@odata.count': 3, value: [{ total: 1 }, { total: 9 }] })
  })
})

describe('bars and instruments', () => {
  test('are entity sets', async () => {
    const body = await getJson("/bars_1d?$filter=instrument%20eq%20'TWSE:2330'&$orderby=ts%20desc&$top=1")
    expect(body.value).toEqual([
      {
        instrument: 'TWSE:2330',
        ts: '2026-11-14T01:00:00Z',
        open: 1,
        high: 2,
        low: 1,
        close: 2,
        volume: 300,
        turnover: null,
        trades: null,
        source: expect.any(String),
      },
    ])
    expect((await getJson("/bars_1d(instrument='TWSE:2409',ts=2026-11-12T01:00:00Z)")).volume).toBe(100)
    expect((await getJson("/instruments?$filter=exchange%20eq%20'TWSE'&$select=instrument")).value).toHaveLength(2)
  })

  test.each([
    ["instrument in ('TWSE:2330','TWSE:9999') and ts ge 2026-11-13T00:00:00Z", 2],
    ["instrument ne 'TWSE:2330'", 3],
    ["instrument eq 'TWSE:9999'", 0],
    ["startswith(instrument,'TWSE:24')", 3],
    ['trades eq null and volume ge 200', 4],
    ["instrument eq @i&@i='TWSE:2409'", 3],
  ])('%s finds %i bars', async (filter, count) => {
    expect(await (await get(`/bars_1d/$count?${encodeQuery(`$filter=${filter}`)}`)).text()).toBe(String(count))
  })

  test('come page by page in the order of instrument and time', async () => {
    const seen: string[] = []
    let url: string | undefined = `${root}/bars_1d`
    while (url !== undefined) {
      const page = await (await fetch(url, { headers: { prefer: 'maxpagesize=2' } })).json()
      seen.push(...page.value.map((bar: { instrument: string; ts: string }) => `${bar.instrument} ${bar.ts}`))
      url = page['@odata.nextLink']
    }
    expect(seen).toEqual(seen.toSorted())
    expect(new Set(seen).size).toBe(6)
  })
})

describe('what cannot be done says why, in the shape of OData', () => {
  test.each([
    ['/brids', 404, 'NOT_FOUND', "'birds'"],
    ['/birds(7)', 404, 'NOT_FOUND', 'key'],
    ["/birds('7')", 400, 'INVALID_PARAMETER', 'Edm.String'],
    ['/birds(Place=7)', 400, 'INVALID_PARAMETER', 'birds(value)'],
    ['/birds(', 400, 'INVALID_PARAMETER', 'due'],
    ['/birds?$filter=Cuont eq 1', 400, 'INVALID_PARAMETER', "'Count'"],
    ['/birds?$filter=Count eq', 400, 'INVALID_PARAMETER', 'character 5'],
    ['/birds?$filter=Count eq 1 and', 400, 'INVALID_PARAMETER', 'character'],
    ["/birds?$filter=Count eq '1'", 400, 'INVALID_PARAMETER', 'single quotes'],
    ['/birds?$filter=not Count eq 1', 400, 'INVALID_PARAMETER', 'not ('],
    ['/birds?$filter=Count', 400, 'INVALID_PARAMETER', 'true or false'],
    ['/birds?$filter=At gt 2013-06-20', 400, 'INVALID_PARAMETER', 'in full'],
    ['/birds?$filter=Seen eq 2013-02-30', 400, 'INVALID_PARAMETER', 'calendar'],
    ['/birds?$filter=Seen eq 1800-02-03', 400, 'INVALID_PARAMETER', '1900'],
    ['/birds?$filter=@a&@a=@b&@b=@a', 400, 'INVALID_PARAMETER', 'itself'],
    ['/birds?$filter=@a', 400, 'INVALID_PARAMETER', '@a'],
    ['/birds?$fliter=true', 400, 'INVALID_PARAMETER', '$filter'],
    ['/birds?fliter=true', 400, 'UNKNOWN_PARAMETER', 'fliter'],
    ['/birds?$top=1&$top=2', 400, 'INVALID_PARAMETER', 'more than once'],
    ['/birds?$top=-1', 400, 'INVALID_PARAMETER', 'whole number'],
    ['/birds?$skiptoken=nonsense', 400, 'INVALID_PARAMETER', 'nextLink'],
    ['/birds?$select=Cuont', 400, 'INVALID_PARAMETER', "'Count'"],
    ['/birds(1)?$top=1', 400, 'INVALID_PARAMETER', 'path'],
    ['/birds?$search=(', 400, 'INVALID_PARAMETER', 'due'],
    ['/birds?$apply=groupby((Cuont))', 400, 'INVALID_PARAMETER', "'Count'"],
    ['/birds?$format=atom', 406, 'NOT_ACCEPTABLE', 'application/json'],
    ['/birds?$filter=Place/any(x:x eq 1)', 501, 'NOT_SUPPORTED', 'path'],
    ["/birds?$filter=matchesPattern(Place,'x')", 501, 'NOT_SUPPORTED', 'matchespattern'],
    ['/birds?$expand=Place', 501, 'NOT_SUPPORTED', '$expand'],
    ['/birds?$compute=Count mul 2 as x', 501, 'NOT_SUPPORTED', '$compute'],
    ['/birds?$apply=topcount(1,Count)', 501, 'NOT_SUPPORTED', 'topcount'],
    ['/$batch', 501, 'NOT_SUPPORTED', '$batch'],
    ['/birds/$ref', 501, 'NOT_SUPPORTED', 'path'],
  ])('%s', async (path, status, code, hint) => {
    const [pathname = '', ...query] = path.split('?')
    const answer = await get(query.length === 0 ? pathname : `${pathname}?${encodeQuery(query.join('?'))}`)
    const { error } = await answer.json()
    expect([answer.status, error.code, error.message]).toEqual([status, code, expect.stringContaining(hint)])
    expect(error.details).toBeInstanceOf(Array)
    expect(answer.headers.get('odata-version')).toBe('4.0')
  })

  test.each([
    ['brackets', `${'('.repeat(200)}true${')'.repeat(200)}`, 'INVALID_PARAMETER', 'too deep'],
    ['negations', `${'not '.repeat(200)}true`, 'INVALID_PARAMETER', 'too deep'],
    ['sums', `1${' add 1'.repeat(200)} eq 1`, 'INVALID_PARAMETER', 'too deep'],
    ['values', `No in (${Array(5_001).fill(1).join(',')})`, 'INVALID_PARAMETER', 'too long'],
    ['cases', `${'case('.repeat(30)}Count${' ge Count:1)'.repeat(30)} eq 1`, 'REQUEST_TOO_COMPLEX', 'too much'],
  ])('too many %s', async (_, filter, code, hint) => {
    const answer = await get(`/birds?$filter=${encodeURIComponent(filter)}`)
    const { error } = await answer.json()
    expect([answer.status, error.code, error.message]).toEqual([400, code, expect.stringContaining(hint)])
  })

  test('long rows of conditions are possible', async () => {
    const filter = Array.from({ length: 300 }, (_, index) => `No eq ${index}`).join(' or ')
    expect(await found(`$filter=${filter}`)).toEqual(['3', '1', '2', '9'])
  })

  test('a body is not read, and what would write is refused', async () => {
    const answer = await fetch(`${root}/birds`, {
      method: 'POST',
      body: '{',
      headers: { 'content-type': 'application/json' },
    })
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
    expect((await answer.json()).error.code).toBe('METHOD_NOT_ALLOWED')
    const batch = await fetch(`${root}/$batch`, {
      method: 'POST',
      body: '--b',
      headers: { 'content-type': 'multipart/mixed;boundary=b' },
    })
    expect(batch.status).toBe(501)
  })

  test.each([
    [{ 'odata-maxversion': '3.0' }, 400],
    [{ 'odata-maxversion': '4.01', 'odata-version': '4.0' }, 200],
    [{ accept: 'application/atom+xml' }, 406],
    [{ accept: 'application/atom+xml, application/json;q=0.8' }, 200],
    [{ prefer: 'maxpagesize=0' }, 400],
  ])('headers %o are answered with %i', async (headers: Record<string, string>, status) => {
    expect((await get('/birds', headers)).status).toBe(status)
  })
})
