import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Emulator, startEmulator } from '../start-emulator.js'

let nowMs = Date.parse('2026-11-20T16:00:00+08:00')
let emulator: Emulator

beforeAll(async () => {
  emulator = await startEmulator({ seed: 2, now: () => nowMs, stocks: 30, limits: { twse: [] } })
})
afterAll(() => emulator.close())

interface Table {
  readonly stat: string
  readonly date?: string
  readonly title?: string
  readonly fields: string[]
  readonly data: (string | number)[][]
}

async function get(path: string): Promise<Response> {
  return fetch(emulator.url('twse') + path)
}
async function table(path: string): Promise<Table> {
  // The shape is what these tests are about.
  return (await (await get(path)).json()) as Table
}
const numberOf = (cell: string | number | undefined) => Number(String(cell).replaceAll(',', ''))

describe('STOCK_DAY', () => {
  const path = '/rwd/zh/afterTrading/STOCK_DAY'

  it('tells a whole month exactly as the truth has it, and echoes the date that was asked', async () => {
    const { stat, date, title, data } = await table(`${path}?date=20241109&stockNo=2330`)
    expect({ stat, date }).toEqual({ stat: 'OK', date: '20241109' })
    expect(title).toMatch(/^113年11月 2330 台積電 +各日成交資訊$/)
    const days = emulator.truth.days('2330', '2024-11-01', '2024-12-01')
    expect(data.map((row) => row.slice(1, 7).map(numberOf))).toEqual(
      days.map((day) => [day.volumeShares, day.turnover, day.open, day.high, day.low, day.close]),
    )
    expect(data[0]?.[0]).toBe('113/11/01')
    expect(data.map((row) => numberOf(row[8]))).toEqual(days.map(({ trades }) => trades))
  })

  it('answers the same under its old path', async () => {
    const query = '?response=json&date=20241109&stockNo=2330'
    expect(await table(`/exchangeReport/STOCK_DAY${query}`)).toEqual(await table(path + query))
  })

  it('has a tenth column since December 2025, for old months as well', async () => {
    expect((await table(`${path}?date=20200101&stockNo=2330`)).fields.at(-1)).toBe('註記')
    nowMs = Date.parse('2025-11-20T16:00:00+08:00')
    expect((await table(`${path}?date=20200101&stockNo=2330`)).fields).toHaveLength(9)
    nowMs = Date.parse('2026-11-20T16:00:00+08:00')
  })

  it('writes signs, no sign, no comparison and no trade each in its way', async () => {
    const changes = (await table(`${path}?date=20240801&stockNo=2330`)).data.map((row) => String(row[7]))
    expect(changes.every((change) => /^([+-]\d|X0\.00$| 0\.00$)/.test(change))).toBe(true)
    expect(changes).toContain('X0.00')
    const silent = emulator.truth.days('8444', '2020-01-01', '2026-11-01').find(({ close }) => close === null)
    const month = await table(`${path}?date=${silent?.date.replaceAll('-', '')}&stockNo=8444`)
    const row = month.data.find((cells) => cells[3] === '--')
    expect(row?.slice(3, 8)).toEqual(['--', '--', '--', '--', ' 0.00'])
  })

  it('tells the current month up to the last published day', async () => {
    nowMs = Date.parse('2026-11-20T14:00:00+08:00')
    expect((await table(`${path}?date=20261120&stockNo=2330`)).data.at(-1)?.[0]).toBe('115/11/19')
    nowMs = Date.parse('2026-11-20T16:00:00+08:00')
    expect((await table(`${path}?date=20261120&stockNo=2330`)).data.at(-1)?.[0]).toBe('115/11/20')
  })

  it.each([
    ['date=20241109&stockNo=9999', { stat: '很抱歉，沒有符合條件的資料!', total: 0 }],
    ['date=20180101&stockNo=6669', { stat: '很抱歉，沒有符合條件的資料!', total: 0 }],
    ['date=20091231&stockNo=2330', { stat: '查詢日期小於99年1月4日，請重新查詢!', date: '20091231', fields: [] }],
    ['date=20261121&stockNo=2330', { stat: '查詢日期大於今日，請重新查詢!', fields: [], data: [] }],
  ])('says no under status 200: %s', async (query, body) => {
    const response = await get(`${path}?${query}`)
    expect(response.status).toBe(200)
    expect(await response.json()).toEqual(body)
  })
})

