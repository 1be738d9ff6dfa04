import { type ErrorCode, errorCatalogue, type Problem } from '@barkeep/core'
import type { FastifyInstance } from 'fastify'
import { problemBody } from '../problem.js'
import { codeBlock, docsFrame, escapeHtml, inlineHtml } from './docs-frame.js'
import { type ErrorExample, errorExamples } from './error-examples.js'

/** The page that the `type` of every problem body points into: one heading for each code of the catalogue. */
export function errorDocs(app: FastifyInstance): void {
  const codes = Object.keys(errorCatalogue) as ErrorCode[] // the keys of a literal
  const body = `<h1>Errors</h1>
<p class="lead">Every error has a code of this catalogue. Codes are never renamed and never change their meaning: branch on them, not on the message.</p>
<p>An error is answered as <code>application/problem+json</code> (RFC 9457), or as XML or Protobuf to who accepts those. <code>detail</code> says what was wrong with this very request and what to do, <code>errors</code> lists each single fault, and <code>request_id</code> is what to look for in the log. Where repeating helps, <code>Retry-After</code> says when. In the SDK the same error is a <code>BarkeepError</code> with <code>code</code>, <code>status</code>, <code>errors</code> and <code>retry</code>.</p>
<ul class="toc">${codes.map((code) => `<li><a href="#${code}">${code}</a></li>`).join('')}</ul>
${codes.map(section).join('\n')}`
  const page = docsFrame({ title: 'Errors of Barkeep', body })
  app.get('/docs/errors', { config: { scope: 'none' }, schema: { hide: true } }, async (_request, reply) =>
    reply.type('text/html; charset=utf-8').send(page),
  )
}

function section(code: ErrorCode): string {
  const { status, title, cure } = errorCatalogue[code]
  const example = errorExamples[code]
  return `<section class="code" id="${code}"><h3><span class="status">${status}</span> ${code}</h3>
<p>${inlineHtml(title)}.</p>
<p><b>What to do.</b> ${inlineHtml(cure)}</p>
${example === undefined ? '' : exampleHtml(code, example)}</section>`
}

function exampleHtml(code: ErrorCode, example: ErrorExample): string {
  const when = example.when === undefined ? '' : `<p class="soft">${escapeHtml(example.when)}</p>`
  return `<details><summary>An example</summary>${when}
${codeBlock(requestText(example))}
${codeBlock(JSON.stringify(exampleProblem(code, example), null, 2))}</details>`
}

/** The request as HTTP writes it, without the name of a host. */
export function requestText({ method, path, headers = {}, body }: ErrorExample): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  return [`${method} ${path}`, ...lines, ...(body === undefined ? [] : ['', body.trimEnd()])].join('\n')
}

/** The whole body that answers the example; its time and number are invented. */
export function exampleProblem(code: ErrorCode, { method, path, params, detail, errors }: ErrorExample): Problem {
  const { pathname, searchParams } = new URL(path, 'http://127.0.0.1')
  return problemBody(
    { code, message: detail, errors },
    {
      method,
      path: pathname,
      params: params ?? Object.fromEntries(searchParams),
      requestId: '5c0f5f0e-3a1e-4d6b-9f0b-6f2f6a3f7c11',
      eventTime: '2026-11-20T01:00:00.000Z',
    },
  )
}
