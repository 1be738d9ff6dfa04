// Serves one page, and passes all else on to the Barkeep server, so that the page is of its origin.
import { readFileSync } from 'node:fs'
import { createServer, request } from 'node:http'

/** Resolves with the address of the page when it can be opened. `target` is the URL of the server. */
export function servePage(file, target, port = 0) {
  const { hostname, port: targetPort } = new URL(target)
  const server = createServer((incoming, response) => {
    if (incoming.url?.split('?')[0] === '/') {
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(readFileSync(file))
      return
    }
    const { origin, host, ...headers } = incoming.headers
    const onward = request({ hostname, port: targetPort, path: incoming.url, method: incoming.method, headers })
    onward.on('response', (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(response)
      // What breaks there breaks here, so that the page sees it.
      answer.on('error', () => response.destroy())
    })
    onward.on('error', () => (response.headersSent ? response.destroy() : response.writeHead(502).end()))
    response.on('close', () => onward.destroy())
    incoming.pipe(onward)
  })
  return new Promise((resolve) => {
    server.listen(port, '127.0.0.1', () => {
      const address = server.address()
      resolve({
        url: `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : port}/`,
        close: () => {
          server.closeAllConnections()
          server.close()
        },
      })
    })
  })
}
