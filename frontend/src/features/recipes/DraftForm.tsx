import { useDebouncedValue } from '@mantine/hooks'
import { useMemo } from 'react'
import { indexProblems } from '@/components/schemaForm/problems'
import type { FormState } from '@/components/schemaForm/SchemaForm'
import { Panel } from '@/components/Panel'
import type { Preset } from '@/lib/api/types'
import { useRecipeCheck } from '@/lib/queries/useRecipeCheck'
import type { Field } from '@/lib/schemaForm/field'
import { Inputs } from './Inputs'
import { LaunchPanel } from './LaunchPanel'
import { PresetCards } from './PresetCards'
import { RecipeEditor } from './RecipeEditor'
import { TargetInput } from './TargetInput'
import { useDraft, type Start } from './useDraft'
import { WidthsInput } from './WidthsInput'

interface Props {
  presets: Preset[]
  root: Field
  start: Start
}

const CHECK_DELAY_MS = 350

/** Everything that makes a run, from top to bottom. */
export function DraftForm({ presets, root, start }: Props) {
  const draft = useDraft(presets, start)
  const [recipe] = useDebouncedValue(draft.recipe, CHECK_DELAY_MS)
  const check = useRecipeCheck(recipe, draft.model, draft.dataset)
  const problems = useMemo(() => check.data?.problems ?? [], [check.data])
  const form: FormState = { problems: useMemo(() => indexProblems(problems), [problems]), change: draft.change }
  const fields = root.shape.kind === 'group' ? root.shape.fields : []
  const target = fields.find((field) => field.name === 'target')
  return (
    <>
      <Panel title="Model and data">
        <Inputs draft={draft} />
      </Panel>
      <Panel title="Method" help="Every preset can be edited below. To compare methods, give them the same retraining.">
        <PresetCards presets={presets} draft={draft} />
      </Panel>
      {target && (
        <Panel title="Target" help={target.help}>
          <TargetInput field={target} recipe={draft.recipe} form={form} />
        </Panel>
      )}
      <Panel title="Widths">
        <WidthsInput draft={draft} form={form} />
      </Panel>
      <RecipeEditor fields={fields.filter((field) => field !== target)} draft={draft} form={form} />
      <LaunchPanel draft={draft} check={check} isSettled={recipe === draft.recipe} />
    </>
  )
}
