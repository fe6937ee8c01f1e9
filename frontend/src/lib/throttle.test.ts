import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { throttle } from './throttle'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test('a burst becomes one call now and one at the end of the interval', () => {
  const action = vi.fn()
  const { call } = throttle(action, 1000)
  for (let i = 0; i < 50; i++) call()
  expect(action).toHaveBeenCalledTimes(1)
  vi.advanceTimersByTime(1000)
  expect(action).toHaveBeenCalledTimes(2)
  vi.advanceTimersByTime(5000)
  expect(action).toHaveBeenCalledTimes(2)
})

test('nothing is called after a cancel', () => {
  const action = vi.fn()
  const { call, cancel } = throttle(action, 1000)
  call()
  call()
  cancel()
  vi.advanceTimersByTime(5000)
  expect(action).toHaveBeenCalledTimes(1)
})
