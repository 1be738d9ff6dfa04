import type { Absence, AbsenceReason, Coverage } from '@barkeep/core'
import { spokenFor, type Trust } from '../spoken-for.js'

/** Nothing is covered by "symbol may be delisted": Yahoo has said so of a fund that was traded that day. */
export function absenceOf(absence: AbsenceReason, coverage: Coverage, trust: Trust): Absence {
  return { absence, covers: absence === 'no-data' ? spokenFor(coverage, undefined, trust) : [] }
}
