const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  // A reader of XML takes a bare one for a line break.
  '\r': '&#13;',
}

// What XML cannot hold, not even escaped: control characters, two that Unicode sets aside, and halves of pairs.
const impossible = /[^\P{Cc}\t\n\r\u007f-\u009f]|[\ufffe\uffff]|\p{Surrogate}/gu

/** Text as it stands in XML. Characters that XML cannot hold become U+FFFD. */
export function xmlText(text: string): string {
  return text.replaceAll(impossible, '\ufffd').replaceAll(/[&<>"\r]/g, (character) => escapes[character] ?? '')
}

const nameStart =
  /[A-Za-z_\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02ff\u0370-\u037d\u037f-\u1fff\u2070-\u218f\u2c00-\u2fef\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\u{10000}-\u{effff}]/u
const nameRest =
  /[A-Za-z0-9_.\-\u00b7\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u037d\u037f-\u1fff\u203f\u2040\u2070-\u218f\u2c00-\u2fef\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\u{10000}-\u{effff}]/u

/** The name of an element; a character that no name can have is written `_xHHHH_`, as .NET and SQL Server do. */
export function xmlName(name: string): string {
  const characters = [...name].map((character, index) => {
    if ((index === 0 ? nameStart : nameRest).test(character)) return character
    return `_x${character.codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0')}_`
  })
  return characters.join('')
}
