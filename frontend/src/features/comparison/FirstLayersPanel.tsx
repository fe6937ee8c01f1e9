import { SimpleGrid, Stack, Text } from '@mantine/core'
import { useMemo } from 'react'
import { FirstLayer } from '@/components/FirstLayer'
import { Panel } from '@/components/Panel'
import type { Series } from '@/lib/api/types'
import { useFirstLayersOf } from '@/lib/queries/useFirstLayers'
import { shareScale } from './sharedScale'

const MOST = 12

interface Shown {
  label: string
  run: string
  seed: number
  index: number
}

/** What each method leaves of the first layer, beside each other: its first run at the last point it has reached. */
export function FirstLayersPanel({ series }: { series: Series[] }) {
  const all = series.flatMap(pickRun)
  const shown = all.slice(0, MOST)
  const pictures = useFirstLayersOf(shown)
  const entries = useMemo(() => shareScale(pictures.map((found) => found?.[0])), [pictures])
  if (!entries.some(Boolean)) return null
  return (
    <Panel title="First layer" help="What each method left of the layer that reads the input." testId="first-layers">
      <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }} spacing="lg" verticalSpacing="lg">
        {shown.map(({ label, run, seed }, place) => {
          const entry = entries[place]
          return (
            entry && (
              <Stack key={run} gap="xs" miw={0}>
                <Text size="sm" fw={500}>{label}, seed {seed}</Text>
                <FirstLayer entry={entry} name={`first-layer-${place}`} />
              </Stack>
            )
          )
        })}
      </SimpleGrid>
      {all.length > MOST && (
        <Text size="sm" c="dimmed" mt="md">
          The first {MOST} of {all.length} methods; compare fewer to see the others.
        </Text>
      )}
    </Panel>
  )
}

function pickRun({ label, runs }: Series): Shown[] {
  const [run] = runs
  return run && run.last_point !== null ? [{ label, run: run.id, seed: run.seed, index: run.last_point }] : []
}
