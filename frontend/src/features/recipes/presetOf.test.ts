import { expect, test } from 'vitest'
import type { Preset } from '@/lib/api/types'
import type { JsonObject } from '@/lib/json'
import { presetOf } from './presetOf'

function recipe(kind: string, more: JsonObject = {}): JsonObject {
  return { prune: { criterion: { kind }, pins: [], width_multiple: 8 }, target: { kind: 'macs', density: 0.5 }, seed: 0, ...more }
}

const PRESETS = ['fisher', 'random'].map((name) => ({ name, recipe: recipe(name) }) as unknown as Preset)

test('a recipe is its preset whatever the target, the seed, the pins, the alignment and the order of its fields', () => {
  const chosen = {
    seed: 3,
    target: { density: 0.1, kind: 'parameters' },
    prune: { width_multiple: 1, pins: ['conv1'], criterion: { kind: 'random' } },
  }
  expect(presetOf(PRESETS, chosen)).toBe('random')
})

test('a recipe whose method was changed is none of them', () => {
  expect(presetOf(PRESETS, recipe('magnitude'))).toBeNull()
  expect(presetOf(PRESETS, recipe('fisher', { retrain: { epochs: 3 } }))).toBeNull()
})