describe('MI_INDEX', () => {
  const path = '/rwd/zh/afterTrading/MI_INDEX'
  const tablesOf = async (query: string) => {
    // The shape is what these tests are about.
    const body = (await (await get(`${path}?${query}`)).json()) as { stat: string; tables: Partial<Table>[] }
    return { ...body, stocks: body.tables.find(({ fields }) => fields?.[0] === '證券代號') }
  }

  it('tells all listed securities of a day as the truth has them, the count before the amount', async () => {
    const { stocks } = await tablesOf('date=20230130&type=ALLBUT0999')
    const listed = emulator.truth.listings().filter(({ kind }) => kind !== 'warrant')
    const days = listed.flatMap(({ symbol }) => emulator.truth.day(symbol, '2023-01-30') ?? [])
    const told = new Map(stocks?.data?.map((row) => [row[0], row]))
    expect(told.size).toBe(days.length)
    for (const day of days) {
      const row = told.get(day.symbol)
      expect([row?.[2], row?.[3], row?.[4]].map(numberOf)).toEqual([day.volumeShares, day.trades, day.turnover])
      if (day.close !== null) expect(numberOf(row?.[8])).toBe(day.close)
      else expect(row?.[8]).toBe('--')
    }
  })

  it('writes the sign of the change in HTML', async () => {
    const { stocks } = await tablesOf('date=20240805&type=ALLBUT0999')
    const signs = new Set(stocks?.data?.map((row) => row[9]))
    expect(signs).toContain('<p style= color:red>+</p>')
    expect(signs).toContain('<p style= color:green>-</p>')
  })

  it('has warrants only where all are asked for', async () => {
    const codes = async (type: string) =>
      (await tablesOf(`date=20251103&type=${type}`)).stocks?.data?.map(([code]) => code)
    expect(await codes('ALL')).toContain('030001')
    expect(await codes('ALLBUT0999')).not.toContain('030001')
  })

  it.each(['20230101', '20241031', '20261121'])('is ten empty tables and an excuse on %s', async (date) => {
    const { stat, tables } = await tablesOf(`date=${date}&type=ALLBUT0999`)
    expect(stat).toBe('很抱歉，沒有符合條件的資料!')
    expect(tables).toEqual(Array(10).fill({}))
  })

  it('comes as MS950 CSV under its old path', async () => {
    const response = await get('/exchangeReport/MI_INDEX?response=csv&date=20230130&type=ALLBUT0999')
    const text = new TextDecoder('big5').decode(await response.arrayBuffer())
    expect(text).toContain('="0050","元大台灣50",')
    expect(text).toContain('"(元,股)","(元,交易單位)",\r\n"證券代號","證券名稱",')
  })
})

describe('lists', () => {
  it('tell the latest published day as JSON of texts, and as CSV with a byte order mark', async () => {
    // The shape is what these tests are about.
    const rows = (await (await get('/v1/exchangeReport/STOCK_DAY_ALL')).json()) as Record<string, string>[]
    const day = emulator.truth.day('2330', '2026-11-20')
    const row = rows.find(({ Code }) => Code === '2330')
    expect(row).toMatchObject({ Date: '1151120', Name: '台積電', TradeVolume: String(day?.volumeShares) })
    expect(row?.Change).toMatch(/^-?\d+\.\d{4}$/)
    const bytes = Buffer.from(await (await get('/exchangeReport/STOCK_DAY_ALL?response=open_data')).arrayBuffer())
    expect(bytes.subarray(0, 3)).toEqual(Buffer.from([0xef, 0xbb, 0xbf]))
    expect(bytes.toString('utf8').trim().split('\r\n')).toHaveLength(rows.length + 1)
  })

  it('hold yesterday until the day is published', async () => {
    nowMs = Date.parse('2026-11-20T14:59:59+08:00')
    const rows = (await (await get('/v1/exchangeReport/STOCK_DAY_ALL')).json()) as Record<string, string>[]
    expect(rows[0]?.Date).toBe('1151119')
    nowMs = Date.parse('2026-11-20T16:00:00+08:00')
  })

  it('value all stocks of a day, with a number among texts', async () => {
    const { fields, data } = await table('/rwd/zh/afterTrading/BWIBBU_d?date=20230130&selectType=ALL')
    expect(fields[2]).toBe('收盤價')
    const row = data.find(([code]) => code === '2330')
    expect(numberOf(row?.[2])).toBe(emulator.truth.day('2330', '2023-01-30')?.close)
    expect(typeof row?.[4]).toBe('number')
    expect(await table('/rwd/zh/afterTrading/BWIBBU_d?date=20230101')).toEqual({
      stat: '很抱歉，沒有符合條件的資料!',
      total: 0,
    })
  })

  it('hold the schedule of the current year, whatever year is asked: closed days, some open ones, no typhoon', async () => {
    const { stat, data } = await table('/rwd/zh/holidaySchedule/holidaySchedule?response=json&queryYear=113')
    expect(stat).toBe('ok')
    const open = data.filter(([date]) => emulator.truth.calendar.closure(String(date)) === undefined)
    expect(open.map(([, name]) => name)).toEqual(['國曆新年開始交易日', '農曆春節前最後交易日', '農曆春節後開始交易日'])
    const typhoons = emulator.truth.calendar.sessions('2026-01-01', '2027-01-01')
    expect(typhoons.length).toBeGreaterThan(230)
    expect(data.some(([date]) => emulator.truth.calendar.closure(String(date)) === 'typhoon')).toBe(false)
    const openData = (await (await get('/v1/holidaySchedule/holidaySchedule')).json()) as Record<string, string>[]
    expect(openData[0]).toEqual({
      Name: '中華民國開國紀念日',
      Date: '1150101',
      Weekday: '四',
      Description: '依規定放假1日。',
    })
    const csv = await get('/holidaySchedule/holidaySchedule?response=csv')
    const lines = new TextDecoder('big5').decode(await csv.arrayBuffer()).split('\r\n')
    expect(lines[1]).toBe('"名稱","日期","星期","說明","備註"')
    expect(lines.filter((line) => line.endsWith('"o"'))).toHaveLength(3)
  })

  it('name the companies that have left', async () => {
    expect(await (await get('/v1/company/suspendListingCsvAndHtml')).json()).toEqual([
      { DelistingDate: '1070430', Company: '日月光', Code: '2311' },
    ])
  })

  it('name every security with its ISIN in MS950, code and name parted by an ideographic space', async () => {
    const response = await get('/isin/C_public.jsp?strMode=2')
    const html = new TextDecoder('big5').decode(await response.arrayBuffer())
    expect(html).toContain('<td bgcolor=#FAFAD2>2330\u3000台積電</td><td bgcolor=#FAFAD2>TW0002330008</td>')
    expect(html).toContain('<tr><td bgcolor=#FAFAD2 colspan=7 ><B> ETF <B> </td></tr>')
    expect(html).not.toContain('2311\u3000')
  })
})

