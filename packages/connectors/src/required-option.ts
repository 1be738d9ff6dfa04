import { BarkeepError, type CrawlRequest } from '@barkeep/core'

/** An option that a plan cannot do without. Throws MISSING_PARAMETER when it is absent or empty. */
export function requiredOption({ options }: CrawlRequest, plan: string, name: string): string {
  const value = options[name]?.trim() ?? ''
  if (value !== '') return value
  const message = `The plan '${plan}' needs the option '${name}'.`
  throw new BarkeepError('MISSING_PARAMETER', {
    message,
    errors: [{ code: 'MISSING_PARAMETER', message, parameter: `options.${name}` }],
  })
}
