import { Badge, Group, Radio, SegmentedControl, SimpleGrid, Text } from '@mantine/core'
import { useState } from 'react'
import type { Preset } from '@/lib/api/types'
import classes from './PresetCards.module.css'
import type { Draft } from './useDraft'

/** One card for each preset of a family, with its citation. */
export function PresetCards({ presets, draft }: { presets: Preset[]; draft: Draft }) {
  const families = [...new Set(presets.map(({ family }) => family ?? ''))]
  const [picked, pickFamily] = useState<string | null>(null)
  const family = picked ?? presets.find(({ name }) => name === draft.preset)?.family ?? families[0] ?? ''
  const offered = presets.filter((preset) => (preset.family ?? '') === family)
  const choose = (name: string) => {
    const preset = presets.find((candidate) => candidate.name === name)
    if (preset) draft.choosePreset(preset)
  }
  return (
    <>
      {families.length > 1 && (
        <SegmentedControl
          data={families}
          value={family}
          onChange={pickFamily}
          aria-label="Family of methods"
          mb="md"
          withItemsBorders={false}
          classNames={{ root: classes.families, label: classes.family }}
        />
      )}
      <Radio.Group value={draft.preset} onChange={choose} aria-label="Preset">
        <SimpleGrid cols={{ base: 1, sm: 2, lg: 4 }}>
          {offered.map((preset) => (
            <PresetCard key={preset.name} preset={preset} isEdited={draft.isEdited && draft.preset === preset.name} />
          ))}
        </SimpleGrid>
      </Radio.Group>
      {draft.kept.length > 0 && (
        <Text size="sm" c="dimmed" mt="md" data-testid="kept-settings">
          Kept of your settings: {draft.kept.join(', ')}.
        </Text>
      )}
    </>
  )
}

function PresetCard({ preset, isEdited }: { preset: Preset; isEdited: boolean }) {
  return (
    <Radio.Card value={preset.name} p="md" radius="md" className={classes.card} aria-label={preset.title} data-testid={`preset-${preset.name}`}>
      <Group justify="space-between" wrap="nowrap" align="flex-start" mb={6}>
        <Group gap="xs" wrap="nowrap">
          <Radio.Indicator size="xs" />
          <Text fw={600} size="sm">
            {preset.title}
          </Text>
        </Group>
        <Group gap={4} wrap="nowrap">
          {preset.is_baseline && <Badge variant="default" tt="none">baseline</Badge>}
          {isEdited && <Badge color="yellow" variant="light" tt="none">edited</Badge>}
        </Group>
      </Group>
      <Text size="sm">{preset.summary}</Text>
      <Text size="xs" c="dimmed" mt={8}>
        {preset.citation}
      </Text>
    </Radio.Card>
  )
}
