import type { ErrorCode, ErrorDetail } from '@barkeep/core'

/** A request that is refused with a code, and what of the answer is its own. */
export interface ErrorExample {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** What has to be so for this answer; nothing where any server gives it. */
  readonly when?: string
  /** What the server made of the query, where that is not its text. */
  readonly params?: Readonly<Record<string, unknown>>
  readonly detail: string
  readonly errors?: readonly ErrorDetail[]
}

const json = { 'content-type': 'application/json' }
const csv = { 'content-type': 'text/csv' }
const head = 'instrument,ts,open,high,low,close,volume'

/** What a server answers, of the codes that a request can be made for; a test makes each of them. */
export const errorExamples: Partial<Record<ErrorCode, ErrorExample>> = {
  INVALID_PARAMETER: {
    method: 'GET',
    path: '/v1/bars?interval=1d&start=2026-11-20T09:00:00',
    detail: "start: '2026-11-20T09:00:00' has no offset. Add Z or an offset such as +08:00.",
    errors: [
      {
        code: 'INVALID_PARAMETER',
        parameter: 'start',
        value: '2026-11-20T09:00:00',
        message: "'2026-11-20T09:00:00' has no offset. Add Z or an offset such as +08:00.",
      },
    ],
  },
  UNKNOWN_PARAMETER: {
    method: 'GET',
    path: '/v1/bars?interval=1d&instrument=SIM:1001',
    detail: "'instrument' is not a parameter of this route. Did you mean 'instruments'?",
    errors: [
      {
        code: 'UNKNOWN_PARAMETER',
        parameter: 'instrument',
        message: "'instrument' is not a parameter of this route. Did you mean 'instruments'?",
      },
    ],
  },
  MISSING_PARAMETER: {
    method: 'GET',
    path: '/v1/bars?instruments=SIM:1001',
    detail: 'interval is missing. Add interval=1m.',
    errors: [{ code: 'MISSING_PARAMETER', parameter: 'interval', message: 'interval is missing. Add interval=1m.' }],
  },
  EXCLUSIVE_PARAMETERS: {
    method: 'GET',
    path: '/v1/bars?interval=1d&exchange=SIM&instruments=SIM:1001',
    params: { interval: '1d', exchange: 'SIM', instruments: ['SIM:1001'] },
    detail: 'instruments and exchange exclude each other.',
    errors: [
      {
        code: 'EXCLUSIVE_PARAMETERS',
        parameter: 'exchange',
        value: 'SIM',
        message: 'instruments and exchange exclude each other.',
      },
    ],
  },
  INCLUSIVE_PARAMETERS: {
    method: 'POST',
    path: '/v1/datasets/birds/rows?title=Birds',
    headers: json,
    body: '[{"No":1}]',
    detail: 'title describes a new dataset, which needs key too. Add key=, or leave title out.',
    errors: [
      {
        code: 'INCLUSIVE_PARAMETERS',
        parameter: 'title',
        message: 'title describes a new dataset, which needs key too. Add key=, or leave title out.',
      },
    ],
  },
  INVALID_TIME_WINDOW: {
    method: 'GET',
    path: '/v1/bars?interval=1d&start=2026-11-20&end=2026-11-20',
    detail: 'start (2026-11-20) is not before end (2026-11-20). Windows are half-open.',
    errors: [
      { code: 'INVALID_TIME_WINDOW', parameter: 'start', value: '2026-11-20', message: 'start must be before end' },
    ],
  },
  INVALID_TIMEZONE: {
    method: 'POST',
    path: '/v1/exchanges',
    headers: json,
    body: '[{"code":"TSE","name":"Tokyo Stock Exchange","mic":"XTKS","timeZone":"Asia/Tokio","currency":"JPY","sessions":[{"since":"1900-01-01","open":"09:00","close":"15:00"}]}]',
    detail: "timeZone 'Asia/Tokio' is not an IANA time zone. Write it such as Asia/Taipei.",
    errors: [
      {
        code: 'INVALID_TIMEZONE',
        field: 'timeZone',
        index: 0,
        message: "timeZone 'Asia/Tokio' is not an IANA time zone. Write it such as Asia/Taipei.",
      },
    ],
  },
  UNKNOWN_EXCHANGE: {
    method: 'GET',
    path: '/v1/instruments?exchange=TSWE',
    detail: "The exchange 'TSWE' is not known. Did you mean TWSE?",
    errors: [
      {
        code: 'UNKNOWN_EXCHANGE',
        parameter: 'exchange',
        value: 'TSWE',
        message: "The exchange 'TSWE' is not known. Did you mean TWSE?",
      },
    ],
  },
  REQUEST_TOO_COMPLEX: {
    method: 'GET',
    path: '/v1/bars?interval=1d&instruments=SIM:1001,SIM:1002',
    params: { interval: '1d', instruments: ['SIM:1001', 'SIM:1002'] },
    when: 'api.instrumentsMax is 1.',
    detail: '2 instruments are named; at most api.instrumentsMax = 1 may be. Leave the parameter out for all.',
  },
  NOT_FOUND: {
    method: 'GET',
    path: '/v1/instruments/SIM:9999',
    detail: "There is no instrument 'SIM:9999'. GET /v1/instruments lists what there is.",
    errors: [
      {
        code: 'NOT_FOUND',
        parameter: 'instrument',
        value: 'SIM:9999',
        message: "There is no instrument 'SIM:9999'. GET /v1/instruments lists what there is.",
      },
    ],
  },
  ROUTE_NOT_FOUND: {
    method: 'GET',
    path: '/v1/bar',
    detail: 'There is no route /v1/bar.',
  },
  METHOD_NOT_ALLOWED: {
    method: 'DELETE',
    path: '/v1/bars',
    detail: 'DELETE is not possible on /v1/bars. Use GET or HEAD or OPTIONS.',
  },
  NOT_ACCEPTABLE: {
    method: 'GET',
    path: '/v1/exchanges',
    headers: { accept: 'image/png' },
    detail:
      'This is answered as application/json, application/xml, application/x-protobuf, application/x-ndjson, text/csv, application/vnd.apache.arrow.stream, application/vnd.apache.parquet.',
  },
  CONFLICT: {
    method: 'PUT',
    path: '/v1/datasets/devices',
    headers: json,
    body: '{"key":["online"],"columns":[{"name":"id","type":"string"},{"name":"online","type":"boolean"}]}',
    when: 'The key of devices is id.',
    detail:
      'devices: key is id, and online would tell its rows apart anew. Publish under another name, or delete the dataset first.',
  },
  IDEMPOTENCY_KEY_REUSED: {
    method: 'POST',
    path: '/v1/bars/1d',
    headers: { ...csv, 'idempotency-key': 'monday' },
    body: `${head}\nSIM:1001,2026-11-20T01:00:00Z,10,11,9,10,1000\n`,
    when: 'A body with another bar was sent under that key.',
    detail: "The Idempotency-Key 'monday' was used for another request. Use a new key for each new one.",
  },
  PRECONDITION_FAILED: {
    method: 'PUT',
    path: '/v1/datasets/devices/rows/1',
    headers: { ...json, 'if-match': '"kX0v0mJvC3mLxB6u0wq4Lw"' },
    body: '{"online":true}',
    when: 'The row was changed since it had that tag.',
    detail:
      'Nothing was written, because what is there has the tag "LTE91DTdkyUb9Vp3NG3UEQ". Read /v1/datasets/devices/rows/1 again.',
  },
  INVALID_BODY: {
    method: 'POST',
    path: '/v1/instruments',
    headers: json,
    body: '[{"instrument":"SIM:1001","name":"Jade Mountain","kind":"sock"}]',
    detail:
      'The body breaks the schema of this route: row 0: kind must be one of stock, etf, index, future, option, warrant, bond, currency, other.',
    errors: [
      {
        code: 'INVALID_BODY',
        message: 'row 0: kind must be one of stock, etf, index, future, option, warrant, bond, currency, other',
        field: 'kind',
        index: 0,
      },
    ],
  },
  INVALID_ROWS: {
    method: 'POST',
    path: '/v1/bars/1d',
    headers: csv,
    body: `${head}\nSIM:1001,2026-11-20T01:00:00Z,10,8,9,10,1000\n`,
    detail: 'Nothing was written: row 0: high is below low.',
    errors: [{ code: 'INVALID_ROWS', resource: 'bars', field: 'high', index: 0, message: 'high is below low' }],
  },
  BODY_TOO_LARGE: {
    method: 'POST',
    path: '/v1/bars/1d',
    headers: csv,
    body: `${head}\nSIM:1001,2026-11-20T01:00:00Z,10,11,9,10,1000\n`,
    when: 'api.bodyBytesMax is 64.',
    detail: 'The body is larger than 64 bytes. Send it in parts, or raise api.bodyBytesMax.',
  },
  UNSUPPORTED_MEDIA_TYPE: {
    method: 'POST',
    path: '/v1/bars/1d',
    headers: { 'content-type': 'text/plain' },
    body: 'SIM:1001 rose',
    detail:
      "'text/plain' is not read here. Send one of application/json, application/x-ndjson, text/csv, application/vnd.apache.arrow.stream, application/vnd.apache.parquet.",
  },
  FORBIDDEN_ORIGIN: {
    method: 'POST',
    path: '/v1/instruments',
    headers: { ...json, origin: 'https://page.example' },
    body: '[]',
    detail: 'Pages of https://page.example may not write here. Name that origin in api.corsOrigins if they should.',
  },
  UNAUTHORIZED_ACCESS: {
    method: 'GET',
    path: '/v1/exchanges',
    when: 'The server has a key.',
    detail: 'This server needs a key. Send Authorization: Bearer <key>; barkeep keys create makes one.',
  },
  TOO_MANY_REQUESTS: {
    method: 'GET',
    path: '/v1/exchanges',
    when: 'api.requestsPerSecond is 1, and this is the second.',
    detail: 'More than api.requestsPerSecond = 1 requests came from one caller. Wait 950 ms.',
  },
}
