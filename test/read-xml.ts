/** An element as the tests look at it. */
export interface XmlElement {
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
  readonly children: XmlElement[]
  text: string
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }
// biome-ignore lint/suspicious/noControlCharactersInRegex: characters that XML cannot hold.
const impossible = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/
const token = /<\?xml[^?]*\?>|<(\/?)([^\s<>/=]+)((?:\s+[^\s=]+="[^"<]*")*)\s*(\/?)>|([^<]+)/gy

/** Reads XML as strictly as the tests need it: what is not well-formed throws. */
export function readXml(xml: string): XmlElement {
  if (impossible.test(xml)) throw new Error('a character that XML cannot hold')
  const top: XmlElement = { name: '', attributes: {}, children: [], text: '' }
  const open = [top]
  token.lastIndex = 0
  for (let at = 0; at < xml.length; at = token.lastIndex) {
    const match = token.exec(xml)
    if (match === null) throw new Error(`no XML: ${xml.slice(at, at + 40)}`)
    const [, closes, name, attributes = '', isEmpty, text] = match
    const parent = open.at(-1) ?? top
    if (text !== undefined) parent.text += decoded(text)
    else if (name !== undefined && closes === '/') {
      if (open.pop()?.name !== name || open.length === 0) throw new Error(`</${name}> closes another element`)
    } else if (name !== undefined) {
      const pairs = [...attributes.matchAll(/([^\s=]+)="([^"]*)"/g)].map(([, key = '', value = '']) => [
        key,
        decoded(value),
      ])
      const element = { name, attributes: Object.fromEntries(pairs), children: [], text: '' }
      parent.children.push(element)
      if (isEmpty !== '/') open.push(element)
    }
  }
  const [root] = top.children
  if (root === undefined || top.children.length > 1 || open.length > 1) throw new Error('not one whole document')
  return root
}

function decoded(text: string): string {
  // A bare carriage return reads as a line break, so that one that is meant must be written as a reference.
  return text.replaceAll(/\r\n?/g, '\n').replaceAll(/&([^;&]*);?/g, (entity, name: string) => {
    const code = /^#(\d+)$/.exec(name)?.[1]
    const character = code === undefined ? entities[name] : String.fromCodePoint(Number(code))
    if (character === undefined || !entity.endsWith(';')) throw new Error(`no entity: ${entity}`)
    return character
  })
}

/** A value of JSON that was written as XML by its fields, with what is not text marked by `type`. */
export function valueOfXml({ attributes, children, text }: XmlElement): unknown {
  switch (attributes.type) {
    case 'null':
      return null
    case 'number':
      return Number(text)
    case 'boolean':
      return text === 'true'
    case 'array':
      return children.map(valueOfXml)
    case undefined:
      if (children.length === 0) return text
  }
  return Object.fromEntries(children.map((child) => [child.name, valueOfXml(child)]))
}
