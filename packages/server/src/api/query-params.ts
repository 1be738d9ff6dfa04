import { BarkeepError, invalidParameter, nearestName, shorten } from '@barkeep/core'

/** The query string of one request, read strictly: each parameter known, given once, and of its type. */
export class QueryParams {
  readonly #values: ReadonlyMap<string, string>

  /** Throws UNKNOWN_PARAMETER with the nearest known name, INVALID_PARAMETER for one that is given twice. */
  constructor(query: unknown, known: readonly string[]) {
    const values = new Map<string, string>()
    // Fastify gives an object of strings, or arrays of them where a name is repeated.
    for (const [name, value] of Object.entries(query as Record<string, unknown>)) {
      if (!known.includes(name)) throw unknownParameter(name, known)
      if (typeof value !== 'string') throw invalidParameter(name, String(value), 'is given more than once.')
      values.set(name, value)
    }
    this.#values = values
  }

  get all(): Record<string, string> {
    return Object.fromEntries(this.#values)
  }

  text(name: string): string | undefined {
    return this.#values.get(name)
  }

  required(name: string, example: string): string {
    const value = this.text(name)
    if (value !== undefined && value !== '') return value
    const message = `${name} is missing. Add ${name}=${example}.`
    throw new BarkeepError('MISSING_PARAMETER', {
      message,
      errors: [{ code: 'MISSING_PARAMETER', parameter: name, message }],
    })
  }

  list(name: string): string[] | undefined {
    return this.text(name)?.split(',')
  }

  choice<Choice extends string>(name: string, choices: readonly Choice[]): Choice | undefined {
    const value = this.text(name)
    if (value === undefined) return undefined
    const choice = choices.find((candidate) => candidate === value)
    if (choice === undefined) throw notAmong(name, value, choices)
    return choice
  }

  whole(name: string, { min, max }: { min: number; max: number }): number | undefined {
    const value = this.text(name)
    if (value === undefined) return undefined
    const read = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN
    if (read >= min && read <= max) return read
    throw invalidParameter(name, value, `must be a whole number from ${min} to ${max}, not '${shorten(value, 40)}'.`)
  }
}

/** Throws nothing: makes the error for a value that is none of the choices. */
export function notAmong(name: string, value: string, choices: readonly string[]): BarkeepError {
  const near = nearestName(value, choices)
  const hint = near === undefined ? '' : ` Did you mean '${near}'?`
  return invalidParameter(name, value, `'${shorten(value, 40)}' is none of ${choices.join(', ')}.${hint}`)
}

function unknownParameter(name: string, known: readonly string[]): BarkeepError {
  const near = nearestName(name, known)
  const hint = near === undefined ? `Known here: ${known.join(', ') || 'none'}.` : `Did you mean '${near}'?`
  const message = `'${shorten(name, 40)}' is not a parameter of this route. ${hint}`
  return new BarkeepError('UNKNOWN_PARAMETER', {
    message,
    errors: [{ code: 'UNKNOWN_PARAMETER', parameter: shorten(name, 40), message }],
  })
}
