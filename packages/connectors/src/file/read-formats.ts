import { checkFormat, invalid } from './check-format.js'
import type { FileFormat } from './format.js'
import { shippedFormats } from './shipped-formats.js'

/**
 * The shipped formats, then those of a configuration: a list of declarations, or an object of them by id.
 * `where` tells where they stand: `barkeep.config.json: formats`. Throws INVALID_SETTING, naming what is wrong with which.
 */
export function readFormats(declared: unknown, where: string): readonly FileFormat[] {
  const formats = [...shippedFormats]
  for (const [path, declaration] of declarations(declared, where)) {
    const format = checkFormat(declaration, path)
    if (shippedFormats.some(({ id }) => id === format.id)) {
      throw invalid(path, `'${format.id}' is a format that Barkeep ships. Choose another id`)
    }
    if (formats.some(({ id }) => id === format.id)) {
      throw invalid(path, `'${format.id}' is declared twice. Choose another id for one of them`)
    }
    formats.push(format)
  }
  return formats
}

function declarations(declared: unknown, where: string): [string, unknown][] {
  if (declared === undefined) return []
  if (Array.isArray(declared)) return declared.map((declaration, index) => [`${where}[${index}]`, declaration])
  if (typeof declared !== 'object' || declared === null) {
    throw invalid(where, 'it must be a list of formats, or an object of them by id')
  }
  return Object.entries(declared).map(([id, declaration]: [string, unknown]) => {
    const path = `${where}.${id}`
    if (typeof declaration !== 'object' || declaration === null) return [path, declaration]
    const own: unknown = Reflect.get(declaration, 'id')
    if (own !== undefined && own !== id) {
      throw invalid(
        path,
        `its id is '${String(own)}', but it stands under '${id}'. Leave the id out, or write it the same`,
      )
    }
    return [path, { id, ...declaration }]
  })
}
