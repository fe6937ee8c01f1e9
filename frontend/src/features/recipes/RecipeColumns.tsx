import { SimpleGrid, Stack } from '@mantine/core'
import type { ReactNode } from 'react'
import { FieldInput, type FormState } from '@/components/schemaForm/SchemaForm'
import { isHidden, type Field } from '@/lib/schemaForm/field'
import type { JsonObject } from '@/lib/json'

interface Props {
  groups: Field[]
  recipe: JsonObject
  form: FormState
  children: ReactNode
}

/** The recipe's sections side by side: the first, longest one on the left, the others and single settings beside it. */
export function RecipeColumns({ groups, recipe, form, children }: Props) {
  const [first, ...others] = groups.filter((group) => !isHidden(group))
  const section = (field: Field) => (
    <FieldInput key={field.name} field={field} path={[field.name]} value={recipe[field.name]} form={form} />
  )
  return (
    <SimpleGrid cols={{ base: 1, md: 2 }} spacing="xl">
      <div>{first && section(first)}</div>
      <Stack gap="xl">
        {others.map(section)}
        {children}
      </Stack>
    </SimpleGrid>
  )
}
