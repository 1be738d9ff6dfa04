import type { RunningServer } from '@barkeep/server'

/** The `data` of what a server answers. */
export async function send(server: RunningServer, method: string, path: string, body?: object) {
  const answer = await fetch(server.url + path, {
    method,
    ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  })
  return (await answer.json()).data
}

/** Asks again and again, until the answer is enough. */
export async function until<Value>(ask: () => Promise<Value>, isEnough: (value: Value) => boolean): Promise<Value> {
  for (;;) {
    const value = await ask()
    if (isEnough(value)) return value
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
