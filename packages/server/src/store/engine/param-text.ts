import type { Param } from '../store.js'

/**
 * A value as the engine parses it for a typed placeholder: the text form of tab-separated values, in which arrays
 * hold quoted strings.
 */
export function paramText(value: Param): string {
  if (typeof value === 'string') return escaped(value)
  if (typeof value !== 'object') return String(value)
  return `[${value.map((item) => (typeof item === 'string' ? `'${escaped(item)}'` : String(item))).join(',')}]`
}

const escapes: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  "'": "\\'",
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\0': '\\0',
}

function escaped(text: string): string {
  return text.replaceAll(/[\\'\n\r\t\0]/g, (character) => escapes[character] ?? character)
}
