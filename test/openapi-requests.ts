import fc from 'fast-check'

/** As much of JSON Schema as the description uses. */
export interface JsonSchema {
  readonly type?: string
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly anyOf?: readonly JsonSchema[]
  readonly allOf?: readonly JsonSchema[]
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: boolean | JsonSchema
  readonly items?: JsonSchema
  readonly minItems?: number
  readonly maxItems?: number
  readonly pattern?: string
  readonly format?: string
  readonly minLength?: number
  readonly maxLength?: number
  readonly minimum?: number
  readonly maximum?: number
}

export interface Operation {
  readonly parameters?: readonly {
    readonly name: string
    readonly in: 'path' | 'query' | 'header'
    readonly required?: boolean
    readonly explode?: boolean
    readonly schema: JsonSchema
    readonly example?: unknown
  }[]
  readonly requestBody?: { readonly content: Readonly<Record<string, { schema: JsonSchema; example?: unknown }>> }
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, { schema: JsonSchema }>> }>>
}

export interface ApiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly responses: { readonly Problem: Operation['responses'][string] } }
}

export interface FuzzedRequest {
  readonly method: string
  /** The path as the description has it. */
  readonly route: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array | undefined
}

/** Requests to any operation of the document: most nearly right, some out of bounds, a few with nothing right in them. */
export function requestsTo({ paths }: ApiDocument): fc.Arbitrary<FuzzedRequest> {
  const each = Object.entries(paths).flatMap(([route, operations]) =>
    Object.entries(operations).map(([method, operation]) => requestTo(route, method.toUpperCase(), operation)),
  )
  return fc.oneof(...each)
}

function requestTo(route: string, method: string, { parameters = [], requestBody }: Operation) {
  const of = (place: string) => parameters.filter((parameter) => parameter.in === place)
  const path = fc.tuple(
    ...of('path').map(({ name, schema, example }) => fc.tuple(fc.constant(name), segment(name, schema, example))),
  )
  const known = of('query').map(({ name, schema, example, required, explode }) => {
    if (explode === true) return fc.array(fc.tuple(filterName, anyText), { maxLength: 3 })
    const pair = fc.tuple(fc.constant(name), queryText(name, schema, example))
    return fc.array(pair, { minLength: 1, maxLength: 1 }).chain((one) => rarely(1 / (required ? 20 : 2), [], one))
  })
  const stray = rarely(19 / 20, [], undefined).chain((none) =>
    none ? fc.constant(none) : fc.array(fc.tuple(fc.oneof(filterName, awkwardText), anyText), { maxLength: 2 }),
  )
  const body =
    requestBody === undefined
      ? fc.oneof({ weight: 20, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: rawBody(['application/json']) })
      : fc.oneof(
          ...Object.entries(requestBody.content).map(([type, media]) => bodyOf(type, media.schema, media.example)),
        )
  const methods = method === 'GET' ? fc.constantFrom('GET', 'GET', 'GET', 'HEAD') : fc.constant(method)
  return fc
    .record({ method: methods, path, query: fc.tuple(...known, stray), headers: headers(method), body })
    .map((made): FuzzedRequest => {
      const values = new Map(made.path)
      const query = made.query.flat().map((pair) => pair.map(encode).join('='))
      const { type, content } = made.body as { type?: string; content?: string | Uint8Array } // one of those above
      return {
        method: made.method,
        route,
        url:
          route.replaceAll(/\{(\w+)\}/g, (_, name) => encode(values.get(name) ?? '')) +
          (query.length > 0 ? `?${query.join('&')}` : ''),
        headers: { ...(type !== undefined && { 'content-type': type }), ...made.headers },
        body: content,
      }
    })
}

function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed())
}

function rarely<Value>(probability: number, seldom: Value, else_: Value): fc.Arbitrary<Value> {
  const weight = Math.round(probability * 100)
  return fc.oneof({ weight, arbitrary: fc.constant(seldom) }, { weight: 100 - weight, arbitrary: fc.constant(else_) })
}

