import { expect, test } from 'vitest'
import { asApiError, toApiError } from './error'

test('code, sentence, field and hint are taken from the body', () => {
  const error = toApiError(422, { error: 'invalid_value', detail: 'Too small.', field: 'prune.cost.beta', hint: 'Use 1.' })
  expect([error.status, error.code, error.detail, error.field, error.hint]).toEqual([
    422, 'invalid_value', 'Too small.', 'prune.cost.beta', 'Use 1.',
  ])
})

test('a body that is no JSON object still gives a sentence', () => {
  expect(toApiError(502, '<html>').detail).toContain('502')
})

test('a network error says what to check', () => {
  expect(asApiError(new TypeError('fetch failed')).detail).toContain('secateur up')
})
