import { Box, Switch } from '@mantine/core'
import { isObject } from '@/lib/json'
import { helpOf } from './help'
import { problemAt } from './problems'
import { FieldInput, FieldInputs, type InputProps } from './SchemaForm'

/** A part that may be left out: a switch for a group, an input that may stay empty for anything else. */
export function OptionalInput({ field, shape, path, value, form }: InputProps<'optional'>) {
  const inner = { ...shape.inner, name: field.name, label: field.label, help: field.help }
  if (inner.shape.kind !== 'group') return <FieldInput field={inner} path={path} value={value} form={form} />
  const isOn = isObject(value)
  return (
    <div>
      <Switch
        label={field.label}
        description={helpOf(field.help)}
        error={problemAt(form.problems, path)}
        checked={isOn}
        onChange={(event) => form.change(path, event.currentTarget.checked ? shape.inner.initial : null)}
        data-testid={`field-${path.join('.')}`}
      />
      {isOn && (
        <Box mt="sm" pl="md" style={{ borderLeft: '2px solid var(--mantine-color-default-border)' }}>
          <FieldInputs fields={inner.shape.fields} path={path} value={value} form={form} />
        </Box>
      )}
    </div>
  )
}