/** Words that mean something to the server under test, by the name of a parameter or field. */
const words: Readonly<Record<string, readonly unknown[]>> = {
  code: ['SIM', 'TWSE', 'NOPE', 'XX'],
  exchange: ['SIM', 'TWSE', 'NOPE'],
  instrument: ['SIM:1', 'SIM:2', 'TWSE:2330', 'NOPE:1'],
  instruments: ['SIM:1', 'SIM:2', 'TWSE:2330'],
  name: ['birds', 'fresh', 'instruments', 'bars-1d', 'bars_1d', 'nightly'],
  dataset: ['birds', 'fresh', 'instruments', 'bars-1d'],
  key: ['1', '2', 'SIM:1', 'No', 'No,Count', '1,2'],
  id: ['1', '2', 'twse', 'yahoo', 'worldtradingdata'],
  connector: ['twse', 'yahoo', 'worldtradingdata'],
  plan: ['daily-bars', 'market-days', 'bars', 'instruments', 'history'],
  start: ['2024-03-01', '2024-03-04T01:00:00Z', '1990-01-01', '0001-01-01', '9999-12-31'],
  end: ['2024-03-06', '2024-03-05T01:00:00Z', '2026-01-01', '9999-12-31'],
  since: ['2000-01-01', '2024-02-29'],
  interval: ['1m', '1h', '1d', '1w', '5m'],
  columns: ['ts', 'close', 'instrument'],
  sort: ['-No', 'Count', 'ts', '-ts'],
  fields: ['No', 'Count', 'ts'],
  types: ['auto', 'No:integer', 'No:string'],
  cursor: ['MC4w', 'WzBd', 'WzEsMF0', 'MC4wLjAuMA', '0', '1'],
  cron: ['30 18 * * 1-5', '* * * * *', '0 0 31 2 *'],
  timeZone: ['Asia/Taipei', 'Asia/Tokio', '+08:00'],
  ts: ['2024-03-04T01:00:00Z', '2024-03-04T01:00:30Z', '1800-01-01T00:00:00Z'],
  of: ['1d', '1m', 'birds'],
  scope: ['SIM', 'SIM:1', 'TWSE'],
  timeout: [0, 1],
  No: ['1', 2],
  Count: [1, '2', null],
}

const awkwardText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.string({ maxLength: 60 }),
  fc.constantFrom(
    '',
    "'",
    '\\',
    '`',
    '%',
    '%00',
    '\u0000',
    '\n',
    '\r\n',
    '\u202e',
    '..',
    '{p0:String}',
    "'); DROP TABLE bars_1m; --",
  ),
  fc.constantFrom(
    'null',
    'NaN',
    '-1',
    '0',
    '1e309',
    '99999999999999999999',
    '0x10',
    '2026-02-30',
    '__proto__',
    'constructor',
    'toString',
  ),
  fc.integer({ min: 200, max: 9_000 }).map((length) => 'x'.repeat(length)),
)
const anyText = fc.oneof(fc.constantFrom('1', '2', 'true', '1,2', '2024-03-04'), awkwardText)
const filterName = fc.constantFrom(
  'No',
  'Count',
  'Count.gt',
  'No.in',
  'Count.lte',
  'ts.gte',
  'instrument',
  'limit',
  'No.near',
  '名',
)
const awkwardJson = fc.oneof(
  awkwardText,
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom(null, true, -0, 1.5, 1e308, -1e308, 2 ** 53, [], {}, [[]], [null]),
)

function wordOf(name: string): fc.Arbitrary<unknown> | undefined {
  const known = Object.hasOwn(words, name) ? words[name] : undefined
  return known && fc.constantFrom(...known)
}

/** Mostly what the name or an example suggests, else what the schema allows, its bounds, or anything. */
function fuzzed(name: string, schema: JsonSchema, example?: unknown): fc.Arbitrary<unknown> {
  const suggested = wordOf(name)
  return fc.oneof(
    ...(suggested === undefined ? [] : [{ weight: 12, arbitrary: suggested }]),
    ...(example === undefined ? [] : [{ weight: 6, arbitrary: fc.constant(example) }]),
    { weight: 8, arbitrary: valid(schema) },
    { weight: 1, arbitrary: bounds(schema) },
    { weight: 1, arbitrary: awkwardJson },
  )
}

function segment(name: string, schema: JsonSchema, example: unknown): fc.Arbitrary<string> {
  return fuzzed(name, schema, example).map((value) => textOf(value).slice(0, 300))
}

