import { errorCatalogue } from '@barkeep/core'
import type { FastifyInstance } from 'fastify'

/** The page that the `type` of every problem body points into: one heading for each code of the catalogue. */
export function errorDocs(app: FastifyInstance): void {
  const entries = Object.entries(errorCatalogue).map(
    ([code, { status, title, cure }]) =>
      `<h2 id="${code}">${code}</h2><p><b>${status}</b> ${escapeHtml(title)}.</p><p>${escapeHtml(cure)}</p>`,
  )
  const page = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Errors of Barkeep</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:45rem;margin:2rem auto;padding:0 1rem}h2{font-size:1.1rem;margin-top:2rem}</style>
<h1>Errors</h1>${entries.join('\n')}</html>`
  app.get('/docs/errors', { config: { scope: 'none' } }, async (_request, reply) =>
    reply.type('text/html; charset=utf-8').send(page),
  )
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
