import { Accordion, Card, SegmentedControl, Stack } from '@mantine/core'
import { useState } from 'react'
import { FieldInputs, type FormState } from '@/components/schemaForm/SchemaForm'
import type { Field } from '@/lib/schemaForm/field'
import { RecipeColumns } from './RecipeColumns'
import { RecipeJson } from './RecipeJson'
import type { Draft } from './useDraft'

interface Props {
  fields: Field[]
  draft: Draft
  form: FormState
}

/** Every setting of the recipe, folded away until it is wanted: as a form, or as JSON. */
export function RecipeEditor({ fields, draft, form }: Props) {
  const [view, setView] = useState('form')
  const show = (next: string) => {
    setView(next)
    draft.setReadable(true) // text that cannot be read is gone with its view
  }
  const groups = fields.filter((field) => field.shape.kind === 'group')
  const singles = fields.filter((field) => field.shape.kind !== 'group')
  return (
    <Card p={0}>
      <Accordion chevronPosition="left">
        <Accordion.Item value="recipe" style={{ border: 0 }}>
          <Accordion.Control data-testid="edit-recipe">All settings</Accordion.Control>
          <Accordion.Panel>
            <Stack gap="lg">
              <SegmentedControl
                aria-label="View of the recipe"
                data={[
                  { value: 'form', label: 'Form' },
                  { value: 'json', label: 'JSON' },
                ]}
                value={view}
                onChange={show}
                style={{ alignSelf: 'flex-start' }}
              />
              {view === 'json' ? (
                <RecipeJson recipe={draft.recipe} onChange={draft.replace} onUnreadable={() => draft.setReadable(false)} />
              ) : (
                <RecipeColumns groups={groups} recipe={draft.recipe} form={form}>
                  <FieldInputs fields={singles} path={[]} value={draft.recipe} form={form} />
                </RecipeColumns>
              )}
            </Stack>
          </Accordion.Panel>
        </Accordion.Item>
      </Accordion>
    </Card>
  )
}