describe('quotes', () => {
  const ask = async (channels: string) => {
    const response = await get(`/stock/api/getStockInfo.jsp?json=1&delay=0&ex_ch=${encodeURIComponent(channels)}`)
    expect(response.status).toBe(200)
    // The shape is what these tests are about.
    return (await response.json()) as { rtcode: string; msgArray: Record<string, string>[] }
  }

  it('end a day where the truth ends it', async () => {
    const { msgArray } = await ask('tse_2330.tw|tse_t00.tw')
    const day = emulator.truth.day('2330', '2026-11-20')
    const sum = emulator.truth
      .minutes('2330', '2026-11-20')
      .reduce((total, { volumeShares }) => total + volumeShares, 0)
    const quote = msgArray[0]
    expect([quote?.o, quote?.h, quote?.l, quote?.z].map(Number)).toEqual([day?.open, day?.high, day?.low, day?.close])
    expect(Number(quote?.v) * 1_000).toBe(sum)
    expect(quote).toMatchObject({
      t: '13:30:00',
      tlong: String(Date.parse('2026-11-20T14:30:00+08:00')),
      ot: '14:30:00',
    })
    expect(quote?.a).toMatch(/^(\d+\.\d{4}_){5}$/)
    expect(msgArray[1]).toMatchObject({ t: '13:33:00', c: 't00' })
    expect(msgArray[1]).not.toHaveProperty('a')
  })

  it('have no last price in most polls of a running session', async () => {
    const lasts: (string | undefined)[] = []
    for (let second = 0; second < 200; second += 5) {
      nowMs = Date.parse('2026-11-20T10:00:00+08:00') + second * 1_000
      lasts.push((await ask('tse_2330.tw')).msgArray[0]?.z)
    }
    nowMs = Date.parse('2026-11-20T16:00:00+08:00')
    const quiet = lasts.filter((last) => last === '-').length
    expect(quiet).toBeGreaterThan(10)
    expect(quiet).toBeLessThan(40)
  })

  it('tell errors in the body', async () => {
    expect((await ask('tse_9999.tw')).msgArray).toEqual([{ c: '', z: '-', s: '-', tv: '-' }])
    expect(await ask('')).toEqual({ rtcode: '9999', rtmessage: '參數不足' })
    const malformed = await get('/stock/api/getStockInfo.jsp?ex_ch=2330')
    expect((await malformed.text()).trim()).toBe('')
  })

  it('come after a page that hands out a cookie', async () => {
    expect((await get('/stock/index.jsp')).headers.get('set-cookie')).toMatch(/^JSESSIONID=\w+;/)
  })
})
