import { type Answer, jsonAnswer } from '../http/answer.js'
import type { RouteRequest } from '../http/upstream.js'

/** The token of the documentation: it works, and says so in each answer. */
const DEMO_TOKEN = 'demo'
const DEMO_MESSAGE =
  'This request is for demonstration purposes only. If you wish to use our API, please sign up and get your personal API token for free.'

/** No recording shows how the service refused; the capital letter is what its clients look for. */
export function refusal(message: string, status: number): Answer {
  return jsonAnswer({ Message: message }, { status })
}

/** Answers only those who bring a token; any token does. */
export function withToken(answer: (request: RouteRequest, demo: { message?: string }) => Answer) {
  return (request: RouteRequest): Answer => {
    const token = request.query.get('api_token') ?? ''
    if (token === '') return refusal('Invalid API Key.', 401)
    return answer(request, token === DEMO_TOKEN ? { message: DEMO_MESSAGE } : {})
  }
}
