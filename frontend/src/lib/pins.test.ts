import { expect, test } from 'vitest'
import type { LayerVerdict } from '@/lib/api/types'
import { pinsOn, togglePin } from './pins'

function verdict(layer: string, coupled_with: string[] = []): LayerVerdict {
  return {
    layer,
    status: coupled_with.length ? 'coupled' : 'prunable',
    groups: [layer],
    unit: 'channel',
    units: 8,
    removable_channels: 6,
    removable_macs: 0.1,
    coupled_with,
    lock: null,
    inexact: [],
  }
}

test('a pin on one layer holds all that go together with it', () => {
  const pins = togglePin(verdict('conv1', ['conv2']), [])
  expect(pins).toEqual(['conv1'])
  expect(pinsOn(verdict('conv2', ['conv1']), pins)).toEqual(['conv1'])
  expect(pinsOn(verdict('fc'), pins)).toEqual([])
})

test('unpinning takes away every pin that holds the layer, and no other', () => {
  const pins = ['conv1', 'fc', 'conv2']
  expect(togglePin(verdict('conv2', ['conv1']), pins)).toEqual(['fc'])
})
