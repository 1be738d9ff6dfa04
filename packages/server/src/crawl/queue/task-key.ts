import { createHash } from 'node:crypto'
import type { JsonValue, Task } from '@barkeep/core'

/** What tells a task from all others: equal params give equal keys, in whatever order they were written. */
export function taskKey({ connector, handler, params }: Task): string {
  const digest = createHash('sha256').update(canonical(params)).digest('base64url').slice(0, 27)
  return `${connector}/${handler}/${digest}`
}

function canonical(value: JsonValue): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`).join(',')}}`
}
