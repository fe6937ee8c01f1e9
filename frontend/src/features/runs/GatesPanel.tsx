import { Select } from '@mantine/core'
import { useState } from 'react'
import { Figure } from '@/components/figure/Figure'
import { Panel } from '@/components/Panel'
import { Query } from '@/components/Query'
import type { Run } from '@/lib/api/types'
import { useRunFigure } from '@/lib/queries/useRunFigure'
import { layersOf } from './told'

const HEIGHT = 340
const ALL = ''

/** How likely gates are open while a regularizer trains them; absent where there are none. */
export function GatesPanel({ run }: { run: Run }) {
  const [layer, setLayer] = useState(ALL)
  const everything = useRunFigure(run.id, 'gates')
  const figure = useRunFigure(run.id, 'gates', layer === ALL ? {} : { layer })
  if (!everything.data?.data.length) return null
  const names = layersOf(everything.data)
  const select = (
    <Select
      size="xs"
      w={180}
      aria-label="Gates of"
      data={[{ value: ALL, label: 'All layers' }, ...names.map((value) => ({ value, label: value }))]}
      value={layer}
      onChange={(value) => setLayer(value ?? ALL)}
      allowDeselect={false}
      searchable={names.length > 12}
    />
  )
  return (
    <Panel
      title="Gates over time"
      help="How likely the gates of a layer are open while the regularizer trains: the median, the middle half as a band, and dashed the share that would be open without noise. Noise on weights or channels counts as the dropout that is as noisy."
      actions={names.length > 1 && select}
      testId="gates"
    >
      <Query query={figure} height={HEIGHT}>
        {(drawn) => <Figure figure={drawn} name="gates" label="Probability that gates are open, by step" height={HEIGHT} />}
      </Query>
    </Panel>
  )
}
