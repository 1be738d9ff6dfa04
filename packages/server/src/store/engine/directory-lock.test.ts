import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { lockDirectory, readOwner } from './directory-lock.js'

let directory: string
let file: string

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'barkeep-lock-'))
  file = join(directory, 'owner.json')
})

afterEach(() => {
  vi.restoreAllMocks()
  rmSync(directory, { recursive: true, force: true })
})

const locked = (message: string) =>
  expect.objectContaining({ code: 'STORE_LOCKED', message: expect.stringContaining(message) })

describe('the lock of a data directory', () => {
  test('is held from lock to release, and says where the owner answers', () => {
    const lock = lockDirectory(directory)
    expect(readOwner(directory)).toEqual({ pid: process.pid, url: null })
    lock.publish('http://127.0.0.1:8080')
    expect(readOwner(directory)).toEqual({ pid: process.pid, url: 'http://127.0.0.1:8080' })
    expect(() => lockDirectory(directory)).toThrow(locked(`Process ${process.pid} owns`))
    expect(() => lockDirectory(directory)).toThrow(locked('and answers at http://127.0.0.1:8080'))
    lock.release()
    expect(readOwner(directory)).toBeUndefined()
    lockDirectory(directory).release()
  })

  test('of a process that is gone counts for nothing', () => {
    const { pid } = spawnSync(process.execPath, ['-e', ''])
    writeFileSync(file, JSON.stringify({ pid, url: 'http://127.0.0.1:8080' }))
    expect(readOwner(directory)).toBeUndefined()
    lockDirectory(directory)
    expect(readOwner(directory)?.pid).toBe(process.pid)
  })

  test('of a process that may not be signalled stands', () => {
    writeFileSync(file, JSON.stringify({ pid: process.ppid, url: null }))
    vi.spyOn(process, 'kill').mockImplementation(() => {
      throw Object.assign(new Error('kill EPERM'), { code: 'EPERM' })
    })
    expect(() => lockDirectory(directory)).toThrow(locked(`Process ${process.ppid} owns`))
  })

  test.runIf(process.platform === 'linux')('does not stand for another process that has the number now', () => {
    lockDirectory(directory)
    const entry = JSON.parse(readFileSync(file, 'utf8'))
    expect(entry.started).toMatch(/^\d+$/)
    writeFileSync(file, JSON.stringify({ ...entry, started: '1' }))
    expect(readOwner(directory)).toBeUndefined()
    lockDirectory(directory)
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(entry)
  })

  test.each(['', '{', 'null', '{"pid":-1,"url":null}', '{"pid":"1"}'])('a file with %j is nobody’s', (content) => {
    writeFileSync(file, content)
    expect(readOwner(directory)).toBeUndefined()
    lockDirectory(directory).release()
  })

  test('is not released for an owner who came after', () => {
    const lock = lockDirectory(directory)
    writeFileSync(file, JSON.stringify({ pid: process.ppid, url: null }))
    lock.release()
    expect(existsSync(file)).toBe(true)
  })
})
