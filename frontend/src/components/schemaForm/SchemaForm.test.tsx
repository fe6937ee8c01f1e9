import { MantineProvider } from '@mantine/core'
import { render, screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { useState } from 'react'
import { expect, test } from 'vitest'
import { isObject, replaceAt, type JsonObject, type JsonValue } from '@/lib/json'
import { readSchema } from '@/lib/schemaForm/field'
import { indexProblems, type Problem } from './problems'
import { FieldInputs } from './SchemaForm'

const ROOT = readSchema({
  type: 'object',
  $defs: {
    Free: { type: 'object', description: 'Costs nothing.', properties: { kind: { const: 'none' } } },
    Fixed: {
      type: 'object',
      description: 'Weighs compute.',
      properties: { kind: { const: 'fixed' }, beta: { type: 'number', default: 0.01, description: 'Loss per cost.' } },
    },
    Teacher: { type: 'object', properties: { weight: { type: 'number', default: 0.9 } } },
  },
  properties: {
    cost: { discriminator: { propertyName: 'kind' }, oneOf: [{ $ref: '#/$defs/Free' }, { $ref: '#/$defs/Fixed' }] },
    distill: { anyOf: [{ $ref: '#/$defs/Teacher' }, { type: 'null' }], default: null },
    points: { type: 'integer', default: 4, description: 'Operating points, such as `4`.' },
    scaling: { enum: ['none', 'unit'], default: 'unit' },
    version: { const: 1 },
    embeddings: { type: 'boolean', default: false, description: 'Tables too.' },
  },
})

let current: JsonObject = {}
const keep = (value: JsonObject) => {
  current = value
}

function Form({ problems = [] }: { problems?: Problem[] }) {
  const [value, setValue] = useState<JsonObject>(isObject(ROOT.initial) ? ROOT.initial : {})
  const form = {
    problems: indexProblems(problems),
    change: (path: readonly string[], next: JsonValue) => {
      const changed = replaceAt(value, path, next)
      keep(changed)
      setValue(changed)
    },
  }
  const fields = ROOT.shape.kind === 'group' ? ROOT.shape.fields : []
  return <FieldInputs fields={fields} path={[]} value={value} form={form} />
}

function show(problems?: Problem[]) {
  render(
    <MantineProvider env="test">
      <Form {...(problems ? { problems } : {})} />
    </MantineProvider>,
  )
}

test('choosing a member of a union shows its fields and its help', async () => {
  show()
  expect(screen.queryByLabelText('Beta')).not.toBeInTheDocument()
  await userEvent.click(screen.getByRole('combobox', { name: 'Cost' }))
  await userEvent.click(screen.getByRole('option', { name: 'Fixed' }))
  expect(screen.getByLabelText('Beta')).toHaveValue('0.01')
  expect(screen.getByText('Weighs compute.')).toBeInTheDocument()
  expect(current.cost).toEqual({ kind: 'fixed', beta: 0.01 })
})

test('an optional part is switched on with its defaults and off to null', async () => {
  show()
  await userEvent.click(screen.getByRole('switch', { name: 'Distill' }))
  expect(screen.getByLabelText('Weight')).toHaveValue('0.9')
  expect(current.distill).toEqual({ weight: 0.9 })
  await userEvent.click(screen.getByRole('switch', { name: 'Distill' }))
  expect(current.distill).toBeNull()
})

test('numbers stay numbers, and an emptied field is sent as missing', async () => {
  show()
  const points = screen.getByLabelText('Points')
  await userEvent.clear(points)
  expect(current.points).toBeNull()
  await userEvent.type(points, '12')
  expect(current.points).toBe(12)
})

test('an error of the server stands next to its field', () => {
  show([{ field: 'points', detail: 'Input should be at most `64`.' }])
  expect(screen.getByLabelText('Points')).toHaveAccessibleDescription(/should be at most 64/)
  expect(screen.getByLabelText('Points')).toHaveAttribute('aria-invalid', 'true')
})

test('a yes or no is switched, and stays one', async () => {
  show()
  expect(screen.getByRole('switch', { name: /^Embeddings/ })).not.toBeChecked()
  await userEvent.click(screen.getByRole('switch', { name: /^Embeddings/ }))
  expect(current.embeddings).toBe(true)
})

test('names in the help of a field look like names', () => {
  show()
  expect(screen.getByText('4', { selector: 'code' })).toBeInTheDocument()
  expect(screen.getByLabelText('Points')).toHaveAccessibleDescription('Operating points, such as 4.')
})

test('constants are not drawn', () => {
  show()
  expect(screen.queryByLabelText('Version')).not.toBeInTheDocument()
})
