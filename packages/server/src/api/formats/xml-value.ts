import { xmlName, xmlText } from './xml-text.js'

/** The namespace of problems in XML, as RFC 7807 names it. */
export const problemNamespace = 'urn:ietf:rfc:7807'

/**
 * Any value of JSON as XML: a field is an element of its name, an item of an array an `<i>`, as RFC 7807 has it.
 * What is not text says so in `type`, so that a reader gets back what was written.
 */
export function xmlDocument(root: string, value: object, namespace?: string): string {
  const attribute = namespace === undefined ? '' : ` xmlns="${xmlText(namespace)}"`
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${root}${attribute}>${contentOf(value)}</${root}>\n`
}

function element(tag: string, value: unknown): string {
  const name = xmlName(tag)
  if (value === null) return `<${name} type="null"/>`
  if (Array.isArray(value)) return `<${name} type="array">${contentOf(value)}</${name}>`
  if (typeof value === 'string') return `<${name}>${xmlText(value)}</${name}>`
  return `<${name} type="${typeof value}">${contentOf(value)}</${name}>`
}

function contentOf(value: unknown): string {
  if (Array.isArray(value)) return value.map((item) => element('i', item)).join('')
  if (typeof value !== 'object' || value === null) return xmlText(String(value))
  return Object.entries(value)
    .filter(([, field]) => field !== undefined)
    .map(([name, field]) => element(name, field))
    .join('')
}
