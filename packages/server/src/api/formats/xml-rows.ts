import { FlatJson } from './flat-json.js'
import type { RowsWriter } from './rows-writer.js'
import { xmlName, xmlText } from './xml-text.js'

const schemaInstance = 'http://www.w3.org/2001/XMLSchema-instance'
const ampersand = 0x26
const less = 0x3c
const greater = 0x3e
const ASCII_MAX = 0x7f
/** Bytes of a text are looked at one by one up to this length; longer ones are always searched for what needs an escape. */
const PLAIN_BYTES_MAX = 200

/** Rows as `<rows><row><column>value</column>…</row>…</rows>`; a value that is not there is `xsi:nil`. */
export function xmlRows(columns: readonly string[]): RowsWriter {
  const tags = columns.map((column) => {
    const name = xmlName(column)
    return { open: `<${name}>`, close: `</${name}>`, nil: `<${name} xsi:nil="true"/>` }
  })
  return {
    head: Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>\n<rows xmlns:xsi="${schemaInstance}">\n`),
    rows(lines) {
      const json = new FlatJson(lines)
      let text = ''
      while (json.nextRow()) {
        text += '<row>'
        for (let index = 0; json.nextValue(); index++) {
          const tag = tags[index]
          if (tag === undefined) continue
          text += json.kind === 'null' ? tag.nil : tag.open + valueText(json) + tag.close
        }
        text += '</row>\n'
      }
      return [Buffer.from(text)]
    },
    tail: () => Buffer.from('</rows>\n'),
  }
}

function valueText(json: FlatJson): string {
  return isPlain(json) ? json.ascii() : xmlText(json.text())
}

/** Whether the text is ASCII and nothing of it needs an escape, as of most. */
function isPlain({ bytes, start, end, isEscaped }: FlatJson): boolean {
  if (isEscaped || end - start > PLAIN_BYTES_MAX) return false
  for (let at = start; at < end; at++) {
    const byte = bytes[at] ?? 0
    if (byte > ASCII_MAX || byte === ampersand || byte === less || byte === greater) return false
  }
  return true
}
