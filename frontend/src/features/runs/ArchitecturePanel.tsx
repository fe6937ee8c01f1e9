import { Group, Slider, Text } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useState } from 'react'
import { Figure } from '@/components/figure/Figure'
import { Panel } from '@/components/Panel'
import { Query } from '@/components/Query'
import type { Run } from '@/lib/api/types'
import { formatCount } from '@/lib/format'
import { useRunFigure } from '@/lib/queries/useRunFigure'

const SETTLE_MS = 80
const HEIGHT = 340

/** The network at any step of the run, in front of the dense outline; at the right end it follows the run. */
export function ArchitecturePanel({ run }: { run: Run }) {
  const [chosen, setChosen] = useState<number | null>(null)
  const step = Math.min(chosen ?? run.step, run.step)
  const [wanted] = useDebouncedValue(chosen === null ? null : step, SETTLE_MS)
  const figure = useRunFigure(run.id, 'architecture', wanted === null ? {} : { step: wanted })
  return (
    <Panel
      title="Thick and thin"
      help="Height is a layer's width, depth its share of the dense MACs; the outline is the dense network."
    >
      <Query
        query={figure}
        height={HEIGHT}
        isEmpty={(data) => data.data.length === 0}
        empty={<Text c="dimmed" size="sm">There is nothing to draw yet.</Text>}
      >
        {(data) => <Figure figure={data} name="architecture" label={`Architecture at step ${step}`} height={HEIGHT} />}
      </Query>
      <Group mt="md" gap="md" wrap="nowrap">
        <Slider
          flex={1}
          min={0}
          max={Math.max(run.step, 1)}
          value={step}
          onChange={(next) => setChosen(next >= run.step ? null : next)}
          thumbLabel="Step"
          label={null}
          disabled={run.step === 0}
          data-testid="step-slider"
        />
        <Text size="sm" className="numbers" miw={110} ta="right" data-testid="shown-step">
          Step {formatCount(step)} of {formatCount(run.step)}
        </Text>
      </Group>
    </Panel>
  )
}
