import { Anchor, Group, Input, MultiSelect, SegmentedControl, Stack, Text } from '@mantine/core'
import { problemAt } from '@/components/schemaForm/problems'
import type { FormState } from '@/components/schemaForm/SchemaForm'
import { useModel } from '@/lib/queries/useModel'
import { paths } from '@/lib/paths'
import { Link } from 'react-router'
import { alignmentOf, pinsOf } from './alignment'
import type { Draft } from './useDraft'

const ALIGNMENTS = [
  { value: '1', label: 'Off' },
  { value: '8', label: 'To 8' },
  { value: '16', label: 'To 16' },
]
const MOST_OFFERED = 50

/** At which widths layers may end, and which of them stay whole. */
export function WidthsInput({ draft, form }: { draft: Draft; form: FormState }) {
  const path = ['prune', 'width_multiple']
  return (
    <Stack gap="lg">
      <Stack gap={6}>
        <Input.Label component="div">Align widths for speed</Input.Label>
        <SegmentedControl
          aria-label="Align widths for speed"
          data={ALIGNMENTS}
          value={String(alignmentOf(draft.recipe))}
          onChange={(value) => form.change(path, Number(value))}
          style={{ alignSelf: 'flex-start' }}
          data-testid="alignment"
        />
        <Text size="sm" c="dimmed" maw={640}>
          Layers that give anything end at a multiple of 8 or 16 channels, where networks run fastest; odd widths can be
          slower than the dense network. Off is what the papers do: finer steps, for accuracy at a given size.
        </Text>
        {problemAt(form.problems, path)}
      </Stack>
      {draft.model && <PinsInput model={draft.model} draft={draft} form={form} />}
    </Stack>
  )
}

function PinsInput({ model, draft, form }: { model: string; draft: Draft; form: FormState }) {
  const report = useModel(model).data?.report
  const pins = pinsOf(draft.recipe)
  const free = report?.layers.filter((verdict) => verdict.status !== 'locked').map((verdict) => verdict.layer) ?? []
  return (
    <MultiSelect
      label="Layers kept whole"
      description={
        <Group gap={4} component="span">
          Layers whose channels go together stay whole together.
          <Anchor component={Link} to={`${paths.model(model)}?${new URLSearchParams(pins.map((pin) => ['pin', pin])).toString()}`} inherit>
            Choose in the table of layers
          </Anchor>
        </Group>
      }
      error={problemAt(form.problems, ['prune', 'pins'])}
      data={[...new Set([...free, ...pins])]}
      value={pins}
      onChange={(next) => form.change(['prune', 'pins'], next)}
      placeholder={pins.length === 0 ? 'None: every layer may give' : ''}
      limit={MOST_OFFERED}
      searchable
      clearable
      hidePickedOptions
      nothingFoundMessage="No such layer"
      maw={640}
      data-testid="pins"
    />
  )
}
