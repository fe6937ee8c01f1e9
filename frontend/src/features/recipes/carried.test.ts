import { expect, test } from 'vitest'
import type { JsonObject } from '@/lib/json'
import { carried } from './carried'

const sgd = (learning_rate: number) => ({ kind: 'sgd', learning_rate })
const recipe = (method: string, changes: JsonObject = {}): JsonObject => ({
  target: { kind: 'macs', density: 0.5 },
  data: { batch_size: 128, seed: 0 },
  prune: { criterion: method, pins: [], width_multiple: 1, points: 4 },
  retrain: { epochs: 5, optimizer: sgd(0.1), learning_rate_decay: 'cosine', start: method },
  seed: 0,
  ...changes,
})
const FISHER = recipe('fisher')
const MAGNITUDE = recipe('magnitude', { data: { batch_size: 100, seed: 0 } })

test('what was changed of the old preset comes along, and what was not is the new one\'s', () => {
  const edited = recipe('fisher', {
    data: { batch_size: 64, seed: 0 },
    retrain: { epochs: 7, optimizer: sgd(0.1), learning_rate_decay: 'cosine', start: 'fisher' },
    seed: 3,
  })
  const { recipe: next, kept } = carried(MAGNITUDE, FISHER, edited)
  expect(kept).toEqual(['seed', 'retrain.epochs', 'data.batch_size'])
  expect(next).toMatchObject({ seed: 3, data: { batch_size: 64 }, retrain: { epochs: 7, start: 'magnitude' } })
  expect(carried(MAGNITUDE, FISHER, FISHER)).toEqual({ recipe: MAGNITUDE, kept: [] })
})

test('a recipe that is no preset brings along all that methods share', () => {
  const { recipe: next, kept } = carried(MAGNITUDE, undefined, recipe('own', { seed: 4 }))
  expect(kept).toEqual(['seed', 'data.batch_size'])
  expect(next).toMatchObject({ seed: 4, data: { batch_size: 128 }, prune: { criterion: 'magnitude' } })
})

test('rewound learning rates and retraining that there is none of belong to the method', () => {
  const edited = recipe('fisher', { retrain: { epochs: 7, optimizer: sgd(0.5), learning_rate_decay: 'none', start: 'fisher' } })
  const rewound = recipe('late', { retrain: { epochs: 2, optimizer: sgd(0.1), learning_rate_decay: 'rewind', start: 'late' } })
  expect(carried(rewound, FISHER, edited).kept).toEqual(['retrain.epochs'])
  expect(carried(FISHER, undefined, rewound).kept).toEqual(['retrain.epochs'])
  const without = recipe('once', { retrain: { epochs: 0, optimizer: sgd(0.1), learning_rate_decay: 'cosine', start: 'once' } })
  expect(carried(without, FISHER, edited).kept).toEqual([])
})
