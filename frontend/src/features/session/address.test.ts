import { beforeEach, expect, test } from 'vitest'
import { takeCode, takeNext } from './address'

beforeEach(() => window.history.replaceState(null, '', '/'))

test('the code leaves the address as soon as it is read', () => {
  window.history.replaceState(null, '', '/login?code=abc&next=%2Fruns')
  expect(takeCode()).toBe('abc')
  expect(window.location.search).toBe('?next=%2Fruns')
  expect(takeCode()).toBeNull()
})

test('after the log-in one goes to a page of this site, never elsewhere', () => {
  for (const [next, goal] of [
    ['/runs?page=2', '/runs?page=2'],
    ['//evil.example', '/models'],
    ['/\\evil.example', '/models'],
    ['https://evil.example', '/models'],
  ] as const) {
    window.history.replaceState(null, '', `/login?next=${encodeURIComponent(next)}`)
    expect(takeNext('/models')).toBe(goal)
  }
})
