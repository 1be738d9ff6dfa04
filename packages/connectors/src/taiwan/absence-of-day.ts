import type { Absence, AbsenceReason, Coverage } from '@barkeep/core'
import { spokenFor, type Trust } from '../spoken-for.js'

/**
 * Why a page of the whole market has nothing for a day: the market was closed, unless the day is so young that the page
 * may just be late.
 */
export function absenceOfDay(told: AbsenceReason, coverage: Coverage, trust: Trust): Absence {
  const covers = spokenFor(coverage, undefined, trust)
  if (told !== 'no-data') return { absence: told, covers }
  return { absence: covers.length > 0 ? 'holiday' : 'not-yet', covers }
}
