import { Stack } from '@mantine/core'
import { isObject, type JsonObject, type JsonValue } from '@/lib/json'
import { isHidden, type Field } from '@/lib/schemaForm/field'
import { ChoiceInput, NamesField, NumberField, SwitchField, TextField } from './inputs'
import { Fieldset } from './Fieldset'
import { OptionalInput } from './OptionalInput'
import { UnionInput } from './UnionInput'

export type Path = readonly string[]
export interface FormState {
  /** Error sentences by dotted path. */
  problems: ReadonlyMap<string, string>
  change: (path: Path, value: JsonValue) => void
}
export interface InputProps<Kind extends Field['shape']['kind'] = Field['shape']['kind']> {
  field: Field
  shape: Extract<Field['shape'], { kind: Kind }>
  path: Path
  value: JsonValue | undefined
  form: FormState
}

/** The inputs for a list of fields. */
export function FieldInputs(props: { fields: Field[]; path: Path; value: JsonObject; form: FormState }) {
  return (
    <Stack gap="md">
      {props.fields
        .filter((field) => !isHidden(field))
        .map((field) => (
          <FieldInput
            key={field.name}
            field={field}
            path={[...props.path, field.name]}
            value={props.value[field.name]}
            form={props.form}
          />
        ))}
    </Stack>
  )
}

/** The input that fits a field's shape. */
export function FieldInput({ field, ...rest }: Omit<InputProps, 'shape'>) {
  const { shape } = field
  switch (shape.kind) {
    case 'hidden':
      return null
    case 'group':
      return (
        <Fieldset field={field} path={rest.path}>
          <FieldInputs {...rest} fields={shape.fields} value={isObject(rest.value) ? rest.value : {}} />
        </Fieldset>
      )
    case 'union':
      return <UnionInput field={field} shape={shape} {...rest} />
    case 'optional':
      return <OptionalInput field={field} shape={shape} {...rest} />
    case 'choice':
      return <ChoiceInput field={field} shape={shape} {...rest} />
    case 'number':
      return <NumberField field={field} shape={shape} {...rest} />
    case 'names':
      return <NamesField field={field} shape={shape} {...rest} />
    case 'switch':
      return <SwitchField field={field} shape={shape} {...rest} />
    case 'text':
      return <TextField field={field} shape={shape} {...rest} />
  }
}
