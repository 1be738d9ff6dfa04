import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Answer, jsonAnswer } from '../http/answer.js'

/** Bodies as a real upstream served them. They know nothing of the truth of this market. */
export interface Recordings {
  /** The recording of exactly this question, or undefined. */
  find(url: URL): Answer | undefined
  /** Path and query of every question that a recording answers. */
  questions(): readonly string[]
}

export const noRecordings: Recordings = { find: () => undefined, questions: () => [] }

/** One recorded body: the question it answers and its file. */
export interface RecordedPage {
  /** Path and query; the order of parameters and those in `ignored` do not matter. */
  readonly question: string
  readonly file: string
  /** `csv` and `html` are in MS950; JSON in UTF-8 when absent. */
  readonly form?: 'csv' | 'html'
}

/** Parameters that change nothing in an answer. */
const ignored = ['_', 'lang', 'response', 'crumb', 'useYfid', 'region']

/** Bodies in files, as bytes. Reads a file only when its question comes. */
export function recordedPages(folder: string, pages: readonly RecordedPage[]): Recordings {
  const present = new Set(filesOf(folder))
  const known = new Map(pages.filter(({ file }) => present.has(file)).map((page) => [keyOf(page.question), page]))
  return {
    find(url) {
      const page = known.get(keyOf(url.pathname + url.search))
      if (page === undefined) return undefined
      const body = readFileSync(join(folder, page.file))
      const { form } = page
      const type = form === undefined ? 'application/json;charset=utf-8' : `text/${form};charset=MS950`
      const headers = { 'content-type': type }
      return { status: 200, headers, body, charset: form === undefined ? 'utf-8' : 'big5', recorded: true }
    },
    questions: () => [...known.values()].map(({ question }) => question),
  }
}

interface Exchange {
  readonly request: { readonly url: string }
  readonly response: { readonly status: number; readonly bodyJson?: unknown }
}

/** Files that each hold `{request, response}`; only those whose path an upstream plays and whose body is JSON. */
export function recordedExchanges(folder: string, paths: RegExp): Recordings {
  const known = new Map<string, Exchange>()
  for (const file of filesOf(folder).filter((name) => name.endsWith('.json'))) {
    // Recordings are the project's own test data; their shape is trusted.
    const exchange = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Exchange
    const url = new URL(exchange.request.url)
    if (paths.test(url.pathname) && exchange.response.bodyJson !== undefined) {
      known.set(keyOf(url.pathname + url.search), exchange)
    }
  }
  return {
    find(url) {
      const exchange = known.get(keyOf(url.pathname + url.search))
      if (exchange === undefined) return undefined
      const { status, bodyJson } = exchange.response
      return { ...jsonAnswer(bodyJson, { status }), recorded: true }
    },
    questions: () =>
      [...known.values()].map(({ request }) => new URL(request.url)).map((url) => url.pathname + url.search),
  }
}

/** Looks into each in turn. */
export function joinRecordings(all: readonly Recordings[]): Recordings {
  return {
    find(url) {
      for (const recordings of all) {
        const answer = recordings.find(url)
        if (answer !== undefined) return answer
      }
      return undefined
    },
    questions: () => all.flatMap((recordings) => recordings.questions()),
  }
}

function keyOf(question: string): string {
  const url = new URL(question, 'http://recorded')
  const parameters = [...url.searchParams]
    .filter(([name]) => !ignored.includes(name))
    .map(([name, value]) => `${name}=${value}`)
  return `${decodeURIComponent(url.pathname)}?${parameters.sort().join('&')}`
}

function filesOf(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch (error) {
    // A folder that is not there has no recordings; anything else is worth knowing.
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  }
}