function queryText(name: string, schema: JsonSchema, example: unknown): fc.Arbitrary<string> {
  if (schema.type !== 'array') return fuzzed(name, schema, example).map(textOf)
  const one = fuzzed(name, schema.items ?? {}).map(textOf)
  return fc.array(one, { maxLength: 4 }).map((values) => values.join(','))
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
}

/** Values that the schema allows, but that fields within them are fuzzed now and then. */
function valid(schema: JsonSchema): fc.Arbitrary<unknown> {
  if (schema.const !== undefined) return fc.constant(schema.const)
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum)
  if (schema.anyOf !== undefined) return fc.oneof(...schema.anyOf.map(valid))
  if (schema.allOf !== undefined) {
    return fc.tuple(...schema.allOf.map(valid)).map((parts) => Object.assign({}, ...parts))
  }
  if (schema.type === 'array') {
    const { items = {}, minItems = 0, maxItems = 4 } = schema
    return fc.array(valid(items), { minLength: minItems, maxLength: Math.max(minItems, Math.min(maxItems, 4)) })
  }
  if (schema.type === 'object') return validObject(schema)
  if (schema.type === 'string') return validText(schema)
  if (schema.type === 'integer')
    return fc.integer({ min: schema.minimum ?? -5, max: Math.min(schema.maximum ?? 10 ** 9, 2 ** 31 - 1) })
  if (schema.type === 'number')
    return fc.double({ noNaN: true, min: schema.minimum ?? -1e15, max: schema.maximum ?? 1e15 })
  if (schema.type === 'boolean') return fc.boolean()
  if (schema.type === 'null') return fc.constant(null)
  return fc.jsonValue({ maxDepth: 2 })
}

function validObject({ properties = {}, required = [], additionalProperties }: JsonSchema): fc.Arbitrary<object> {
  const fields = Object.entries(properties).map(([name, schema]) => [name, fuzzed(name, schema)])
  const object: fc.Arbitrary<Record<string, unknown>> = fc.record(Object.fromEntries(fields), {
    requiredKeys: [...required],
  })
  const others = typeof additionalProperties === 'object' ? additionalProperties : {}
  const name = fc.oneof(fc.constantFrom('No', 'Count', 'Wild', '名', 'id'), awkwardText)
  const isOpen = typeof additionalProperties === 'object'
  const extra = fc.oneof(
    { weight: isOpen ? 1 : 30, arbitrary: fc.constant({}) },
    { weight: isOpen ? 5 : 1, arbitrary: fc.dictionary(name, fc.oneof(valid(others), awkwardJson), { maxKeys: 4 }) },
  )
  const without = fc.oneof(
    { weight: 30, arbitrary: fc.constant<string>('') },
    { weight: 1, arbitrary: fc.constantFrom<string>('', ...required) },
  )
  return fc.tuple(object, extra, without).map(([made, more, missing]) => {
    const { [missing]: _, ...rest } = made
    return { ...rest, ...more }
  })
}

function validText({ pattern, format, minLength = 0, maxLength = 60 }: JsonSchema): fc.Arbitrary<string> {
  const { min, max } = { min: new Date('1900-01-01'), max: new Date('2100-01-01') }
  const instant = fc.date({ min, max, noInvalidDate: true }).map((date) => date.toISOString())
  if (format === 'date-time') return instant
  if (format === 'date') return instant.map((text) => text.slice(0, 10))
  if (pattern !== undefined) return fc.stringMatching(new RegExp(pattern))
  return fc.string({ unit: 'grapheme', minLength, maxLength: Math.max(minLength, Math.min(maxLength, 60)) })
}

/** What lies on the bounds of a schema, and one beyond them. */
function bounds({ type, minimum = 0, maximum = 2 ** 53, minLength = 0, maxLength = 10_000, maxItems = 3 }: JsonSchema) {
  if (type === 'integer' || type === 'number') {
    return fc.constantFrom<unknown>(minimum, maximum, minimum - 1, maximum + 1, maximum + 0.5, String(minimum))
  }
  if (type === 'array')
    return fc.constantFrom<unknown>(
      [],
      Array.from({ length: Math.min(maxItems + 1, 200) }, () => 'x'),
    )
  return fc.constantFrom<unknown>('x'.repeat(maxLength), 'x'.repeat(maxLength + 1), '鳥'.repeat(minLength), '')
}

