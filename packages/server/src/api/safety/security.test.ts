import fastify from 'fastify'
import { expect, test } from 'vitest'
import { sendProblem } from '../problem.js'
import { hostName, isLoopback } from './security-hosts.js'

test.each([
  ['127.0.0.1', true],
  ['127.8.9.10', true],
  ['localhost', true],
  ['LOCALHOST', true],
  ['::1', true],
  ['[::1]', true],
  ['0.0.0.0', false],
  ['::', false],
  ['192.168.0.2', false],
  ['127.0.0.1.evil.example', false],
  ['127.evil.example', false],
  ['localhost.evil.example', false],
  ['', false],
])('the host %j is loopback: %s', (host, is) => {
  expect(isLoopback(host)).toBe(is)
})

test.each([
  ['localhost:8080', 'localhost'],
  ['localhost', 'localhost'],
  ['[::1]:8080', '[::1]'],
  ['[::1]', '[::1]'],
  ['evil.example:', 'evil.example'],
])('of the authority %s the host is %s', (authority, host) => {
  expect(hostName(authority)).toBe(host)
})

test('a fault of our own is answered in general, without a word of what it was', async () => {
  const app = fastify()
  app.setErrorHandler((error, request, reply) => sendProblem(error, request, reply))
  app.get('/', () => {
    throw new TypeError('secret in /home/someone/keys')
  })
  const answer = await app.inject('/')
  expect(answer.json()).toMatchObject({ status: 500, code: 'INTERNAL_ERROR', request_id: expect.any(String) })
  expect(answer.body).not.toMatch(/secret|TypeError|home/)
})
