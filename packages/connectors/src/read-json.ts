import { isUtf8 } from 'node:buffer'
import { type UpstreamPage, upstreamError } from '@barkeep/core'
import { excerptOf } from './refusal-of.js'

export type UnknownRecord = Readonly<Record<string, unknown>>

/**
 * The JSON of a page. Throws UPSTREAM_FAILED for anything else, such as a page of maintenance, a body that breaks off or
 * another encoding: trying again may help. Texts that mean more than that must be recognised before.
 */
export function readJson(page: UpstreamPage): unknown {
  const { host } = new URL(page.url)
  // Another encoding spoils names without breaking the JSON around them.
  if (!isUtf8(page.body)) throw upstreamError('UPSTREAM_FAILED', `${host} answers in an encoding that is not UTF-8.`)
  const text = page.text()
  try {
    const value: unknown = JSON.parse(text)
    return value
  } catch (cause) {
    throw upstreamError('UPSTREAM_FAILED', `${host} answers something that is not JSON: ${excerptOf(text)}`, { cause })
  }
}

export function isRecord(value: unknown): value is UnknownRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Throws UPSTREAM_CHANGED when `value` is no object; `what` names it in the message. */
export function recordOf(value: unknown, what: string): UnknownRecord {
  if (!isRecord(value)) throw upstreamError('UPSTREAM_CHANGED', `${what} is not an object.`)
  return value
}

/** Throws UPSTREAM_CHANGED when `value` is no list; `what` names it in the message. */
export function listOf(value: unknown, what: string): readonly unknown[] {
  if (!Array.isArray(value)) throw upstreamError('UPSTREAM_CHANGED', `${what} is not a list.`)
  return value
}

/** A text or number as a trimmed text; the empty text for null and for what is absent. */
export function textOf(value: unknown): string {
  if (typeof value === 'string') return value.trim()
  return typeof value === 'number' ? String(value) : ''
}
