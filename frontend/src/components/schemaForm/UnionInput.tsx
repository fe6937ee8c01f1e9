import { Box, Select } from '@mantine/core'
import { isObject } from '@/lib/json'
import { helpOf } from './help'
import { problemAt } from './problems'
import { FieldInputs, type InputProps } from './SchemaForm'

/** A discriminated union: a select, and below it the fields of the chosen member. */
export function UnionInput({ field, shape, path, value, form }: InputProps<'union'>) {
  const current = isObject(value) ? value : {}
  const chosen = shape.variants.find((variant) => variant.value === current[shape.tag])
  const problem = problemAt(form.problems, path) ?? problemAt(form.problems, [...path, shape.tag])
  return (
    <div>
      <Select
        label={field.label}
        description={helpOf(field.help, chosen?.help)}
        error={problem}
        data={shape.variants.map((variant) => ({ value: variant.value, label: variant.label }))}
        value={chosen?.value ?? null}
        onChange={(next) => {
          const variant = shape.variants.find((candidate) => candidate.value === next)
          if (variant) form.change(path, variant.initial)
        }}
        allowDeselect={false}
        data-testid={`field-${path.join('.')}`}
      />
      {chosen && chosen.fields.length > 0 && (
        <Box mt="sm" pl="md" style={{ borderLeft: '2px solid var(--mantine-color-default-border)' }}>
          <FieldInputs fields={chosen.fields} path={path} value={current} form={form} />
        </Box>
      )}
    </div>
  )
}
