import { expect, test } from 'vitest'
import { countRows, layersOf } from './told'

test('a figure has as many rows as its vertical axis names', () => {
  expect(countRows({ data: [], layout: { yaxis: { ticktext: ['conv1', 'fc1'] } } })).toBe(2)
  expect(countRows({ data: [], layout: {} })).toBe(0)
})

test('layers are named once, however many lines they have', () => {
  const data = [{ meta: 'conv1' }, { meta: 'conv1' }, { name: 'a band' }, { meta: 'fc1' }]
  expect(layersOf({ data, layout: {} })).toEqual(['conv1', 'fc1'])
})
