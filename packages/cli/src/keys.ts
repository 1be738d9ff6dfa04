import { BarkeepError, type Envelope, type ErrorCode, errorCatalogue } from '@barkeep/core'
import { type ServerAccess, withServer } from './serve.js'
import type { Flags } from './setting-flags.js'

interface KeyInfo {
  readonly id: string
  readonly name: string
  readonly scopes: readonly string[]
  readonly created_at: string
}

/** Makes a key and prints it: standard output has the key alone, so that a script can take it. */
export function createKey({ scopes = '', name = '' }: Flags, flags: Flags): Promise<void> {
  return withServer(flags, async (access) => {
    const body = { name, scopes: scopes.split(',').map((scope) => scope.trim()) }
    const { id, key } = await ask<KeyInfo & { readonly key: string }>(access, 'POST', '/v1/keys', body)
    console.error(`The key ${id} for ${name}. It is shown this once and kept nowhere:`)
    console.log(key)
  })
}

export function listKeys(flags: Flags): Promise<void> {
  return withServer(flags, async (access) => {
    for (const { id, scopes, created_at, name } of await ask<KeyInfo[]>(access, 'GET', '/v1/keys')) {
      console.log([id, scopes.join(','), created_at, name].join('\t'))
    }
  })
}

export function revokeKey(id: string, flags: Flags): Promise<void> {
  return withServer(flags, async (access) => {
    await ask(access, 'DELETE', `/v1/keys/${encodeURIComponent(id)}`)
    console.log(`The key ${id} is no longer valid.`)
  })
}

/** Throws the error of the server, CONNECTION_FAILED. */
async function ask<Data>({ url, key }: ServerAccess, method: string, path: string, body?: object): Promise<Data> {
  const answer = await fetch(url + path, {
    method,
    headers: {
      ...(key !== undefined && { authorization: `Bearer ${key}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  }).catch((cause: unknown) => {
    throw new BarkeepError('CONNECTION_FAILED', { message: `No Barkeep server answers at ${url}.`, cause })
  })
  const text = await answer.text()
  if (answer.ok) return (JSON.parse(text) as Envelope<Data>).data // as the route answers
  const { code, message } = problemOf(text)
  throw new BarkeepError(code ?? 'INTERNAL_ERROR', { message: message ?? `The server answered ${answer.status}.` })
}

function problemOf(text: string): { readonly code?: ErrorCode; readonly message?: string } {
  try {
    const { code, message } = JSON.parse(text) as { code?: ErrorCode; message?: string } // a problem body
    return {
      ...(code !== undefined && Object.hasOwn(errorCatalogue, code) && { code }),
      ...(message !== undefined && { message }),
    }
  } catch {
    return {}
  }
}