interface Body {
  readonly type: string
  readonly content: string | Uint8Array
}

function bodyOf(type: string, schema: JsonSchema, example: unknown): fc.Arbitrary<Body> {
  const suggested = typeof example === 'string' ? example : JSON.stringify(example)
  const fitting =
    schema.type === 'string'
      ? fc.constant(suggested ?? 'a,b\n1,2\n')
      : valid(schema).map((value) => JSON.stringify(value) ?? '')
  const mutated = fc.tuple(fitting, fc.nat(), awkwardText).map(([text, at, junk]) => {
    const place = text.length === 0 ? 0 : at % text.length
    return text.slice(0, place) + junk + text.slice(place + junk.length)
  })
  return fc.oneof(
    { weight: 10, arbitrary: fitting.map((content) => ({ type, content })) },
    { weight: 3, arbitrary: mutated.map((content) => ({ type, content: content.toWellFormed() })) },
    ...(suggested === undefined ? [] : [{ weight: 3, arbitrary: fc.constant({ type, content: suggested }) }]),
    {
      weight: 2,
      arbitrary: rawBody([type, type, 'application/json', 'text/csv', 'text/plain', 'application/xml', '']),
    },
  )
}

/** Bodies that are what they are, under any type. */
function rawBody(types: readonly string[]): fc.Arbitrary<Body> {
  const content = fc.oneof(
    fc.uint8Array({ maxLength: 300 }).map((bytes) => new Uint8Array(bytes)),
    fc.json(),
    fc.constantFrom(
      '',
      'null',
      '[]',
      '{}',
      '0',
      '"',
      '\uFEFF[]',
      '{"a":1}\n{"a":',
      'a,b\n1\n',
      `${'['.repeat(20_000)}${']'.repeat(20_000)}`,
      `{"a":"${'x'.repeat(300_000)}"}`,
      '{"__proto__":{"a":1}}',
    ),
  )
  return fc.record({ type: fc.constantFrom(...types), content })
}

const tags = fc.constantFrom('*', '"x"', 'W/"x"', '"', 'x, y', '')
const manners: Readonly<Record<string, fc.Arbitrary<string>>> = {
  accept: fc.constantFrom(
    'application/json',
    'application/xml',
    'application/x-protobuf',
    'text/csv',
    'application/x-ndjson',
    'application/vnd.apache.arrow.stream',
    'application/vnd.apache.parquet',
    'text/html',
    '*/*;q=0',
    'application/json;q=0, */*',
    ';;;',
    'x'.repeat(500),
  ),
  'accept-encoding': fc.constantFrom('gzip', 'br', 'zstd', '*', 'identity;q=0'),
  'if-none-match': tags,
  'if-match': tags,
  prefer: fc.constantFrom('return=minimal', 'return=representation', 'wait=0', '=;'),
  'idempotency-key': fc.oneof(fc.constantFrom('a', 'b', ''), fc.string({ unit: 'grapheme-ascii', maxLength: 300 })),
  authorization: fc.constantFrom('Bearer nonsense', 'Basic OjpA', 'Bearer', 'Digest x'),
  range: fc.constantFrom('bytes=0-1', 'items=0-9', 'bytes=9-1'),
  'x-forwarded-for': fc.constant('1.2.3.4'),
  'content-encoding': fc.constantFrom('gzip', 'identity', 'nonsense'),
}

/** A few headers, each of which may be there; what HTTP cannot carry is left out. */
function headers(method: string): fc.Arbitrary<Record<string, string>> {
  const names = Object.keys(manners).filter((name) => method === 'GET' || name !== 'if-none-match')
  const some = fc.array(
    fc.constantFrom(...names).chain((name) => fc.tuple(fc.constant(name), manners[name] ?? tags)),
    { maxLength: 2 },
  )
  return fc.oneof(
    { weight: 2, arbitrary: fc.constant({}) },
    { weight: 1, arbitrary: some.map((pairs) => Object.fromEntries(pairs)) },
  )
}
