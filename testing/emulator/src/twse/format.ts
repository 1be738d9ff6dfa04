/** Writes dates and numbers as the exchange does. Dates come in as `YYYY-MM-DD`. */

/** `113/11/01`: years count from 1912, without leading zero before 2011. */
export function rocSlash(date: string): string {
  return `${rocYear(date)}/${date.slice(5, 7)}/${date.slice(8)}`
}

/** `1131101` */
export function rocCompact(date: string): string {
  return `${rocYear(date)}${date.slice(5, 7)}${date.slice(8)}`
}

/** `113年11月01日` */
export function rocWords(date: string): string {
  return `${rocYear(date)}年${date.slice(5, 7)}月${date.slice(8)}日`
}

export function rocYear(date: string): number {
  return Number(date.slice(0, 4)) - 1911
}

/** `20241101` */
export function compact(date: string): string {
  return date.replaceAll('-', '')
}

/** `YYYY-MM-DD` of `20241101`; undefined for anything else. */
export function parseCompact(text: string): string | undefined {
  const match = /^(\d{4})(\d{2})(\d{2})$/.exec(text)
  if (match === null) return undefined
  const date = `${match[1]}-${match[2]}-${match[3]}`
  const ms = Date.parse(`${date}T00:00:00Z`)
  return Number.isNaN(ms) || new Date(ms).toISOString().slice(0, 10) !== date ? undefined : date
}

/** `1,030.00` */
export function price(value: number): string {
  const [whole = '', cents = ''] = value.toFixed(2).split('.')
  return `${count(Number(whole))}.${cents}`
}

/** `61,545,741` */
export function count(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',')
}

/** `+15.00`, `-5.00`, and ` 0.00` with a blank where a sign would be; `X0.00` where nothing can be compared. */
export function change(value: number | null): string {
  if (value === null) return 'X0.00'
  if (value === 0) return ' 0.00'
  return `${value > 0 ? '+' : '-'}${price(Math.abs(value))}`
}
