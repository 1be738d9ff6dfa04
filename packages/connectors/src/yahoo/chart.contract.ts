/** A chart in the real shape, made of rows `[seconds, open, high, low, close, volume]`, null where there is nothing. */
export function chartBody(options: {
  readonly symbol?: string
  readonly granularity?: string
  readonly rows: readonly (readonly (number | null)[])[]
  readonly events?: unknown
  readonly meta?: Readonly<Record<string, unknown>>
}): string {
  const { symbol = '1234.TW', granularity = '1d', rows, events, meta } = options
  const column = (position: number) => rows.map((row) => row[position])
  const quote = { volume: column(5), open: column(1), low: column(3), close: column(4), high: column(2) }
  const result = {
    meta: {
      currency: 'TWD',
      symbol,
      exchangeName: 'TAI',
      fullExchangeName: 'Taiwan',
      instrumentType: 'EQUITY',
      gmtoffset: 28_800,
      timezone: 'CST',
      exchangeTimezoneName: 'Asia/Taipei',
      priceHint: 2,
      dataGranularity: granularity,
      range: '',
      ...meta,
    },
    ...(rows.length > 0 && { timestamp: column(0) }),
    ...(events !== undefined && { events }),
    indicators: { quote: [rows.length > 0 ? quote : {}] },
  }
  return JSON.stringify({ chart: { result: [result], error: null } })
}

/** Seconds of a clock in Taipei. */
export function taipei(date: string, clock = '09:00:00'): number {
  return Date.parse(`${date}T${clock}+08:00`) / 1000
}
