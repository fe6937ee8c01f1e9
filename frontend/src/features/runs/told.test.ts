import { expect, test } from 'vitest'
import { countRows, layersOf, tellLoss } from './told'

test('a figure has as many rows as its vertical axis names', () => {
  expect(countRows({ data: [], layout: { yaxis: { ticktext: ['conv1', 'fc1'] } } })).toBe(2)
  expect(countRows({ data: [], layout: {} })).toBe(0)
})

test('layers are named once, however many lines they have', () => {
  const data = [{ meta: 'conv1' }, { meta: 'conv1' }, { name: 'a band' }, { meta: 'fc1' }]
  expect(layersOf({ data, layout: {} })).toEqual(['conv1', 'fc1'])
})

test.each([
  ['sample', null, 'On the training batches.'],
  ['prune', {}, 'On the training batches; retraining stands on tinted ground.'],
  ['prune', { distill: { weight: 0.996, during: 'both' } }, 'While gates or penalties learn and while retraining, the distance from the dense network\'s answers, right or wrong, weighs 99.6% in the loss.'],
] as const)('a run of kind %s with recipe %o tells what its loss is of', (kind, recipe, words) => {
  expect(tellLoss({ kind, recipe } as Parameters<typeof tellLoss>[0])).toContain(words)
})
