import { expect, test } from 'vitest'
import { isHidden, readSchema, toLabel, type Field } from './field'

const SCHEMA = {
  type: 'object',
  $defs: {
    Fisher: { type: 'object', description: 'By loss.\n\nLong text.', properties: { kind: { const: 'fisher' } } },
    Magnitude: {
      type: 'object',
      properties: { kind: { const: 'magnitude' }, norm: { enum: [1, 2], default: 2, type: 'integer' } },
    },
    Distillation: { type: 'object', properties: { weight: { type: 'number', minimum: 0, maximum: 1, default: 0.9 } } },
    OnlyTag: { type: 'object', properties: { kind: { const: 'channel', default: 'channel' } } },
  },
  properties: {
    schema_version: { const: 1, default: 1 },
    criterion: {
      description: 'How a channel is scored.',
      discriminator: { propertyName: 'kind' },
      oneOf: [{ $ref: '#/$defs/Fisher' }, { $ref: '#/$defs/Magnitude' }],
    },
    granularity: { $ref: '#/$defs/OnlyTag', description: 'What goes.' },
    distill: { anyOf: [{ $ref: '#/$defs/Distillation' }, { type: 'null' }], default: null },
    minimum_width: { type: 'integer', exclusiveMinimum: 0, default: 2 },
  },
}

function child(name: string): Field {
  const root = readSchema(SCHEMA)
  const found = root.shape.kind === 'group' ? root.shape.fields.find((field) => field.name === name) : undefined
  if (!found) throw new Error(`no field ${name}`)
  return found
}

test('a discriminated union becomes variants with their own fields and help', () => {
  const { shape, help } = child('criterion')
  if (shape.kind !== 'union') throw new Error(shape.kind)
  expect(help).toBe('How a channel is scored.')
  expect(shape.variants.map((variant) => [variant.value, variant.help, variant.fields.length])).toEqual([
    ['fisher', 'By loss.', 0],
    ['magnitude', '', 1],
  ])
  expect(shape.variants[1]?.initial).toEqual({ kind: 'magnitude', norm: 2 })
})

test('a place with nothing to choose is hidden', () => {
  expect(isHidden(child('schema_version'))).toBe(true)
  expect(isHidden(child('granularity'))).toBe(true)
  expect(child('granularity').initial).toEqual({ kind: 'channel' })
})

test('an optional part starts empty and knows what it would start with', () => {
  const { shape, initial } = child('distill')
  expect(initial).toBeNull()
  expect(shape.kind === 'optional' && shape.inner.initial).toEqual({ weight: 0.9 })
})

test('bounds are read whether they are exclusive or not', () => {
  expect(child('minimum_width').shape).toEqual({ kind: 'number', isInteger: true, minimum: 0, maximum: null })
})

test('names become labels', () => {
  expect(toLabel('learning_rate_decay')).toBe('Learning rate decay')
  expect(toLabel('removal_macs')).toBe('Removal MACs')
  expect(toLabel('sgd')).toBe('SGD')
  expect(toLabel('lamp')).toBe('LAMP')
})
