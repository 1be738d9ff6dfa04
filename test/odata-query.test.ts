import { describe, expect, test } from 'vitest'
import { encodeQuery, odataServer } from './odata-rig.js'

const odata = odataServer()
const { get, getJson, found } = odata

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
    let url: string | undefined = `${odata.root}/birds?$apply=${encodeURIComponent(apply)}`
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
    const answer = await fetch(`${odata.root}/birds`, {
      method: 'POST',
      body: '{',
      headers: { 'content-type': 'application/json' },
    })
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
    expect((await answer.json()).error.code).toBe('METHOD_NOT_ALLOWED')
    const batch = await fetch(`${odata.root}/$batch`, {
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
