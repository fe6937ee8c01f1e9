import { SegmentedControl, Text } from '@mantine/core'
import { useSearchParams } from 'react-router'
import { Figure } from '@/components/figure/Figure'
import { Panel } from '@/components/Panel'
import { Query, Waiting } from '@/components/Query'
import type { SizeAxis } from '@/lib/api/types'
import { usePoints } from '@/lib/queries/usePoints'
import { useRunFigure } from '@/lib/queries/useRunFigure'
import { SelectedPoint } from './SelectedPoint'
import { useSelectedPoint } from './useSelectedPoint'

const AXES: SizeAxis[] = ['sparsity', 'macs', 'parameters', 'compression']

const HEIGHT = 380

/** Accuracy against size, growing as operating points arrive; a click on a point selects it. */
export function AccuracyPanel({ id, units }: { id: string; units: 'Channels' | 'Weights' }) {
  const [search, setSearch] = useSearchParams()
  const [point, selectPoint] = useSelectedPoint()
  const x = AXES.find((axis) => axis === search.get('x')) ?? 'sparsity'
  const figure = useRunFigure(id, 'accuracy', { x })
  const choose = (next: string) => {
    setSearch((before) => new URLSearchParams([...[...before].filter(([key]) => key !== 'x'), ['x', next]]), {
      replace: true,
      preventScrollReset: true,
    })
  }
  const labels = { sparsity: units, macs: 'MACs', parameters: 'Parameters', compression: 'Compression' }
  const data = AXES.map((value) => ({ value, label: labels[value] }))
  const axes = <SegmentedControl size="xs" aria-label="Size measured in" data={data} value={x} onChange={choose} />
  return (
    <Panel
      title="Accuracy against size"
      help="Validation accuracy before pruning, straight after it, and after retraining. Click a point to get its files."
      actions={axes}
    >
      <Query
        query={figure}
        height={HEIGHT}
        isEmpty={(data) => data.data.length === 0}
        empty={<NoPoint id={id} />}
      >
        {(data) => (
          <Figure
            figure={data}
            name="accuracy"
            label="Accuracy against size of the network"
            height={HEIGHT}
            onSelect={(index) => typeof index === 'number' && selectPoint(index)}
          />
        )}
      </Query>
      {point !== null && <SelectedPoint id={id} index={point} onClose={() => selectPoint(null)} />}
    </Panel>
  )
}

/** No point yet; or there is one, and the picture of it is on its way. */
function NoPoint({ id }: { id: string }) {
  const points = usePoints(id)
  if (points.data?.length) return <Waiting height={HEIGHT} />
  return (
    <Text c="dimmed" size="sm">
      The first operating point has not been reached yet.
    </Text>
  )
}
