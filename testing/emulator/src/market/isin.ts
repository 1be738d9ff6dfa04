/** The ISIN of a Taiwanese security: `TW`, the code padded to nine places, and the check digit of ISO 6166. */
export function isinOf(symbol: string): string {
  const body = `TW000${symbol.padEnd(6, '0')}`
  return body + checkDigit(body)
}

function checkDigit(body: string): number {
  // A letter counts as its two digits, A = 10; then every second digit from the right is doubled.
  const digits = [...body].flatMap((sign) => [...String(Number.parseInt(sign, 36))].map(Number))
  let sum = 0
  for (const [index, digit] of digits.reverse().entries()) {
    const value = index % 2 === 0 ? digit * 2 : digit
    sum += value > 9 ? value - 9 : value
  }
  return (10 - (sum % 10)) % 10
}
