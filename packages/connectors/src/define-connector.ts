import {
  type Connector,
  type CrawlPlan,
  type CrawlRequest,
  columnNamePattern,
  datasetNamePattern,
  type Handler,
  isKeptInterval,
  type JsonObject,
  type Limit,
} from '@barkeep/core'

/** A plan says which handler executes its tasks, and yields their params; `defineConnector` makes the tasks of them. */
export type PlanDefinition<Pages extends Record<string, JsonObject>> = {
  [Name in keyof Pages & string]: PlanOf<Name, Pages[Name], Pages>
}[keyof Pages & string]

interface PlanOf<Name extends string, Params extends JsonObject, Pages extends Record<string, JsonObject>>
  extends Omit<CrawlPlan, 'tasks'> {
  readonly handler: Name
  readonly first?: FirstTask<Pages>
  params(request: CrawlRequest): Iterable<Params>
}

/**
 * What is asked before the pages of a plan where they are many, such as how much of a quota is left. Pages do not wait for
 * its end; where it throws a limit or a ban, the whole connector waits.
 */
export type FirstTask<Pages extends Record<string, JsonObject>> = {
  [Name in keyof Pages & string]: {
    readonly handler: Name
    /** From this many tasks on. */
    readonly from: number
    params(request: CrawlRequest): Pages[Name]
  }
}[keyof Pages & string]

export interface ConnectorDefinition<Pages extends Record<string, JsonObject>>
  extends Omit<Connector, 'handlers' | 'crawls'> {
  /** Each handler with the params of its own tasks. */
  readonly handlers: { readonly [Name in keyof Pages]: Handler<Pages[Name]> }
  readonly crawls: Readonly<Record<string, PlanDefinition<NoInfer<Pages>>>>
}

/** What `connectors.<id>.` is followed by for each of them. */
const settingsOfAll = ['baseUrl', 'limits', 'credentials', 'live']

/** What a plan covers besides bars and the connector's own datasets: the instruments themselves. */
const instrumentsDataset = 'instruments'

/**
 * One upstream, checked: a plan's params fit its handler, limits are positive, datasets have keys among their columns.
 * Throws RangeError when the declaration contradicts itself, so that a wrong connector fails as it is loaded.
 */
export function defineConnector<Pages extends Record<string, JsonObject>>(
  definition: ConnectorDefinition<Pages>,
): Connector {
  const { id, limits, isLocal = false, settings = [], datasets, handlers, crawls, live = {} } = definition
  const check = (sound: boolean, fault: string): void => {
    if (!sound) throw new RangeError(`Connector '${id}': ${fault}.`)
  }
  check(/^[a-z][a-z0-9]{1,31}$/.test(id), 'its id must be lower-case letters and digits')
  if (isLocal) check(limits.length === 0, 'it asks nobody, so it has no limits')
  else check(limits.length > 0, 'declare at least one limit')
  for (const { name } of settings) {
    check(!settingsOfAll.includes(name), `the setting '${name}' is one that every connector has`)
  }
  for (const limit of limits) check(isSane(limit), `a limit of ${JSON.stringify(limit)} is not positive`)
  for (const { name, key, columns } of datasets) {
    const names = columns.map((column) => column.name)
    check(new RegExp(datasetNamePattern).test(name), `'${name}' is no name for a dataset`)
    check(new Set(names).size === names.length, `a column of '${name}' is declared twice`)
    check(
      names.every((column) => new RegExp(columnNamePattern, 'u').test(column)),
      `a column of '${name}' has a name that cannot be kept`,
    )
    check(key.length > 0 && key.every((column) => names.includes(column)), `the key of '${name}' is not in its columns`)
    check(
      columns.every((column) => !(column.nullable && key.includes(column.name))),
      `a key column of '${name}' is nullable`,
    )
  }
  check(!isLocal || Object.keys(live).length === 0, 'it asks nobody, so it has nothing live')
  for (const [topic, { exchanges, instrumentsMax, silenceMs }] of Object.entries(live)) {
    check(exchanges.length > 0, `its live source of ${topic} names no exchange`)
    check(instrumentsMax > 0 && silenceMs > 0, `a limit of its live source of ${topic} is not positive`)
  }
  const plans: Record<string, CrawlPlan> = {}
  // Each plan fits the handlers that it names, as its type says; here any params will do.
  for (const [name, crawl] of Object.entries(crawls as unknown as Readonly<Record<string, AnyPlan>>)) {
    const { handler, first, of, bytesPerPage } = crawl
    const asks = first === undefined ? [handler] : [handler, first.handler]
    for (const asked of asks) {
      check(Object.hasOwn(handlers, asked), `the plan '${name}' names the handler '${asked}', which is not there`)
    }
    const known = isKeptInterval(of) || of === instrumentsDataset || datasets.some((dataset) => dataset.name === of)
    check(known, `the plan '${name}' covers '${of}', which is not declared`)
    check(Number.isInteger(bytesPerPage) && bytesPerPage > 0, `the plan '${name}' needs bytesPerPage`)
    plans[name] = planOf(id, crawl)
  }
  return {
    ...definition,
    // A task reaches the handler that it names, and its params were made for that handler: by a plan, whose type says
    // so, or by a handler's own next task.
    handlers: handlers as unknown as Connector['handlers'],
    crawls: plans,
  }
}

type AnyPlan = PlanOf<string, JsonObject, Record<string, JsonObject>>

function planOf(connector: string, { handler, first, params, ...plan }: AnyPlan): CrawlPlan {
  return {
    ...plan,
    *tasks(request) {
      if (first !== undefined && hasAtLeast(params(request), first.from)) {
        yield { connector, handler: first.handler, params: first.params(request) }
      }
      for (const page of params(request)) yield { connector, handler, params: page }
    },
  }
}

/** Reads no further than it must, since plans are lazy. */
function hasAtLeast(pages: Iterable<unknown>, count: number): boolean {
  let left = count
  for (const _ of pages) {
    left -= 1
    if (left <= 0) return true
  }
  return false
}

function isSane({ requests, bytes, perMs }: Limit): boolean {
  const amounts = [requests, bytes].filter((amount) => amount !== undefined)
  return amounts.length > 0 && [...amounts, perMs].every((amount) => Number.isInteger(amount) && amount > 0)
}
