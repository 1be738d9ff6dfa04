import fastify from 'fastify'
import type { TaskFile } from '../child.js'

export interface FixedAnswer {
  /** With its query. */
  readonly path: string
  readonly type: string
  readonly body: string
}

export const serveAnswers: TaskFile<readonly FixedAnswer[], string> = { file: 'serve-answers' }

/** A bare Fastify server with nothing but these answers. Gives its URL. */
export async function task(answers: readonly FixedAnswer[]): Promise<string> {
  const byPath = new Map(answers.map((answer) => [answer.path, answer]))
  const app = fastify()
  app.get('*', (request, reply) => {
    const answer = byPath.get(request.url)
    if (answer === undefined) return reply.code(404).send()
    return reply.type(answer.type).send(answer.body)
  })
  return app.listen({ port: 0, host: '127.0.0.1' })
}
