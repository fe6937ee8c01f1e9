import { NumberInput, Select, Switch, TagsInput, TextInput } from '@mantine/core'
import { toLabel } from '@/lib/schemaForm/field'
import { helpOf } from './help'
import { problemAt } from './problems'
import type { InputProps } from './SchemaForm'

/** Bounds guide the arrow keys only; the server judges, so that there is one place that knows the rules. */
export function NumberField({ field, shape, path, value, form }: InputProps<'number'>) {
  return (
    <NumberInput
      label={field.label}
      description={helpOf(field.help)}
      error={problemAt(form.problems, path)}
      value={typeof value === 'number' ? value : ''}
      onChange={(next) => form.change(path, typeof next === 'number' ? next : null)}
      allowDecimal={!shape.isInteger}
      clampBehavior="none"
      step={shape.isInteger ? 1 : 0.01}
      hideControls={!shape.isInteger}
      data-testid={`field-${path.join('.')}`}
    />
  )
}

export function ChoiceInput({ field, shape, path, value, form }: InputProps<'choice'>) {
  return (
    <Select
      label={field.label}
      description={helpOf(field.help)}
      error={problemAt(form.problems, path)}
      data={shape.options.map((option) => ({ value: String(option), label: toLabel(String(option)) }))}
      value={typeof value === 'string' || typeof value === 'number' ? String(value) : null}
      onChange={(next) => form.change(path, shape.options.find((option) => String(option) === next) ?? null)}
      allowDeselect={false}
      data-testid={`field-${path.join('.')}`}
    />
  )
}

export function TextField({ field, path, value, form }: InputProps<'text'>) {
  return (
    <TextInput
      label={field.label}
      description={helpOf(field.help)}
      error={problemAt(form.problems, path)}
      value={typeof value === 'string' ? value : ''}
      onChange={(event) => form.change(path, event.currentTarget.value)}
      data-testid={`field-${path.join('.')}`}
    />
  )
}

export function SwitchField({ field, path, value, form }: InputProps<'switch'>) {
  return (
    <Switch
      label={field.label}
      description={helpOf(field.help)}
      error={problemAt(form.problems, path)}
      checked={value === true}
      onChange={(event) => form.change(path, event.currentTarget.checked)}
      data-testid={`field-${path.join('.')}`}
    />
  )
}

/** Any number of names, each typed and confirmed with the enter key. */
export function NamesField({ field, path, value, form }: InputProps<'names'>) {
  return (
    <TagsInput
      label={field.label}
      description={helpOf(field.help)}
      error={problemAt(form.problems, path)}
      value={Array.isArray(value) ? value.filter((name) => typeof name === 'string') : []}
      onChange={(next) => form.change(path, next)}
      data-testid={`field-${path.join('.')}`}
    />
  )
}
