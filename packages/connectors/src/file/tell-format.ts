import { shorten } from '@barkeep/core'
import { invalid } from './check-format.js'
import { type FileFormat, type ToldField, toldFields } from './format.js'
import { formatFields } from './format-fields.js'

/** What who reads files says of them; it goes before what their format says. */
export type Told = Pick<FileFormat, ToldField>

/**
 * The fields that tell, out of all that are given. `placeOf` names one in errors.
 * Throws INVALID_SETTING for a value that cannot be.
 */
export function readTold(
  given: Readonly<Partial<Record<ToldField, unknown>>>,
  placeOf: (field: ToldField) => string,
): Partial<Told> {
  const named = toldFields.filter((field) => given[field] !== undefined)
  for (const field of named) {
    const fault = formatFields[field].faultOf(given[field])
    if (fault === undefined) continue
    const value = shorten(JSON.stringify(fault.value) ?? 'nothing')
    throw invalid(`${placeOf(field)}${fault.at}`, `${value} is not ${fault.expects}`)
  }
  return Object.fromEntries(named.map((field) => [field, given[field]])) as Partial<Told> // each was checked above
}
