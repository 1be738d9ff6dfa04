import { describe, expect, test } from 'vitest'
import { birds, encodeQuery, odataServer } from './odata-rig.js'

const odata = odataServer()
const { post, get, getJson, found } = odata

describe('the service tells what it has', () => {
  test('in a service document', async () => {
    const answer = await get('/')
    expect(answer.headers.get('odata-version')).toBe('4.0')
    expect(answer.headers.get('content-type')).toMatch(/^application\/json;odata.metadata=minimal/)
    const body = await answer.json()
    expect(body['@odata.context']).toBe(`${odata.root}/$metadata`)
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
      let url: string | undefined = `${odata.root}/birds?${encodeQuery(query)}`
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
    await post('/v1/datasets/long/rows?key=key', rows)
    const keys: number[] = []
    let url: string | undefined = `${odata.root}/long?$orderby=text%20desc&$skip=1&$select=key`
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
    expect(body).toEqual({
      '@odata.context': `${odata.root}/$metadata#birds(Place,No)`,
      value: [{ Place: '玉山', No: 3 }],
    })
  })

  test('answer HEAD without a body', async () => {
    const answer = await fetch(`${odata.root}/birds`, { method: 'HEAD' })
    expect([answer.status, await answer.text()]).toEqual([200, ''])
  })
})

describe('one entity', () => {
  test('is found by its key', async () => {
    expect(await getJson('/birds(1)')).toMatchObject({
      '@odata.context': `${odata.root}/$metadata#birds/$entity`,
      No: 1,
      Count: 1,
    })
    expect(await getJson('/birds(No=@k)?@k=1&$select=No')).toEqual({
      '@odata.context': `${odata.root}/$metadata#birds(No)/$entity`,
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
      '@odata.context': `${odata.root}/$metadata#birds(3)/Place`,
      value: '玉山',
    })
    expect(await (await get('/birds(3)/Place/$value')).text()).toBe('玉山')
    expect((await get('/birds(9)/Place')).status).toBe(204)
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
    let url: string | undefined = `${odata.root}/bars_1d`
    while (url !== undefined) {
      const page = await (await fetch(url, { headers: { prefer: 'maxpagesize=2' } })).json()
      seen.push(...page.value.map((bar: { instrument: string; ts: string }) => `${bar.instrument} ${bar.ts}`))
      url = page['@odata.nextLink']
    }
    expect(seen).toEqual(seen.toSorted())
    expect(new Set(seen).size).toBe(6)
  })
})
