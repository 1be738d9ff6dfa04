/** One stretch of trading hours, in the wall clock of the exchange. `close` belongs to the last bar of the session. */
export interface SessionHours {
  /** First session date on which the hours hold, `YYYY-MM-DD`. */
  readonly since: string
  /** `HH:MM`, exchange time. */
  readonly open: string
  readonly close: string
  /**
   * Hours after dark that belong to the next session date: from `open` on the evening of the session before to `close` on the
   * morning after it. Their bars are kept, and are no part of the regular session.
   */
  readonly night?: { readonly open: string; readonly close: string }
}

/** A market place. Times are its own wall clock; its bars are kept in UTC. */
export interface Exchange {
  /** Barkeep's code, e.g. `TWSE`. */
  readonly code: string
  readonly name: string
  /** Market identifier code of ISO 10383; null where none fits, as for a consolidated tape. */
  readonly mic: string | null
  /** IANA time zone. */
  readonly timeZone: string
  /** ISO 4217. */
  readonly currency: string
  /** Ascending by `since`; the first holds from the beginning. */
  readonly sessions: readonly SessionHours[]
}

const always = '1900-01-01'

/** Exchanges that need no declaration. Hours are those of the regular session of stocks. */
export const builtInExchanges: readonly Exchange[] = [
  {
    code: 'TWSE',
    name: 'Taiwan Stock Exchange',
    mic: 'XTAI',
    timeZone: 'Asia/Taipei',
    currency: 'TWD',
    // Until the end of 2000 the session ended at noon.
    sessions: [
      { since: always, open: '09:00', close: '12:00' },
      { since: '2001-01-02', open: '09:00', close: '13:30' },
    ],
  },
  {
    code: 'TPEX',
    name: 'Taipei Exchange',
    mic: 'ROCO',
    timeZone: 'Asia/Taipei',
    currency: 'TWD',
    sessions: [
      { since: always, open: '09:00', close: '12:00' },
      { since: '2001-01-02', open: '09:00', close: '13:30' },
    ],
  },
  {
    code: 'TAIFEX',
    name: 'Taiwan Futures Exchange',
    mic: 'XTAF',
    timeZone: 'Asia/Taipei',
    currency: 'TWD',
    // Hours of the stock indices. The first night was that of 2017-05-15, which belongs to the day after.
    sessions: [
      { since: always, open: '08:45', close: '13:45' },
      { since: '2017-05-16', open: '08:45', close: '13:45', night: { open: '15:00', close: '05:00' } },
    ],
  },
  {
    code: 'US',
    name: 'United States, consolidated tape',
    mic: null,
    timeZone: 'America/New_York',
    currency: 'USD',
    sessions: [{ since: always, open: '09:30', close: '16:00' }],
  },
  {
    code: 'NYSE',
    name: 'New York Stock Exchange',
    mic: 'XNYS',
    timeZone: 'America/New_York',
    currency: 'USD',
    sessions: [{ since: always, open: '09:30', close: '16:00' }],
  },
  {
    code: 'NASDAQ',
    name: 'Nasdaq',
    mic: 'XNAS',
    timeZone: 'America/New_York',
    currency: 'USD',
    sessions: [{ since: always, open: '09:30', close: '16:00' }],
  },
  {
    code: 'ARCA',
    name: 'NYSE Arca',
    mic: 'ARCX',
    timeZone: 'America/New_York',
    currency: 'USD',
    sessions: [{ since: always, open: '09:30', close: '16:00' }],
  },
  {
    code: 'LSE',
    name: 'London Stock Exchange',
    mic: 'XLON',
    timeZone: 'Europe/London',
    currency: 'GBP',
    sessions: [{ since: always, open: '08:00', close: '16:30' }],
  },
  {
    code: 'SIM',
    name: 'Simulated exchange, hours of the Taiwan Stock Exchange',
    mic: null,
    timeZone: 'Asia/Taipei',
    currency: 'TWD',
    sessions: [{ since: always, open: '09:00', close: '13:30' }],
  },
]

/** The shape of an exchange code: capitals and digits, 2 to 12 of them. */
export const exchangeCodePattern = '^[A-Z][A-Z0-9]{1,11}$'
