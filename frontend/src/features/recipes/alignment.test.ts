import { expect, test } from 'vitest'
import { alignForTarget, alignmentOf, forAnotherNetwork, pinsOf, withPins } from './alignment'

const recipe = { target: { kind: 'macs', density: 0.25 }, prune: { points: 4, pins: [], width_multiple: 1 } }

test('a target in MACs aligns the widths, any other leaves them free', () => {
  expect(alignmentOf(recipe)).toBe(1)
  expect(alignmentOf(alignForTarget(recipe))).toBe(8)
  expect(alignmentOf(alignForTarget({ ...alignForTarget(recipe), target: { kind: 'sparsity', sparsity: 0.5 } }))).toBe(1)
})

test('single weights leave widths as they are, whatever the target', () => {
  const weights = { ...recipe, prune: { ...recipe.prune, granularity: { kind: 'unstructured' } } }
  expect(alignmentOf(alignForTarget(weights))).toBe(1)
})

test('pins are put into the recipe and nothing else changes', () => {
  const pinned = withPins(recipe, ['conv1'])
  expect(pinsOf(pinned)).toEqual(['conv1'])
  expect(pinned).toEqual({ ...recipe, prune: { ...recipe.prune, pins: ['conv1'] } })
  expect(pinsOf({})).toEqual([])
})

test('for another network pins and times of layers are left out, and nothing else changes', () => {
  const timed = { ...withPins(recipe, ['conv1']), latency: { layers: ['conv1=0.1'], behind: ['conv1=0.2'], batch_size: 8 } }
  expect(forAnotherNetwork(timed)).toEqual({ ...recipe, latency: { layers: [], behind: [], batch_size: 8 } })
  expect(forAnotherNetwork(recipe)).toBe(recipe)
})
