import { isIPv4 } from 'node:net'

/** Whether only this machine reaches an address. */
export function isLoopback(host: string): boolean {
  const name = host.toLowerCase()
  return name === 'localhost' || name === '::1' || name === '[::1]' || (isIPv4(name) && name.startsWith('127.'))
}

/** The name in a Host header, without its port. */
export function hostName(header: string): string {
  return header.replace(/:\d*$/, '')
}
