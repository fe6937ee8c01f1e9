import { Group, NumberInput, SegmentedControl, Slider, Stack, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { problemAt } from '@/components/schemaForm/problems'
import type { FormState } from '@/components/schemaForm/SchemaForm'
import { formatPercent } from '@/lib/format'
import { isObject, type JsonObject } from '@/lib/json'
import type { Field } from '@/lib/schemaForm/field'

interface Props {
  field: Field
  recipe: JsonObject
  form: FormState
}

const START = 0.5
const STEP = 0.01

/** Where the run stops: which measure, and how far down. Both come from the schema's union. */
export function TargetInput({ field, recipe, form }: Props) {
  if (field.shape.kind !== 'union') return null
  const { tag, variants } = field.shape
  const current = isObject(recipe.target) ? recipe.target : {}
  const chosen = variants.find((variant) => variant.value === current[tag]) ?? variants[0]
  const amount = chosen?.fields[0]
  if (!chosen || !amount) return null
  const value = current[amount.name]
  const share = typeof value === 'number' ? value : null
  const path = [field.name, amount.name]
  const problem = problemAt(form.problems, path) ?? problemAt(form.problems, [field.name])
  const choose = (kind: string) => {
    const variant = variants.find((candidate) => candidate.value === kind)
    const name = variant?.fields[0]?.name
    if (variant && name) form.change([field.name], { ...variant.initial, [name]: START })
  }
  return (
    <Stack gap="sm">
      <SegmentedControl
        aria-label="Measure"
        data={variants.map(({ value, label }) => ({ value, label }))}
        value={chosen.value}
        onChange={choose}
        style={{ alignSelf: 'flex-start' }}
      />
      <Text size="sm" c="dimmed">
        {amount.help}
      </Text>
      <Amount share={share} label={amount.help} problem={problem} onChange={(next) => form.change(path, next)} />
    </Stack>
  )
}

interface AmountProps {
  share: number | null
  label: string
  problem: ReactNode
  onChange: (share: number | null) => void
}

function Amount({ share, label, problem, onChange }: AmountProps) {
  return (
    <Group align="flex-start" gap="lg">
      <Slider
        flex={1}
        miw={180}
        mt={12}
        min={STEP}
        max={1 - STEP}
        step={STEP}
        value={share ?? START}
        onChange={onChange}
        label={(value) => formatPercent(value, 0)}
        thumbLabel={label}
      />
      <NumberInput
        w={140}
        aria-label={label}
        value={share === null ? '' : toPercent(share)}
        onChange={(percent) => onChange(typeof percent === 'number' ? fromPercent(percent) : null)}
        suffix="%"
        decimalScale={2}
        clampBehavior="none"
        error={problem !== null}
        data-testid="target-amount"
      />
      {problem && (
        <Text size="sm" c="red" w="100%" role="alert" data-testid="target-problem">
          {problem}
        </Text>
      )}
    </Group>
  )
}

const DECIMALS = 6
const toPercent = (share: number) => Number((share * 100).toFixed(DECIMALS))
const fromPercent = (percent: number) => Number((percent / 100).toFixed(DECIMALS))
